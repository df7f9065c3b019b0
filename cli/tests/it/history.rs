//! The pages of the commands about the history, in the two widths that terminals have, with colour and without.
//!
//! The texts are in `snapshots/`. Their times are replaced by others of the same length.

use std::path::PathBuf;

use anstream::adapter::strip_str;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use expect_test::expect_file;
use jiff::{SignedDuration, Timestamp};
use outcome::{Outcome, UnansweredAlarm};
use regex::Regex;
use relay_core::alarm::{AlarmArn, TriggerId};
use relay_core::period::Period;
use remediation::Subject;
use remediation::alarm::AlarmTrigger;
use remediation::guard::{Conclusion, DecisionRecord, Release, Take, Taker};
use serde_json::{Value, json};
use store::Table;

use crate::relay::Relay;
use crate::stub::Stub;

const ALARM: &str = "arn:aws:cloudwatch:eu-west-1:444455556666:alarm:web-status";
const INSTANCE: &str = "i-0123456789abcdef0";
const EXECUTION: &str = "arn:aws:states:us-east-1:111122223333:execution:runbook-relay-run-automation:alarm-444455556666-eu-west-1-1767323045678-web-status";
const SUCCEEDED: &str = "0472af54-dd01-5d43-9bae-bdc798260d9c";
const WAITS: &str = "5f0c4a2e-0000-4000-8000-00000000aaaa";
const RULE: &str = "\
alarm: {names: [web-*]}
resource: {dimension: InstanceId}
mode: active
ladder: [{runbook: Relay-RebootInstance}, {runbook: Relay-StopStartInstance}]
";

#[expect(clippy::disallowed_methods, reason = "the program under test goes by the host's clock")]
fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap()
}

/// The suite with a night behind it.
struct Night {
    stub: Stub,
    begin: Timestamp,
}

impl Night {
    fn new() -> Self {
        let night = Self { stub: Stub::suite(), begin: now() };
        let runtime = tokio::runtime::Builder::new_current_thread();
        { runtime }.enable_all().build().unwrap().block_on(night.fill());
        night.stub.state().calls.clear();
        night
    }

    fn ago(&self, minutes: i64) -> Timestamp {
        self.begin - SignedDuration::from_mins(minutes)
    }

    async fn table(&self) -> Table {
        let keys = Credentials::new("AKIATEST", "secret", None, None, "test");
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(aws::https_client())
            .region(Region::new("us-east-1"))
            .endpoint_url(&self.stub.url)
            .credentials_provider(keys);
        Table::new(&loader.load().await, aws_double::TABLE)
    }

    async fn fill(&self) {
        {
            let mut state = self.stub.state();
            let rules = "/runbook-relay/remediation";
            state.parameters.insert(format!("{rules}/web"), RULE.to_owned());
            let db = RULE.replace("web-*", "db-*").replace("active", "observe");
            state.parameters.insert(format!("{rules}/db"), db);
            for (id, status) in [(1, "Failed"), (2, "Success")] {
                state.automations.insert(automation(id), self.automation(status));
            }
            let waits = json!({"AutomationExecutionStatus": "Waiting"});
            state.automations.insert(WAITS.to_owned(), waits);
        }
        let table = self.table().await;
        for outcome in [self.succeeded(), self.suppressed(), self.refused(), self.waiting()] {
            let read: Outcome = serde_json::from_value(outcome.clone()).unwrap();
            table.store_outcome(&read, &outcome.to_string()).await.unwrap();
        }
        let nobody = UnansweredAlarm {
            alarm: "arn:aws:cloudwatch:eu-west-1:444455556666:alarm:nobody".parse().unwrap(),
            contributor: None,
            at: self.ago(20),
            reason: "Threshold Crossed: 1 datapoint [97.0] was greater than 90.0.".to_owned(),
            metrics: vec!["AWS/EC2/CPUUtilization".to_owned()],
        };
        table.note_unanswered(&nobody, 1, self.ago(20)).await.unwrap();
        self.decided(&table).await;
        let lost = Taker {
            trigger: TriggerId(uuid::Uuid::from_u128(7)),
            rule: "web",
            observing: false,
            now: self.begin,
        };
        let key = "111122223333#us-east-1#i-0fedcba9876543210".to_owned();
        let take = Take::Lock { key, lease: Period::minutes(60) };
        table.take(&lost, &take).await.unwrap();
    }

    /// The decision to start the run that succeeded, and its lock, which it has released.
    async fn decided(&self, table: &Table) {
        let alarm: AlarmArn = ALARM.parse().unwrap();
        let trigger = AlarmTrigger::id_of(&alarm, None, self.ago(100), false);
        let subject = Subject {
            account: "444455556666".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            resources: vec![INSTANCE.to_owned()],
        };
        let record = DecisionRecord {
            rule: "web".to_owned(),
            rules_version: "sha256:0123456789abcdef".to_owned(),
            at: self.ago(99),
            subject: Some(subject),
            conclusion: Conclusion::Start,
        };
        table.record_decision(trigger, record).await.unwrap();
        let key = format!("444455556666#eu-west-1#{INSTANCE}");
        let taker = |now| Taker { trigger, rule: "web", observing: false, now };
        let take = Take::Lock { key: key.clone(), lease: Period::minutes(60) };
        table.take(&taker(self.ago(99)), &take).await.unwrap();
        let end = Release::EndOfRun { key, cool_down: Period::minutes(30) };
        table.release(&taker(self.ago(90)), &end).await.unwrap();
    }

    fn automation(&self, status: &str) -> Value {
        let at = self.ago(95).as_second();
        let failure = (status == "Failed").then_some("the instance did not come back");
        json!({"DocumentName": "Relay-RebootInstance", "AutomationExecutionStatus": status,
            "StepExecutions": [
                {"StepName": "requireRunning", "Action": "aws:assertAwsResourceProperty",
                 "StepStatus": "Success", "ExecutionStartTime": at, "ExecutionEndTime": at + 2},
                {"StepName": "act", "Action": "aws:executeAwsApi", "StepStatus": status,
                 "FailureMessage": failure, "ExecutionStartTime": at, "ExecutionEndTime": at + 61}]})
    }

    fn succeeded(&self) -> Value {
        let run = |rung: u32, runbook: &str, status: &str| {
            json!({"runbook": runbook, "rung": rung, "executionId": automation(rung),
                "account": "444455556666", "region": "eu-west-1", "status": status})
        };
        json!({"version": "1", "id": SUCCEEDED, "flow": "remediation", "outcome": "succeeded",
            "severity": "info", "at": self.ago(90), "durationSeconds": 600.0, "execution": EXECUTION,
            "summary": format!("Alarm web-status: Relay-StopStartInstance on {INSTANCE} (web-1) succeeded (rung 2), and the alarm returned to OK."),
            "rules": ["web"], "rulesVersion": "sha256:0123456789abcdef",
            "alarm": {"arn": ALARM, "name": "web-status", "account": "444455556666",
                "region": "eu-west-1", "at": self.ago(100),
                "reason": "Threshold Crossed: 2 datapoints were greater than or equal to the threshold (1.0)."},
            "alarms": [ALARM], "accounts": ["444455556666"], "regions": ["eu-west-1"],
            "resources": [INSTANCE], "resourceNames": {INSTANCE: "web-1"},
            "approval": {"status": "approved", "runbook": "Relay-StopStartInstance",
                "executionId": automation(2), "approvers": ["arn:aws:iam::111122223333:role/OnCall"],
                "minimum": 1, "withinSeconds": 3600, "decisions": [
                    {"approver": "arn:aws:sts::111122223333:assumed-role/OnCall/dana",
                     "answer": "approved", "at": self.ago(94), "comment": "go on"}]},
            "runs": [run(1, "Relay-RebootInstance", "Failed"), run(2, "Relay-StopStartInstance", "Success")],
            "runsTotal": 2})
    }

    fn suppressed(&self) -> Value {
        json!({"version": "1", "id": "333ba70b-2333-48db-b17e-a5e69c6f4d1c", "flow": "remediation",
            "outcome": "suppressed", "severity": "low", "at": self.ago(30), "execution": "", "count": 3,
            "summary": format!("Rule web on {INSTANCE} suppressed: {INSTANCE} cools down for 30m after the rule's last run."),
            "rules": ["web"], "alarms": [ALARM], "accounts": ["444455556666"],
            "resources": [INSTANCE], "problems": [{"code": "CoolingDown", "where": "web/web-status",
                "what": "it cools down", "hint": "wait"}], "problemsTotal": 1})
    }

    fn refused(&self) -> Value {
        json!({"version": "1", "id": "6374b8e6-0000-5000-8000-000000000001", "flow": "sharing",
            "outcome": "failed", "severity": "high", "at": self.ago(120),
            "execution": "arn:aws:states:us-east-1:111122223333:execution:runbook-relay-share-runbooks:join-1",
            "summary": "No runbooks for account 555566667777: the work in one Region of an owner broke off.",
            "accounts": ["555566667777"], "regions": ["us-east-1"],
            "problems": [{"code": "RoleNotAssumable", "where": "222233334444/us-east-1",
                "what": "the role cannot be assumed", "hint": "Deploy stacks/owner-account.yaml."}],
            "problemsTotal": 1})
    }

    fn waiting(&self) -> Value {
        json!({"version": "1", "id": "fee7bcbe-0000-5000-8000-000000000002", "flow": "remediation",
            "outcome": "pendingApproval", "severity": "high", "at": self.ago(5),
            "execution": EXECUTION.replace("web-status", "web-memory"),
            "summary": "Alarm web-memory: Relay-StopStartInstance on i-0aaaaaaaaaaaaaaaa waits for 1 of arn:aws:iam::111122223333:role/OnCall to approve it, within 60m.",
            "rules": ["web"], "accounts": ["444455556666"], "resources": ["i-0aaaaaaaaaaaaaaaa"],
            "approval": {"status": "pending", "runbook": "Relay-StopStartInstance",
                "executionId": WAITS, "approvers": ["arn:aws:iam::111122223333:role/OnCall"],
                "minimum": 1, "withinSeconds": 3600, "deadline": self.ago(-55)},
            "runs": [{"runbook": "Relay-StopStartInstance", "rung": 2, "executionId": WAITS,
                "account": "444455556666", "region": "eu-west-1", "status": "Waiting"}], "runsTotal": 1})
    }
}

fn automation(number: u32) -> String {
    format!("5f0c4a2e-0000-4000-8000-00000000000{number}")
}

/// A text whose times are always the same.
fn timeless(text: &str) -> String {
    [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-01-02T03:04:05Z"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-01-02 03:04:05"),
        (r"\d\d-\d\d \d\d:\d\d", "01-02 03:04"),
        (r"\d\d minutes left", "54 minutes left"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (pattern, stands)| {
        Regex::new(pattern).unwrap().replace_all(&text, stands).into_owned()
    })
}

/// The commands, each with the name of its snapshot and its exit code.
const PAGES: [(&str, &[&str], i32); 7] = [
    ("outcomes", &["outcomes"], 0),
    ("show-outcome", &["show", SUCCEEDED], 0),
    ("show-unanswered", &["show", "nobody"], 0),
    ("show-nothing", &["show", "nothing"], 1),
    ("approvals", &["approvals"], 0),
    ("status", &["status"], 0),
    ("unlock", &["unlock", "i-0fedcba9876543210", "-m", "lost"], 1),
];

#[test]
fn every_page_is_as_it_was_in_80_and_in_120_columns_and_colour_changes_nothing_else() {
    let night = Night::new();
    let relay = Relay::with(&night.stub);
    for (name, line, code) in PAGES {
        for columns in ["80", "120"] {
            let ran = relay.run_with(line, &[("COLUMNS", columns)]);
            assert_eq!(ran.code, code, "{name}: {}", ran.err);
            let most: usize = columns.parse().unwrap();
            for line in ran.out.lines() {
                assert!(line.chars().count() <= most, "{name} in {columns} columns: {line}");
            }
            let story = timeless(&ran.story(relay.home.path()));
            assert!(!story.contains('\u{1b}'), "{name} has colour without a terminal");
            let path = format!("snapshots/{name}.{columns}.txt");
            expect_file![PathBuf::from(path)].assert_eq(&story);

            let forced = [("COLUMNS", columns), ("CLICOLOR_FORCE", "1")];
            let colored = relay.run_with(line, &forced).story(relay.home.path());
            assert!(colored.contains('\u{1b}'), "{name} has no colour where it is forced");
            assert_eq!(timeless(&strip_str(&colored).to_string()), story, "{name} {columns}");
            let refused = [&forced[..], &[("NO_COLOR", "1")]].concat();
            let refused = relay.run_with(line, &refused).story(relay.home.path());
            assert_eq!(timeless(&refused), story, "{name} {columns} with NO_COLOR");
        }
    }
    let writes = night.stub.writes();
    assert!(writes.iter().all(|call| call.starts_with("Query ")), "{writes:?}");
}
