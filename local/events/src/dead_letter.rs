//! The end of what could not be delivered: a message in the target's dead-letter queue, or loss.

use relay_core::id::Arn;

use crate::{
    Action, Deliverer, DeliveryFailure, DeliveryOutcome, DeliveryPort, TargetCall, classify::Kind,
    delivery::Delivery, permission::Permission, retry,
};

/// Sends of a dead letter, at most.
const SENDS: u32 = 3;

/// Which bound of the retry policy ended the retrying.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exhausted {
    condition: &'static str,
    retries: u32,
}

impl Exhausted {
    pub(crate) fn attempts(retries: u32) -> Self {
        Self { condition: "MaximumRetryAttempts", retries }
    }

    pub(crate) fn age(retries: u32) -> Self {
        Self { condition: "MaximumEventAgeInSeconds", retries }
    }
}

/// A delivery that has failed for good.
pub(crate) struct DeadLetter<'a> {
    pub(crate) delivery: &'a Delivery,
    /// The input of the target: that, not the event, is the body of AWS's dead letters.
    pub(crate) body: String,
    pub(crate) failure: DeliveryFailure,
    /// Absent where AWS does not retry: then the message says nothing of retries.
    pub(crate) exhausted: Option<Exhausted>,
}

impl DeadLetter<'_> {
    /// Leaves it in the queue, if there is one that takes it.
    pub(crate) async fn send<E: DeliveryPort>(&self, deliverer: &Deliverer<E>) -> DeliveryOutcome {
        let (code, message) = (self.failure.code.as_str().to_owned(), self.failure.message.clone());
        let Some(queue) = self.delivery.target.dead_letter_queue() else {
            return DeliveryOutcome::Dropped { code, message };
        };
        match self.try_send(deliverer, queue).await {
            Ok(()) => DeliveryOutcome::DeadLettered { queue: queue.to_owned(), code, message },
            Err(why) => {
                tracing::warn!(queue, why, "dead letter lost");
                let message = format!("{message}; the dead-letter queue did not take it: {why}");
                DeliveryOutcome::Dropped { code, message }
            }
        }
    }

    async fn try_send<E: DeliveryPort>(
        &self,
        deliverer: &Deliverer<E>,
        queue: &str,
    ) -> Result<(), String> {
        let region = &self.delivery.arrival.bus.region;
        let arn: Option<Arn> = queue.parse().ok();
        let arn = arn
            .filter(|arn| Kind::of(arn) == Some(Kind::Queue) && !arn.resource.ends_with(".fifo"))
            .ok_or_else(|| format!("{queue} is not a standard queue"))?;
        if arn.region != *region {
            return Err(format!("{queue} is not in the rule's Region {region}"));
        }
        let call = TargetCall {
            arn: queue.to_owned(),
            rule_arn: self.delivery.rule_arn.clone(),
            role: None,
            action: Action::SendMessage {
                body: self.body.clone(),
                group_id: None,
                attributes: self.attributes(),
            },
        };
        let mut sends = 0;
        loop {
            sends += 1;
            let request_id = self.delivery.derived_id(&format!("dead letter {sends}")).to_string();
            let Err(failure) = self.send_once(deliverer, &arn, &call, &request_id).await else {
                return Ok(());
            };
            if !failure.retryable || sends == SENDS {
                return Err(failure.message);
            }
            tokio::time::sleep(retry::delay(retry::seed_of(&request_id), sends)).await;
        }
    }

    async fn send_once<E: DeliveryPort>(
        &self,
        deliverer: &Deliverer<E>,
        arn: &Arn,
        call: &TargetCall,
        request_id: &str,
    ) -> Result<(), DeliveryFailure> {
        let permission =
            Permission { emulator: deliverer.emulator(), delivery: self.delivery, request_id };
        permission.of_dead_letter_queue(arn).await?;
        deliverer.emulator().invoke(call).await.map_err(|error| Kind::Queue.failure(error))
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        let mut attributes = vec![
            ("RULE_ARN", self.delivery.rule_arn.clone()),
            ("TARGET_ARN", self.delivery.target.arn.clone()),
            ("ERROR_CODE", self.failure.code.as_str().to_owned()),
            ("ERROR_MESSAGE", self.failure.message.clone()),
        ];
        if let Some(exhausted) = self.exhausted {
            attributes.push(("EXHAUSTED_RETRY_CONDITION", exhausted.condition.to_owned()));
            attributes.push(("RETRY_ATTEMPTS", exhausted.retries.to_string()));
        }
        attributes
    }
}
