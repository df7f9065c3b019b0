//! Whether a delivery is allowed: by the target's role, by the target's own policy, or both.

use relay_core::id::Arn;
use serde_json::{Map, Value, json};

use crate::{
    BusRef, Caller, DeliveryPort, ResourcePolicyCheck, ResourceVerdict, RoleCheck, RoleVerdict,
    classify::{DeniedBy, Kind},
    delivery::Delivery,
    failure::{DeliveryFailure, ErrorCode},
};

/// One question: may this delivery do what it is about to do?
pub(crate) struct Permission<'a, E> {
    pub(crate) emulator: &'a E,
    pub(crate) delivery: &'a Delivery,
    pub(crate) request_id: &'a str,
}

impl<E: DeliveryPort> Permission<'_, E> {
    /// For every kind of target but a bus. With a role, the role decides, and at a resource of
    /// another account its policy too; without one, the resource's policy alone.
    pub(crate) async fn of_target(&self, kind: Kind, arn: &Arn) -> Result<(), DeliveryFailure> {
        let Some(role) = &self.delivery.target.role_arn else {
            if kind.needs_role() {
                return Err(self.role_required());
            }
            return self.of_resource(kind, arn, Caller::Service).await;
        };
        for (resource, context) in self.touched(kind, arn) {
            match self.role(kind, &resource, role, context).await? {
                RoleVerdict::NotAssumable => {
                    let message = format!("EventBridge is not authorized to assume role {role}");
                    return Err(DeliveryFailure::terminal(ErrorCode::FailedToAssumeRole, message));
                }
                RoleVerdict::Denied => {
                    return Err(kind.denied(DeniedBy::Identity(role), &resource, self.request_id));
                }
                RoleVerdict::Allowed => {}
            }
        }
        // A command is sent in the rule's account, whosever document it runs.
        let owner = if kind == Kind::Command { &self.bus().account } else { &arn.account };
        if account_of(role) == Some(owner.as_str()) {
            return Ok(());
        }
        if kind.needs_role() {
            return Err(kind.denied(DeniedBy::Identity(role), arn, self.request_id));
        }
        self.of_resource(kind, arn, Caller::Role(role.clone())).await
    }

    /// The resources that a role must be allowed to act on, each with condition keys of its own: the target, and the
    /// nodes of a command.
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html>
    fn touched(&self, kind: Kind, arn: &Arn) -> Vec<(Arn, Map<String, Value>)> {
        let mut touched = vec![(arn.clone(), Map::new())];
        if kind != Kind::Command {
            return touched;
        }
        let node = |id: &str| {
            let (service, resource) = if id.starts_with("mi-") {
                ("ssm", format!("managed-instance/{id}"))
            } else {
                ("ec2", format!("instance/{id}"))
            };
            let account = self.bus().account.clone();
            Arn { service: service.to_owned(), account, resource, ..arn.clone() }
        };
        for target in self.delivery.target.command_targets() {
            let Some(key) = target.key.strip_prefix("tag:") else {
                touched.extend(target.values.iter().map(|id| (node(id), Map::new())));
                continue;
            };
            touched.extend(target.values.iter().map(|value| {
                let keys = ["ssm:resourceTag", "ec2:ResourceTag", "aws:ResourceTag"];
                let context = keys.into_iter().map(|of| (format!("{of}/{key}"), json!(value)));
                (node("*"), context.collect())
            }));
        }
        touched
    }

    /// For a bus: the role always, and the receiving bus's policy when it is another account's.
    pub(crate) async fn of_bus(&self, arn: &Arn) -> Result<(), DeliveryFailure> {
        let Some(role) = &self.delivery.target.role_arn else { return Err(self.role_required()) };
        let event = &self.delivery.arrival.envelope;
        let mut context = Map::new();
        context.insert("events:source".into(), event["source"].clone());
        context.insert("events:detail-type".into(), event["detail-type"].clone());
        context.insert("events:eventBusInvocation".into(), json!("true"));
        let verdict = self.role(Kind::Bus, arn, role, context.clone()).await?;
        if verdict != RoleVerdict::Allowed {
            return Err(Kind::Bus.denied(DeniedBy::Identity(role), arn, self.request_id));
        }
        if account_of(role) == Some(arn.account.as_str()) {
            return Ok(());
        }
        let rule_arn = Some(self.delivery.rule_arn.clone());
        let caller = Caller::Role(role.clone());
        match self.resource(Kind::Bus, arn, caller, rule_arn, context).await? {
            ResourceVerdict::Allowed => Ok(()),
            ResourceVerdict::Denied | ResourceVerdict::Missing => Err(DeliveryFailure::terminal(
                ErrorCode::NoPermissions,
                "Lack of permissions to invoke cross account target.",
            )),
        }
    }

    /// For a queue that takes dead letters: its own policy alone, never the target's role.
    pub(crate) async fn of_dead_letter_queue(&self, arn: &Arn) -> Result<(), DeliveryFailure> {
        self.of_resource(Kind::Queue, arn, Caller::Service).await
    }

    async fn of_resource(
        &self,
        kind: Kind,
        arn: &Arn,
        caller: Caller,
    ) -> Result<(), DeliveryFailure> {
        let source_arn = (caller == Caller::Service).then(|| self.delivery.rule_arn.clone());
        match self.resource(kind, arn, caller.clone(), source_arn, Map::new()).await? {
            ResourceVerdict::Allowed => Ok(()),
            ResourceVerdict::Denied => {
                Err(kind.denied(DeniedBy::Resource(&caller), arn, self.request_id))
            }
            ResourceVerdict::Missing => Err(kind.missing(arn, self.request_id)),
        }
    }

    async fn resource(
        &self,
        kind: Kind,
        arn: &Arn,
        caller: Caller,
        source_arn: Option<String>,
        context: Map<String, Value>,
    ) -> Result<ResourceVerdict, DeliveryFailure> {
        let check = ResourcePolicyCheck {
            resource: arn.to_string(),
            action: kind.action(),
            caller,
            source_arn,
            source_account: self.bus().account.clone(),
            context,
        };
        self.emulator.resource_policy(&check).await.map_err(|error| kind.failure(error))
    }

    async fn role(
        &self,
        kind: Kind,
        arn: &Arn,
        role: &str,
        context: Map<String, Value>,
    ) -> Result<RoleVerdict, DeliveryFailure> {
        let check = RoleCheck {
            role: role.to_owned(),
            action: kind.action(),
            resource: arn.to_string(),
            source_arn: self.delivery.rule_arn.clone(),
            source_account: self.bus().account.clone(),
            context,
        };
        self.emulator.role(&check).await.map_err(|error| kind.failure(error))
    }

    fn role_required(&self) -> DeliveryFailure {
        let message = format!("RoleArn is required for target {}.", self.delivery.target.arn);
        DeliveryFailure::terminal(ErrorCode::InvalidParameter, message)
    }

    fn bus(&self) -> &BusRef {
        &self.delivery.arrival.bus
    }
}

fn account_of(role: &str) -> Option<&str> {
    role.split(':').nth(4)
}
