//! The crash harness: whatever the engine dies after, it goes on to the same end, and no step that
//! has finished runs again.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::rig::{ALICE, HERE, REGION, Rig, act, runbook, summary};
use crate::event::{Event, Stamped};
use crate::log::{Entry, EntryKind};
use crate::testing::{FakePorts, TokioClock};
use crate::{MemoryLog, Signal, StartRequest, Status, StopType, Target};

/// An action on an execution from outside.
#[derive(Clone, Copy, PartialEq)]
enum Hand {
    Nothing,
    /// Approves and resumes whatever waits.
    Helps,
    /// Cancels when this step is in flight.
    CancelsAt(&'static str),
}

struct Sample {
    name: &'static str,
    main: String,
    hand: Hand,
    request: fn(&mut StartRequest),
}

fn world(sample: &Sample) -> FakePorts {
    let world = FakePorts::default();
    world.documents.add("Main", &sample.main);
    let child = runbook("", &(act("c1", "", "Seconds: 3, Give: {Out: x}") + &act("c2", "", "")));
    world.documents.add("Child", &child);
    world
}

/// Sees an execution to its end.
async fn see_through(rig: &Rig, id: &str, hand: Hand) -> String {
    for _ in 0..100_000 {
        let view = rig.view(id);
        if view.status.is_terminal() {
            return summary(&view);
        }
        match hand {
            Hand::Helps if view.status == Status::Waiting => {
                let step = view.current_step.clone().unwrap_or_default();
                for signal in [Signal::Approve { comment: None }, Signal::Resume { step }] {
                    // Whichever it does not wait for is refused.
                    let _ = rig.engine.signal(HERE, REGION, id, signal, ALICE).await;
                }
            }
            Hand::CancelsAt(step)
                if view.current_step.as_deref() == Some(step)
                    && view.status != Status::Cancelling =>
            {
                rig.engine.stop(HERE, REGION, id, StopType::Cancel).await.unwrap();
            }
            _ => {}
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    panic!("never ends: {}", summary(&rig.view(id)));
}

/// The tokens of the attempts that these entries have seen to their end.
fn finished(entries: &[Entry]) -> HashSet<Uuid> {
    let mut tokens: HashMap<(Uuid, u32), Uuid> = HashMap::new();
    let mut finished = HashSet::new();
    for entry in entries.iter().filter(|entry| entry.kind == EntryKind::Event) {
        match Stamped::read(entry).unwrap().event {
            Event::Started(started) => {
                tokens.insert((entry.key, started.step), started.token);
            }
            Event::Retried { step, token, .. } => {
                finished.extend(tokens.insert((entry.key, step), token));
            }
            Event::Finished { step, .. } => finished.extend(tokens.get(&(entry.key, step))),
            _ => {}
        }
    }
    finished
}

fn in_a_runtime<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(work)
}

fn check(sample: &Sample) {
    let (id, expected, entries) = in_a_runtime(async {
        let rig = Rig::at(TokioClock::default(), world(sample), MemoryLog::default()).await;
        let mut request = rig.request("Main");
        (sample.request)(&mut request);
        let id = rig.engine.start(request).await.unwrap();
        let end = see_through(&rig, &id, sample.hand).await;
        (id, end, rig.log.entries())
    });
    // Without the start there is nothing to resume.
    let first = 2 + entries.iter().position(|entry| entry.kind == EntryKind::Document).unwrap();
    assert!(entries.len() > first + 3, "{}: {expected}", sample.name);
    for length in first..=entries.len() {
        let prefix = &entries[..length];
        let before = finished(prefix);
        let last = prefix.iter().rfind(|entry| entry.kind == EntryKind::Event).unwrap();
        let at = Stamped::read(last).unwrap().at;
        in_a_runtime(async {
            let log = MemoryLog::holding(prefix.to_vec());
            let rig = Rig::at(TokioClock::showing(at), world(sample), log).await;
            let end = see_through(&rig, &id, sample.hand).await;
            assert_eq!(end, expected, "{} after {length} of {}", sample.name, entries.len());
            for acted in rig.actions.acted() {
                let again = before.contains(&acted.token);
                assert!(!again, "{} after {length}: {:?} ran again", sample.name, acted.inputs);
            }
        });
    }
}

fn sample(name: &'static str, steps: &str, hand: Hand) -> Sample {
    let top = "parameters:\n  Id: {type: String, default: none}\nvariables:\n  v: {type: Integer, default: 1}\n";
    Sample { name, main: runbook(top, steps), hand, request: |_| {} }
}

#[test]
fn steps_that_follow_each_other_fail_and_are_tried_again() {
    let steps = act("a", "", "Seconds: 2, Give: {Out: x}")
        + &act("b", "maxAttempts: 2; onFailure: step:d; isCritical: false", "Fail: -1, Seconds: 2")
        + &act("c", "", "")
        + &act(
            "d",
            "timeoutSeconds: 5; maxAttempts: 2; onFailure: Continue",
            "Seconds: 100, X: '{{ a.Out }}'",
        )
        + "  - name: set\n    action: aws:updateVariable\n    inputs: {Name: 'variable:v', Value: 7}\n"
        + &act("e", "isEnd: true", "V: '{{ variable:v }}'");
    check(&sample("steps", &steps, Hand::Nothing));
}

#[test]
fn what_waits_for_time_or_for_somebody() {
    let steps = act("a", "", "Give: {Out: linux}")
        + "  - name: choose\n    action: aws:branch\n    inputs:\n      Choices:\n        - {NextStep: rest, Variable: '{{ a.Out }}', StringEquals: linux}\n"
        + &act("never", "", "")
        + "  - name: rest\n    action: aws:sleep\n    inputs: {Duration: PT10S}\n"
        + "  - name: ask\n    action: aws:approve\n    inputs: {Approvers: [Alice], NotificationArn: 'arn:aws:sns:eu-west-1:111122223333:Automation'}\n"
        + "  - name: hold\n    action: aws:pause\n    inputs: {}\n"
        + &act("b", "", "");
    check(&sample("waits", &steps, Hand::Helps));
}

#[test]
fn loops() {
    let body = act(
        "a",
        "onFailure: Continue",
        "Seconds: 1, Fail: -1, V: '{{ each.CurrentIteratorValue }}'",
    ) + &act("b", "", "Give: {Out: x}");
    let body: String = body.lines().map(|line| format!("      {line}\n")).collect();
    let steps = format!(
        "  - name: each\n    action: aws:loop\n    inputs:\n      Iterators: [x, y, z]\n      Steps:\n{body}"
    ) + &act("last", "", "Seen: '{{ b.Out }}'");
    check(&sample("loops", &steps, Hand::Nothing));
}

#[test]
fn children() {
    let steps =
        "  - name: child\n    action: aws:executeAutomation\n    inputs: {DocumentName: Child}\n"
            .to_owned()
            + &act("after", "", "X: '{{ child.Status }}'");
    check(&sample("children", &steps, Hand::Nothing));
}

#[test]
fn cancellations() {
    let steps = act("a", "", "")
        + &act("b", "onCancel: step:undo; isEnd: true", "Seconds: 20")
        + &act("undo", "", "Seconds: 2")
        + &act("report", "", "");
    check(&sample("cancelled", &steps, Hand::CancelsAt("b")));
    let steps =
        "  - name: child\n    action: aws:executeAutomation\n    inputs: {DocumentName: Child}\n";
    check(&sample("cancelled with its child", steps, Hand::CancelsAt("child")));
}

#[test]
fn targets() {
    let mut sample = sample("targets", &act("a", "", "Id: '{{ Id }}', Seconds: 2"), Hand::Nothing);
    sample.request = |request| {
        request.target_parameter_name = Some("Id".to_owned());
        request.max_concurrency = Some("2".to_owned());
        let values = ["x", "y", "z"].map(str::to_owned).to_vec();
        request.targets = vec![Target { key: "ParameterValues".to_owned(), values }];
    };
    check(&sample);
}

#[tokio::test(start_paused = true)]
async fn a_step_in_flight_is_run_again_as_resumed_with_the_same_token() {
    let steps = act("a", "", "Seconds: 10");
    let rig = Rig::with_steps(&steps).await;
    let id = rig.start().await;
    rig.until(&id, |view| view.current_step.is_some()).await;
    let first = rig.actions.acted().remove(0);
    assert!(!first.resumed);
    let again =
        Rig::at(TokioClock::default(), rig.world.clone(), MemoryLog::holding(rig.log.entries()))
            .await;
    assert_eq!(again.end(&id).await.status, Status::Success);
    let second = again.actions.acted().remove(0);
    assert_eq!((second.token, second.resumed), (first.token, true));
}

#[tokio::test(start_paused = true)]
async fn queues_and_tokens_survive() {
    let rig = Rig::with_steps(&act("a", "", "Seconds: 10")).await;
    let quotas = crate::Quotas { running: 1, ..crate::Quotas::default() };
    rig.engine.set_quotas(quotas).await;
    let mut request = rig.request("Main");
    request.client_token = Some("0b0ed6f6-3e1e-4a3b-9f0b-4c4f2bb1e7a1".to_owned());
    let first = rig.engine.start(request.clone()).await.unwrap();
    let second = rig.start().await;
    assert_eq!(rig.view(&second).status, Status::Pending);
    let again =
        Rig::at(TokioClock::default(), rig.world.clone(), MemoryLog::holding(rig.log.entries()))
            .await;
    assert_eq!(again.engine.start(request).await.unwrap(), first);
    for id in [first, second] {
        assert_eq!(again.end(&id).await.status, Status::Success);
    }
}

#[test]
fn a_log_that_is_none_is_refused() {
    in_a_runtime(async {
        let entry = Entry { kind: EntryKind::Event, key: Uuid::from_u128(1), body: b"{}".to_vec() };
        let log = MemoryLog::holding(vec![entry]);
        let opened = crate::Engine::open(FakePorts::default().ports(), Box::new(log)).await;
        assert!(opened.is_err());
    });
}
