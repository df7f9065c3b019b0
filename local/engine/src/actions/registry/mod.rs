//! What every action takes, gives back, how long it may take, and what becomes of it when it was
//! in flight at a restart. `docs/actions.md` says the same in words; a test holds the two together.

mod acting;
#[cfg(test)]
mod page;
mod steering;

use std::time::Duration;

use runbook::ActionKind;

/// An input of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name, as documents write it.
    pub name: &'static str,
    /// Whether a step without it fails.
    pub required: bool,
}

/// Who runs an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// [`super::run`]: it acts on the world.
    Action,
    /// `decide`: it steers the execution.
    Decision,
}

/// What becomes of inputs that the registry does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They fail the step.
    Refused,
    /// They are parameters of the API that the step names.
    Api,
    /// They are parameters of an operation that the action calls: AWS adds to these with time, and
    /// the operation's model refuses what it does not know.
    Operation(&'static str),
}

/// What becomes of an attempt that was in flight at a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Run again with the same token, by which AWS knows the repeat.
    Token,
    /// Looks first, by a name or id of its own, for what the earlier try did.
    NaturalKey,
    /// Run again: twice does what once does.
    Idempotent,
    /// Run again if the call only reads, or carries a token; else [`Recovery::Interrupted`].
    ByCall,
    /// Fails as `Interrupted`; `maxAttempts` decides.
    Interrupted,
    /// Nothing is run again: the execution's own state says where it was.
    Replay,
}

/// An action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub action: ActionKind,
    /// Who runs it.
    pub runner: Runner,
    /// What it takes.
    pub inputs: &'static [Input],
    /// What becomes of other inputs.
    pub others: Others,
    /// The outputs that it has without declaring any, `OutputPayload` aside.
    pub outputs: &'static [&'static str],
    /// How long an attempt may take if the step does not say; `None` if nothing ends it.
    pub timeout: Option<Duration>,
    /// What becomes of it at a restart.
    pub recovery: Recovery,
    /// What it is doing while it takes long: "Step timed out while step is …".
    pub waiting: &'static str,
}

impl Entry {
    /// Whether the action takes an input of this name.
    pub fn takes(&self, name: &str) -> bool {
        self.others != Others::Refused || self.inputs.iter().any(|input| input.name == name)
    }
}

/// The entry of an action.
pub fn entry(action: ActionKind) -> &'static Entry {
    match action {
        ActionKind::Approve => &steering::APPROVE,
        ActionKind::AssertAwsResourceProperty => &acting::ASSERT_AWS_RESOURCE_PROPERTY,
        ActionKind::Branch => &steering::BRANCH,
        ActionKind::ChangeInstanceState => &acting::CHANGE_INSTANCE_STATE,
        ActionKind::CopyImage => &acting::COPY_IMAGE,
        ActionKind::CreateImage => &acting::CREATE_IMAGE,
        ActionKind::CreateStack => &acting::CREATE_STACK,
        ActionKind::CreateTags => &acting::CREATE_TAGS,
        ActionKind::DeleteImage => &acting::DELETE_IMAGE,
        ActionKind::DeleteStack => &acting::DELETE_STACK,
        ActionKind::ExecuteAutomation => &steering::EXECUTE_AUTOMATION,
        ActionKind::ExecuteAwsApi => &acting::EXECUTE_AWS_API,
        ActionKind::ExecuteScript => &acting::EXECUTE_SCRIPT,
        ActionKind::ExecuteStateMachine => &acting::EXECUTE_STATE_MACHINE,
        ActionKind::InvokeLambdaFunction => &acting::INVOKE_LAMBDA_FUNCTION,
        ActionKind::InvokeWebhook => &acting::INVOKE_WEBHOOK,
        ActionKind::Loop => &steering::LOOP,
        ActionKind::Pause => &steering::PAUSE,
        ActionKind::RunCommand => &acting::RUN_COMMAND,
        ActionKind::RunInstances => &acting::RUN_INSTANCES,
        ActionKind::Sleep => &steering::SLEEP,
        ActionKind::UpdateVariable => &steering::UPDATE_VARIABLE,
        ActionKind::WaitForAwsResourceProperty => &acting::WAIT_FOR_AWS_RESOURCE_PROPERTY,
    }
}

/// Every action, in the order of their names.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    ActionKind::ALL.iter().map(|action| entry(*action))
}

const fn required(name: &'static str) -> Input {
    Input { name, required: true }
}

const fn optional(name: &'static str) -> Input {
    Input { name, required: false }
}

const HOUR: Option<Duration> = Some(Duration::from_secs(3_600));

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_action_has_an_entry_of_its_own() {
        for action in ActionKind::ALL {
            assert_eq!(entry(*action).action, *action);
        }
        assert_eq!(entries().count(), 23);
    }

    #[test]
    fn no_input_or_output_is_listed_twice() {
        for entry in entries() {
            let mut names: Vec<_> = entry.inputs.iter().map(|input| input.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), entry.inputs.len(), "{}", entry.action.name());
        }
    }

    #[test]
    fn steering_actions_are_recovered_by_replay_and_no_others() {
        for entry in entries() {
            assert_eq!(
                entry.runner == Runner::Decision,
                entry.recovery == Recovery::Replay,
                "{}",
                entry.action.name()
            );
        }
    }

    /// What a document is refused for when it is created, a step is not run with.
    #[test]
    fn the_language_knows_the_same_inputs_outputs_and_time_outs() {
        for entry in entries() {
            let (action, signature) = (entry.action.name(), entry.action.signature());
            let names = |required| {
                let inputs = entry.inputs.iter().filter(move |input| input.required == required);
                inputs.map(|input| input.name).collect::<BTreeSet<_>>()
            };
            assert_eq!(names(true), signature.required.iter().copied().collect(), "{action}");
            if let Some(optional) = signature.optional {
                assert_eq!(entry.others, Others::Refused, "{action}");
                assert_eq!(names(false), optional.iter().copied().collect(), "{action}");
            }
            assert_eq!(entry.outputs, signature.outputs, "{action}");
            assert!(signature.timeout.is_none_or(|time| Some(time) == entry.timeout), "{action}");
        }
    }

    #[test]
    fn time_outs_are_the_documented_ones() {
        let seconds = |action| entry(action).timeout.map(|timeout| timeout.as_secs());
        assert_eq!(seconds(ActionKind::Approve), Some(604_800));
        assert_eq!(seconds(ActionKind::ChangeInstanceState), Some(3_600));
        assert_eq!(seconds(ActionKind::WaitForAwsResourceProperty), Some(3_600));
        assert_eq!(seconds(ActionKind::ExecuteScript), Some(600));
        assert_eq!(seconds(ActionKind::InvokeLambdaFunction), Some(300));
        assert_eq!(seconds(ActionKind::Pause), None);
    }
}
