//! `relay unlock`: releases what blocks a resource, where it is known that its run has ended, or where a person answers for
//! it. The suite's state machine does it, so that the release has one outcome, with the reason, as everything else has.

mod holder;

use anyhow::{Context, Result};
use aws::AwsError;
use jiff::Timestamp;
use relay_core::execution::{Trigger, TriggerKind};
use relay_core::id::{AccountId, Region};
use remediation::guard::{CoolDown, HeldLock, Unlock, UnlockInput};
use store::LockState;
use uuid::Uuid;

use self::holder::Holder;
use crate::Exit;
use crate::archive::Archive;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::Output;
use crate::page::Page;
use crate::run::follow;
use crate::session::Session;

const EXAMPLES: &str = "\
Examples:
  relay unlock i-0123456789abcdef0 -m \"its run was lost in the outage\"
  relay unlock i-0123456789abcdef0 --cool-down -m \"repaired by hand, alarms count again\"
  relay unlock i-0123456789abcdef0 --in-account 444455556666 --in-region eu-west-1 -m \"its run was lost\"
  relay unlock rule:failover -m \"its run was lost\"          a rule that is run without a resource

A run releases its lock at its end. A lock is released only if its run has ended, or with --force, which shows what runs.
The reason, with who asked, is an outcome: in the history, on the topic and on the event bus.";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The resource, by the id or ARN that outcomes name; rule:NAME for a rule that is run without a resource
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    resource: String,
    /// Why, for everybody who reads the outcome
    #[arg(long, short = 'm', value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
    /// The account of the resource; default: the hub
    #[arg(long, value_name = "ID")]
    in_account: Option<AccountId>,
    /// The Region of the resource; default: the hub's
    #[arg(long, value_name = "REGION")]
    in_region: Option<Region>,
    /// End the cool-downs of all rules on it, too
    #[arg(long)]
    cool_down: bool,
    /// Release the lock although its run goes on, or is not known; asks first
    #[arg(long)]
    force: bool,
}

/// The order about the blocks of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Judgement {
    /// No lock is held and no cool-down runs.
    Free,
    /// It is blocked by this, and the command line does not release it.
    Stays { why: String, help: Vec<String> },
    /// Release these, by force where the run may go on.
    Release { lock: Option<HeldLock>, cool_downs: Vec<CoolDown>, forced: bool },
}

/// Releases what blocks a resource, and shows the outcome.
pub(crate) async fn run(
    arguments: &Arguments,
    global: &Global,
    now: Timestamp,
    output: &Output,
) -> Result<Exit> {
    let session = Session::open(global).await?;
    session.announce(output);
    let archive = Archive::of(&session)?;
    let account = match arguments.in_account {
        Some(account) => account,
        None => session.caller.account.parse()?,
    };
    let region = arguments.in_region.clone().unwrap_or_else(|| session.region.clone());
    let resource = &arguments.resource;
    let state = archive.table.lock_state(&format!("{account}#{region}#{resource}")).await?;
    let holder = match held(&state, now) {
        Some(lock) => Some(Holder::of(&session, &archive, lock.owner).await),
        None => None,
    };
    show(&state, holder.as_ref(), resource, now, output);
    let (lock, cool_downs, forced) = match judge(arguments, &state, holder.as_ref(), now) {
        Judgement::Free => {
            output.json(&serde_json::json!({ "released": false }))?;
            output.line(format_args!(
                "{resource} in {account}, {region} is not locked and does not cool down"
            ));
            return Ok(Exit::Done);
        }
        Judgement::Stays { why, help } => {
            let failure = help.into_iter().fold(Failure::new(why), Failure::help);
            return Err(failure.into());
        }
        Judgement::Release { lock, cool_downs, forced } => (lock, cool_downs, forced),
    };
    if forced {
        let question = format!("Release the lock of {resource} although its run may go on?");
        output.confirm(&question, [])?;
    }
    let by = session.caller.name().to_owned();
    let (resource, reason) = (resource.clone(), arguments.reason.clone());
    let unlock = Unlock { account, region, resource, lock, cool_downs, reason, by, forced };
    start(&session, &archive, unlock, output).await
}

/// Has the state machine release it, and waits for the outcome.
async fn start(
    session: &Session,
    archive: &Archive,
    unlock: Unlock,
    output: &Output,
) -> Result<Exit> {
    let input = UnlockInput { unlock, trigger: Trigger::without_event(TriggerKind::Manual) };
    #[expect(clippy::disallowed_methods, reason = "each order of a person is a new one")]
    let name = format!("{}{}", outcome::UNLOCK_PREFIX, Uuid::new_v4());
    let client = aws_sdk_sfn::Client::new(&session.config);
    let machine = session.stack.output("RunAutomationStateMachineArn")?;
    let start = client.start_execution().state_machine_arn(machine).name(name);
    let started = start.input(serde_json::to_string(&input)?).send().await;
    let started = started.map_err(AwsError::from).context("start run-automation")?;
    follow::follow(session, archive, &started.execution_arn, output).await
}

/// The lock, if it is held now.
fn held(state: &LockState, now: Timestamp) -> Option<HeldLock> {
    let (owner, until, rule) = state.held.as_ref()?;
    (*until >= now).then(|| HeldLock { owner: *owner, rule: rule.clone() })
}

/// The cool-downs that are not over.
fn cooling(state: &LockState, now: Timestamp) -> Vec<CoolDown> {
    let running = state.cool_downs.iter().filter(|(_, until)| **until >= now);
    running.map(|(rule, until)| CoolDown { rule: rule.clone(), until: *until }).collect()
}

/// Shows what blocks the resource, and who released something on it before.
fn show(
    state: &LockState,
    holder: Option<&Holder>,
    resource: &str,
    now: Timestamp,
    output: &Output,
) {
    let mut page = Page::default();
    if let (Some(lock), Some((_, until, _))) = (held(state, now), &state.held) {
        let rule = lock.rule.as_deref().unwrap_or("unknown");
        page.add("lock", format!("{resource} is locked by a run of rule {rule}, until {until:.0}"));
    }
    page.add("its run", holder.map(Holder::words).unwrap_or_default());
    let cooling = cooling(state, now);
    let cooling: Vec<String> =
        cooling.iter().map(|one| format!("rule {} until {:.0}", one.rule, one.until)).collect();
    page.list("cools down", &cooling);
    if let Some(note) = &state.unlocked {
        page.add("before", crate::guards::released(note));
    }
    page.lines(output.width()).iter().for_each(|line| output.note(line));
}

/// Decides by what is known, and by nothing else.
fn judge(
    arguments: &Arguments,
    state: &LockState,
    holder: Option<&Holder>,
    now: Timestamp,
) -> Judgement {
    let Arguments { resource, cool_down, force, .. } = arguments;
    let lock = held(state, now);
    let cooling = cooling(state, now);
    if lock.is_none() && cooling.is_empty() {
        return Judgement::Free;
    }
    if lock.is_none() && !cool_down {
        let why = format!("{resource} is not locked; rules cool down on it");
        let help = vec!["With --cool-down, these cool-downs end now.".to_owned()];
        return Judgement::Stays { why, help };
    }
    let ended = lock.is_none() || holder.is_some_and(Holder::has_ended);
    if !ended && !force {
        let why = match holder {
            Some(Holder::Runs { .. }) => format!("{resource} is locked by a run that goes on"),
            _ => format!("whether the run has ended that locked {resource} is not known"),
        };
        let mut help: Vec<String> = Vec::new();
        if let Some(Holder::Runs { execution, .. }) = holder {
            help.push(format!(
                "relay show {execution} has its steps; relay cancel {execution} ends it, and the lock with it."
            ));
        }
        help.push(
            "Two runs on one resource may harm it. With --force the lock is released all the same."
                .to_owned(),
        );
        return Judgement::Stays { why, help };
    }
    let cool_downs = if *cool_down { cooling } else { Vec::new() };
    Judgement::Release { lock, cool_downs, forced: !ended }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use relay_core::alarm::TriggerId;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn judged(line: &[&str], state: &LockState, holder: Option<&Holder>) -> Judgement {
        let line = Line::try_parse_from([&["unlock", "i-1", "-m", "lost"], line].concat()).unwrap();
        judge(&line.arguments, state, holder, at("03:00:00"))
    }

    fn at(time: &str) -> Timestamp {
        format!("2026-01-02T{time}Z").parse().unwrap()
    }

    fn state(lease: Option<&str>, cool_down: Option<&str>) -> LockState {
        LockState {
            held: lease.map(|until| (owner(), at(until), Some("web".to_owned()))),
            cool_downs: cool_down.map(|until| ("web".to_owned(), at(until))).into_iter().collect(),
            unlocked: None,
        }
    }

    fn owner() -> TriggerId {
        TriggerId("333ba70b-2333-48db-b17e-a5e69c6f4d1c".parse().unwrap())
    }

    fn lock() -> Option<HeldLock> {
        Some(HeldLock { owner: owner(), rule: Some("web".to_owned()) })
    }

    fn ended() -> Holder {
        Holder::Ended { execution: "alarm-1".to_owned(), status: "SUCCEEDED".to_owned() }
    }

    fn runs() -> Holder {
        Holder::Runs { execution: "alarm-1".to_owned(), lines: vec!["RUNNING".to_owned()] }
    }

    fn released(forced: bool) -> Judgement {
        Judgement::Release { lock: lock(), cool_downs: Vec::new(), forced }
    }

    #[test]
    fn a_lock_is_released_only_where_its_run_is_known_to_have_ended_or_by_force() {
        let locked = state(Some("04:00:00"), None);
        let unknown = Holder::Unknown { why: "no decision is stored".to_owned() };
        assert_eq!(judged(&[], &locked, Some(&ended())), released(false));
        // A release that is known to be safe is not called forced.
        assert_eq!(judged(&["--force"], &locked, Some(&ended())), released(false));
        for holder in [runs(), unknown] {
            let stays = judged(&["--cool-down"], &locked, Some(&holder));
            assert!(matches!(stays, Judgement::Stays { .. }), "{stays:?}");
            assert_eq!(judged(&["--force"], &locked, Some(&holder)), released(true));
        }
        let Judgement::Stays { help, .. } = judged(&[], &locked, Some(&runs())) else {
            panic!("it stays");
        };
        assert!(help[0].contains("relay cancel alarm-1"), "{help:?}");
    }

    #[test]
    fn a_cool_down_is_ended_only_where_that_is_asked_for() {
        let cools = state(Some("02:00:00"), Some("03:30:00"));
        assert!(matches!(judged(&[], &cools, None), Judgement::Stays { .. }));
        let cool_down = CoolDown { rule: "web".to_owned(), until: at("03:30:00") };
        let ended = Judgement::Release { lock: None, cool_downs: vec![cool_down], forced: false };
        assert_eq!(judged(&["--cool-down"], &cools, None), ended);
        let both = state(Some("04:00:00"), Some("03:30:00"));
        assert_eq!(judged(&[], &both, Some(&self::ended())), released(false));
    }

    #[test]
    fn what_is_over_blocks_nothing() {
        for over in [state(None, None), state(Some("02:59:59"), Some("02:59:59"))] {
            assert_eq!(judged(&["--cool-down", "--force"], &over, None), Judgement::Free);
        }
    }
}
