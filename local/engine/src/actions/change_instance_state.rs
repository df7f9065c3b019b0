//! `aws:changeInstanceState`: starts, stops or terminates instances, or only waits until they are
//! in a state.

use serde_json::{Map, Value, json};

use super::failure::phrase;
use super::inputs::Inputs;
use super::instances::{self, Instance};
use super::request::Lost;
use super::{Call, Done, Failure, outputs};
use crate::ports::ApiError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Desired {
    Running,
    Stopped,
    Terminated,
}

struct Step {
    ids: Vec<String>,
    desired: Desired,
    check_only: bool,
    force: Option<bool>,
    additional_info: Option<String>,
    others: Map<String, Value>,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let states = ["running", "stopped", "terminated"];
        let desired = match inputs.one_of("DesiredState", &states)?.as_deref() {
            Some("running") => Desired::Running,
            Some("stopped") => Desired::Stopped,
            _ => Desired::Terminated,
        };
        Ok(Self {
            ids: inputs.some_texts("InstanceIds")?,
            desired,
            check_only: inputs.flag("CheckStateOnly")?.unwrap_or(false),
            force: inputs.flag("Force")?,
            additional_info: inputs.optional("AdditionalInfo")?,
            others: inputs.others(),
        })
    }

    /// The call that changes the state; EC2 takes it a second time without doing more.
    async fn change(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let ids = &self.ids;
        let (api, parameters) = match self.desired {
            Desired::Running => (
                "StartInstances",
                json!({"InstanceIds": ids, "AdditionalInfo": self.additional_info}),
            ),
            Desired::Stopped => ("StopInstances", json!({"InstanceIds": ids, "Force": self.force})),
            Desired::Terminated => ("TerminateInstances", json!({"InstanceIds": ids})),
        };
        let mut all = self.others.clone();
        all.extend(outputs::map(parameters));
        call.request("ec2", api, Value::Object(all), Lost::Repeat).await
    }

    /// Whether all instances are in the desired state or on their way to it.
    async fn under_way(&self, call: &Call<'_>) -> bool {
        let states: &[&str] = match self.desired {
            Desired::Running => &["pending", "running"],
            Desired::Stopped => &["stopping", "stopped"],
            Desired::Terminated => &["shutting-down", "terminated"],
        };
        // An error here does not matter: the change itself will meet and report it.
        instances::look(call, &self.ids).await.is_ok_and(|found| {
            found.len() == self.ids.len()
                && found.iter().all(|instance| states.contains(&instance.state.as_str()))
        })
    }

    async fn reached(&self, call: &Call<'_>, found: &[Instance]) -> Result<bool, ApiError> {
        if found.len() < self.ids.len() {
            return Ok(false);
        }
        let all = |state: &str| found.iter().all(|instance| instance.state == state);
        match self.desired {
            Desired::Running => Ok(all("running") && instances::healthy(call, &self.ids).await?),
            Desired::Stopped => Ok(all("stopped")),
            Desired::Terminated => Ok(all("terminated")),
        }
    }

    /// An instance in a state from which no way leads to the desired one. `stopped` is one only
    /// for an instance that was seen starting: just after the call EC2 may still show it.
    fn lost<'a>(&self, found: &'a [Instance], seen_starting: bool) -> Option<&'a Instance> {
        found.iter().find(|instance| match instance.state.as_str() {
            "shutting-down" | "terminated" => self.desired != Desired::Terminated,
            "stopped" => self.desired == Desired::Running && seen_starting && !self.check_only,
            _ => false,
        })
    }
}

/// Changes the state, unless it is only to be checked, and waits until it is reached: `running`
/// with both status checks passed. After a restart the change is made only if it is not under way.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let step = Step::read(call)?;
    let done = step.check_only || (call.resumed && step.under_way(call).await);
    if !done {
        step.change(call).await.map_err(|error| Failure::api(phrase::EXECUTE, &error))?;
    }
    let mut waits = call.waits();
    let mut seen_starting = false;
    loop {
        let found = match instances::look(call, &step.ids).await {
            // Terminated instances vanish after a while.
            Err(error) if instances::unknown(&error) && step.desired == Desired::Terminated => {
                step.ids.iter().map(|id| gone(id)).collect()
            }
            other => other.map_err(|error| Failure::api(phrase::POLL, &error))?,
        };
        let reached = step.reached(call, &found).await;
        let states: Vec<_> = found.iter().map(|instance| instance.state.clone()).collect();
        if reached.map_err(|error| Failure::api(phrase::POLL, &error))? {
            return outputs::bare(call, json!({"InstanceStates": states}));
        }
        if let Some(instance) = step.lost(&found, seen_starting) {
            let Instance { id, state } = instance;
            let error = format!("Instance {id} entered unexpected state: {state}");
            return Err(Failure::unverified(phrase::POLL, &error));
        }
        seen_starting |= states.iter().any(|state| state == "pending" || state == "running");
        waits.pause().await;
    }
}

fn gone(id: &str) -> Instance {
    Instance { id: id.to_owned(), state: "terminated".into() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use runbook::ActionKind;

    use super::super::testing::{Answer, Attempt, AwsDouble, error, lost, of_kind, throttled};
    use super::super::{FailureStage, FailureType};
    use super::*;
    use crate::ports::ApiErrorKind;

    fn change(desired: &str, more: Value) -> Attempt {
        let inputs = json!({"InstanceIds": ["i-1", "i-2"], "DesiredState": desired});
        Attempt::new(ActionKind::ChangeInstanceState, inputs).with(more)
    }

    fn states(states: [&str; 2]) -> Answer {
        let instance = |(id, state)| json!({"InstanceId": id, "State": {"Name": state}});
        let instances: Vec<_> = ["i-1", "i-2"].into_iter().zip(states).map(instance).collect();
        // In the other order: EC2 promises none.
        Ok(json!({"Reservations": [{"Instances": [instances[1]]}, {"Instances": [instances[0]]}]}))
    }

    fn checks(checks: [&str; 2]) -> Answer {
        let status =
            |check| json!({"InstanceStatus": {"Status": check}, "SystemStatus": {"Status": "ok"}});
        Ok(json!({"InstanceStatuses": checks.map(status)}))
    }

    fn ec2(looks: impl IntoIterator<Item = Answer>) -> AwsDouble {
        AwsDouble::default()
            .on("ec2", "StartInstances", [Ok(json!({}))])
            .on("ec2", "StopInstances", [Ok(json!({}))])
            .on("ec2", "TerminateInstances", [Ok(json!({}))])
            .on("ec2", "DescribeInstances", looks)
    }

    #[tokio::test(start_paused = true)]
    async fn running_is_reached_when_all_run_and_all_status_checks_are_passed() {
        let aws = ec2([
            states(["stopped", "stopped"]),
            states(["pending", "running"]),
            states(["running", "running"]),
        ])
        .on(
            "ec2",
            "DescribeInstanceStatus",
            [
                checks(["initializing", "ok"]),
                Ok(json!({"InstanceStatuses": []})),
                checks(["ok", "ok"]),
            ],
        );
        let attempt = change("running", json!({"AdditionalInfo": "more"}));
        let done = attempt.run(&aws).await.unwrap();
        assert_eq!(Value::Object(done.outputs), json!({"InstanceStates": ["running", "running"]}));
        assert_eq!(
            aws.requests("StartInstances"),
            [json!({"InstanceIds": ["i-1", "i-2"], "AdditionalInfo": "more"})]
        );
        assert_eq!(aws.count("DescribeInstances"), 5);
        assert_eq!(aws.count("DescribeInstanceStatus"), 3);
        assert_eq!(attempt.took(), Duration::from_secs(1 + 2 + 4 + 8));
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_may_be_forced_and_ends_when_all_are_stopped() {
        let looks = [states(["stopping", "stopped"]), states(["stopped", "stopped"])];
        let aws = ec2(looks);
        let done = change("stopped", json!({"Force": true})).run(&aws).await.unwrap();
        assert_eq!(Value::Object(done.outputs), json!({"InstanceStates": ["stopped", "stopped"]}));
        assert_eq!(
            aws.requests("StopInstances"),
            [json!({"InstanceIds": ["i-1", "i-2"], "Force": true})]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn terminated_instances_may_have_vanished() {
        let vanished = error("InvalidInstanceID.NotFound", "DescribeInstances", "No such id");
        let aws = ec2([states(["shutting-down", "terminated"]), vanished]);
        let done = change("terminated", json!({})).run(&aws).await.unwrap();
        assert_eq!(done.outputs["InstanceStates"], json!(["terminated", "terminated"]));
        assert_eq!(aws.count("TerminateInstances"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn checking_only_waits_and_changes_nothing() {
        let aws = ec2([states(["running", "stopping"]), states(["stopped", "stopped"])]);
        change("stopped", json!({"CheckStateOnly": "true"})).run(&aws).await.unwrap();
        assert_eq!(aws.operations(), ["DescribeInstances", "DescribeInstances"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_instance_that_goes_elsewhere_ends_the_wait() {
        for (desired, looks, id, state) in [
            (
                "running",
                [states(["pending", "pending"]), states(["running", "stopped"])],
                "i-2",
                "stopped",
            ),
            (
                "running",
                [states(["pending", "pending"]), states(["terminated", "pending"])],
                "i-1",
                "terminated",
            ),
            (
                "stopped",
                [states(["stopping", "stopping"]), states(["stopping", "shutting-down"])],
                "i-2",
                "shutting-down",
            ),
        ] {
            let failure = change(desired, json!({})).run(&ec2(looks)).await.unwrap_err();
            assert_eq!(failure.kind, FailureType::Verification);
            let says = format!("Instance {id} entered unexpected state: {state}. Please refer");
            assert!(failure.message.contains(&says), "{}", failure.message);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_in_a_list_is_one_list_and_wrong_inputs_call_nothing() {
        let inputs = json!({"InstanceIds": [["i-1", "i-2"]], "DesiredState": "stopped"});
        let aws = ec2([states(["stopped", "stopped"])]);
        Attempt::new(ActionKind::ChangeInstanceState, inputs).run(&aws).await.unwrap();
        assert_eq!(aws.requests("StopInstances"), [json!({"InstanceIds": ["i-1", "i-2"]})]);

        for (inputs, says) in [
            (json!({"InstanceIds": ["i-1"]}), "needs the input DesiredState"),
            (
                json!({"InstanceIds": ["i-1"], "DesiredState": "hibernated"}),
                "must be one of running",
            ),
            (json!({"InstanceIds": [], "DesiredState": "running"}), "at least one item"),
            (json!({"InstanceIds": {"a": "i-1"}, "DesiredState": "running"}), "a list of strings"),
            (
                json!({"InstanceIds": ["i-1"], "DesiredState": "running", "Force": "perhaps"}),
                "a boolean",
            ),
        ] {
            let aws = AwsDouble::default();
            let attempt = Attempt::new(ActionKind::ChangeInstanceState, inputs);
            let failure = attempt.run(&aws).await.unwrap_err();
            assert_eq!(failure.stage, FailureStage::InputValidation);
            assert!(failure.message.contains(says), "{}", failure.message);
            assert!(aws.calls().is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn inputs_that_nobody_knows_are_for_the_operation_to_take_or_refuse() {
        let aws = ec2([states(["stopped", "stopped"])]);
        change("stopped", json!({"Hibernate": true, "AdditionalInfo": ""}))
            .run(&aws)
            .await
            .unwrap();
        assert_eq!(
            aws.requests("StopInstances"),
            [json!({"InstanceIds": ["i-1", "i-2"], "Hibernate": true})]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_change_fails_it_and_a_throttled_one_is_repeated() {
        let api = "StopInstances";
        let denied =
            of_kind(ApiErrorKind::Permission, "UnauthorizedOperation", api, "Not authorized");
        let aws = AwsDouble::default().on("ec2", api, [denied]);
        let failure = change("stopped", json!({})).run(&aws).await.unwrap_err();
        assert_eq!(failure.kind, FailureType::Permission);
        assert!(failure.message.contains("(UnauthorizedOperation)"), "{}", failure.message);

        let aws = AwsDouble::default()
            .on("ec2", api, [throttled(api), lost(api), Ok(json!({}))])
            .on("ec2", "DescribeInstances", [throttled("x"), states(["stopped", "stopped"])]);
        change("stopped", json!({})).run(&aws).await.unwrap();
        assert_eq!((aws.count(api), aws.count("DescribeInstances")), (3, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_restart_a_change_under_way_is_not_made_again() {
        let aws = ec2([states(["stopping", "stopped"]), states(["stopped", "stopped"])]);
        change("stopped", json!({})).resumed().run(&aws).await.unwrap();
        assert_eq!(aws.count("StopInstances"), 0);

        let aws = ec2([states(["stopping", "running"]), states(["stopped", "stopped"])]);
        change("stopped", json!({})).resumed().run(&aws).await.unwrap();
        assert_eq!(aws.count("StopInstances"), 1);
    }
}
