//! Statuses: which change leads where, and which events follow.

use proptest::prelude::*;

use super::rig::{Rig, act};
use crate::{Change, Outcome, Status};

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Run),
        Just(Change::Wait),
        Just(Change::Stop),
        Just(Change::End(Outcome::Success)),
        Just(Change::End(Outcome::Failed)),
        Just(Change::End(Outcome::TimedOut)),
        Just(Change::End(Outcome::Cancelled)),
    ]
}

proptest! {
    #[test]
    fn nothing_follows_an_end_and_a_cancellation_is_never_taken_back(
        all in proptest::collection::vec(changes(), 0..20),
    ) {
        let mut status = Status::Pending;
        for change in all {
            match status.next(change) {
                Ok(next) => {
                    prop_assert!(!status.is_terminal());
                    if status == Status::Cancelling {
                        prop_assert!(next == Status::Cancelling || next.is_terminal());
                    }
                    prop_assert!(next != Status::Pending);
                    status = next;
                }
                Err(illegal) => {
                    prop_assert_eq!(illegal.status, status);
                    prop_assert!(
                        status.is_terminal()
                            || (status == Status::Cancelling
                                && matches!(change, Change::Wait | Change::Stop))
                    );
                }
            }
        }
    }
}

#[test]
fn every_status_has_an_answer_to_every_end() {
    for status in Status::ALL {
        let answer = status.next(Change::End(Outcome::Success));
        assert_eq!(answer.is_ok(), !status.is_terminal(), "{}", status.name());
    }
}

#[tokio::test(start_paused = true)]
async fn every_change_of_status_is_told() {
    let rig = Rig::with_steps(&act("a", "", "Seconds: 2")).await;
    let view = rig.run().await;
    let told = rig.world.events.told();
    let lines: Vec<_> = told
        .iter()
        .map(|event| {
            let of = event.detail["StepName"].as_str().unwrap_or("execution");
            format!("{of} {}", event.detail["Status"].as_str().unwrap())
        })
        .collect();
    assert_eq!(lines, ["execution InProgress", "a InProgress", "a Success", "execution Success"]);
    let last = told.last().unwrap();
    assert_eq!(last.detail_type, "EC2 Automation Execution Status-change Notification");
    assert_eq!(
        last.resources,
        [
            format!("arn:aws:ssm:eu-west-1:111122223333:automation-execution/{}", view.id),
            "arn:aws:ssm:eu-west-1:111122223333:automation-definition/Main:1".to_owned(),
        ]
    );
    let detail = &last.detail;
    assert_eq!(detail["Definition"], "Main");
    assert_eq!(detail["DefinitionVersion"], 1.0);
    assert_eq!(detail["StartTime"], "Jan 1, 2026 12:00:00 AM");
    assert_eq!(detail["EndTime"], "Jan 1, 2026 12:00:02 AM");
    assert_eq!(detail["Time"], 2000.0);
    assert_eq!(detail["ExecutedBy"], super::rig::ALICE);
    assert_eq!(told[1].detail["Action"], "aws:executeAwsApi");
}
