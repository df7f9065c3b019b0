//! Data of an earlier version is read by this one, and nothing of it is lost; data of a later version is read, too: fields
//! that this version does not know are ignored at every depth. The files are in `tests/compatibility`.

#![expect(clippy::unwrap_used, reason = "this is test code: it fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aws_double::{Aws, TABLE};
use outcome::{
    HistoryEntry, HistoryIndex, Outcome, PublishOutcomeInput, PublishOutcomeOutput, UnansweredAlarm,
};
use relay_core::alarm::TriggerId;
use relay_core::id::AccountId;
use remediation::guard::digest::DigestWindow;
use remediation::guard::{Take, TakeAnswer, Taker};
use run::{
    FollowAutomationInput, FollowAutomationOutput, RunAutomationInput, StartAutomationInput,
    StartAutomationOutput, StartedRun, VerifyRecoveryInput, VerifyRecoveryOutput,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sharing::plan::SharePlan;
use sharing::{
    AwaitMembershipInput, CheckMembershipInput, CheckMembershipOutput, PlanSharesInput,
    PlanSharesOutput, ShareDetails, ShareDocumentsInput, ShareDocumentsOutput, ShareRunbooksInput,
};
use store::{Ledger, MarkerKind, Table};

/// Reads a payload and writes it again.
type Again = fn(&Value) -> Result<Value, String>;

fn again<T: DeserializeOwned + Serialize>(payload: &Value) -> Result<Value, String> {
    let read: T = serde_json::from_value(payload.clone()).map_err(|error| error.to_string())?;
    serde_json::to_value(read).map_err(|error| error.to_string())
}

/// Every payload between machines and functions, and every object of the bucket.
const PAYLOADS: &[(&str, Again)] = &[
    ("machines/await-membership", again::<AwaitMembershipInput>),
    ("machines/share-runbooks", again::<ShareRunbooksInput>),
    ("machines/run-automation", again::<RunAutomationInput>),
    ("functions/check-membership/input", again::<CheckMembershipInput>),
    ("functions/check-membership/output", again::<CheckMembershipOutput>),
    ("functions/plan-shares/input", again::<PlanSharesInput>),
    ("functions/plan-shares/output", again::<PlanSharesOutput>),
    ("functions/share-documents/input", again::<ShareDocumentsInput>),
    ("functions/share-documents/output", again::<ShareDocumentsOutput>),
    ("functions/publish-outcome/input", again::<PublishOutcomeInput>),
    ("functions/publish-outcome/output", again::<PublishOutcomeOutput>),
    ("functions/start-automation/input", again::<StartAutomationInput>),
    ("functions/start-automation/output", again::<StartAutomationOutput>),
    ("functions/follow-automation/input", again::<FollowAutomationInput>),
    ("functions/follow-automation/output", again::<FollowAutomationOutput>),
    ("functions/verify-recovery/input", again::<VerifyRecoveryInput>),
    ("functions/verify-recovery/output", again::<VerifyRecoveryOutput>),
    ("bucket/plans", again::<SharePlan>),
    ("bucket/details", again::<ShareDetails>),
    ("bucket/outcomes", again::<Outcome>),
];

/// Objects whose keys are data: a key more is another parameter, not a field of a later version.
const MAPS: &[&str] =
    &["parameters", "values", "resourceNames", "tags", "attributes", "contributorAttributes"];
/// Objects that are one word with its content. A later version adds words to readers before it adds them to writers.
const WORDS: &[&str] = &["end", "request", "conclusion"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("compatibility")
}

fn versions() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let versions: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    assert!(!versions.is_empty());
    versions
}

/// The files of a folder, each with what it holds.
fn files(folder: &Path) -> Vec<(PathBuf, Value)> {
    let mut paths: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    let read = |path: &Path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    paths.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

/// The values of `before` that are not in `now`. Null, false and empty values may be left out; a runbook without a ladder is its
/// only rung.
fn lost(before: &Value, now: &Value, path: &str, found: &mut Vec<String>) {
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            for (name, value) in before {
                let path = format!("{path}/{name}");
                match now.get(name).or_else(|| now.get("ladder")?.get(0)?.get(name)) {
                    Some(now) => lost(value, now, &path, found),
                    None if says_nothing(value) => {}
                    None => found.push(path),
                }
            }
        }
        (Value::Array(before), Value::Array(now)) if before.len() == now.len() => {
            for (index, (before, now)) in before.iter().zip(now).enumerate() {
                lost(before, now, &format!("{path}/{index}"), found);
            }
        }
        (before, now) if before == now => {}
        (Value::String(before), Value::String(now))
            if instant(before).is_some_and(|at| Some(at) == instant(now)) => {}
        (before, now) => found.push(format!("{path}: {before} is {now}")),
    }
}

/// States writes three digits after the point, this suite as many as it needs.
fn instant(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok()
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Number(_) | Value::Bool(true) => false,
    }
}

/// The payload with a field of a later version, once for each object that may get one.
fn of_a_later_version(payload: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    objects(payload, "", "", &mut places);
    let with = |place: &String| {
        let mut later = payload.clone();
        later.pointer_mut(place).unwrap()["ofALaterVersion"] = json!({"a": [1, {"b": null}]});
        later
    };
    places.iter().map(|place| (place.clone(), with(place))).collect()
}

fn objects(value: &Value, name: &str, path: &str, places: &mut Vec<String>) {
    match value {
        Value::Object(_) if MAPS.contains(&name) => {}
        Value::Object(fields) => {
            // The input of await-membership has a request that is a word with its content, publish-outcome's has none.
            if !(WORDS.contains(&name) && fields.len() == 1) {
                places.push(path.to_owned());
            }
            for (name, value) in fields {
                objects(value, name, &format!("{path}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects(item, "", &format!("{path}/{index}"), places);
            }
        }
        _ => {}
    }
}

#[test]
fn every_payload_of_an_earlier_version_is_read_and_nothing_of_it_is_lost() {
    for version in versions() {
        for (kind, again) in PAYLOADS {
            let files = files(&version.join(kind));
            assert!(!files.is_empty(), "{}/{kind} has no files", version.display());
            for (path, payload) in files {
                let now = again(&payload).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                let mut found = Vec::new();
                lost(&payload, &now, "", &mut found);
                // share-documents keeps its own place in the file; nobody else reads it.
                found.retain(|field| (*kind, field.as_str()) != ("bucket/details", "/documents"));
                assert!(found.is_empty(), "{}: lost {found:?}", path.display());
            }
        }
    }
}

#[test]
fn no_frozen_file_is_left_unread() {
    let table = ["table"];
    for version in versions() {
        let kinds: BTreeSet<String> = files(&version)
            .iter()
            .map(|(path, _)| path.parent().unwrap().strip_prefix(&version).unwrap())
            .map(|kind| kind.to_string_lossy().into_owned())
            .collect();
        for kind in kinds {
            let known = PAYLOADS.iter().any(|(name, _)| *name == kind)
                || table.iter().any(|name| kind.starts_with(name));
            assert!(known, "{}/{kind} is read by no test", version.display());
        }
    }
}

#[test]
fn a_field_of_a_later_version_is_ignored_at_every_depth_of_every_payload() {
    for version in versions() {
        for (kind, again) in PAYLOADS {
            for (path, payload) in files(&version.join(kind)) {
                let path = path.display();
                // A person's own input is read strictly where it is read first; all other payloads as they are.
                let by_hand = is_by_hand(kind, &payload["input"]);
                let now = again(&payload).unwrap();
                for (place, later) in of_a_later_version(&payload) {
                    let read = again(&later);
                    if by_hand && place.starts_with("/input") && !lenient_in_input(&place) {
                        assert!(
                            read.is_err(),
                            "{path}: a person's unknown field in {place} passes"
                        );
                        continue;
                    }
                    let read = read.unwrap_or_else(|error| panic!("{path}, in {place}: {error}"));
                    assert_eq!(read, now, "{path}, in {place}");
                }
            }
        }
    }
}

/// Whether a function reads the input of an execution for the first time, and the suite did not write it.
fn is_by_hand(payload: &str, input: &Value) -> bool {
    let by_the_suite: &[&str] = match payload {
        "functions/start-automation/input" => &["alarm", "onboarding"],
        "functions/plan-shares/input" => &["join", "move", "departure", "recheck"],
        _ => return false,
    };
    !by_the_suite.iter().any(|kind| input["trigger"]["kind"] == *kind)
}

/// Parts of the input that only the suite writes.
fn lenient_in_input(place: &str) -> bool {
    ["/input/trigger", "/input/rule", "/input/lock", "/input/warnings"]
        .iter()
        .any(|part| place.starts_with(part))
}

struct Frozen {
    aws: Aws,
    table: Table,
    items: Vec<Map<String, Value>>,
}

impl Frozen {
    /// The table as an earlier version left it, each item with an attribute that this version does not know.
    fn table(version: &Path) -> Self {
        let aws = Aws::at("2026-01-02T03:04:06Z");
        let table = Table::new(&aws.sdk(), TABLE);
        let mut items = Vec::new();
        for (_, mut item) in files(&version.join("table")) {
            item["ofALaterVersion"] = json!({"S": "x"});
            aws.state().table.put(&item);
            items.push(item.as_object().unwrap().clone());
        }
        Self { aws, table, items }
    }

    /// The items whose partition begins so: the rest of it, the sort key, and the item.
    fn of(&self, kind: &str, sk: &str) -> Vec<(String, &Map<String, Value>)> {
        let key =
            |item: &Map<String, Value>, name: &str| item[name]["S"].as_str().unwrap().to_owned();
        let of_kind = |item: &&Map<String, Value>| sk.is_empty() || key(item, "sk") == sk;
        let found: Vec<_> = self
            .items
            .iter()
            .filter(of_kind)
            .filter_map(|item| {
                Some((key(item, "pk").strip_prefix(kind)?.strip_prefix('#')?.to_owned(), item))
            })
            .collect();
        assert!(!found.is_empty(), "no item of {kind}");
        found
    }
}

fn text<'a>(item: &'a Map<String, Value>, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap()
}

fn trigger(id: &str) -> TriggerId {
    TriggerId(id.parse().unwrap())
}

/// Holds that a text of an item is read, whole, and with fields of a later version in it.
fn holds<T: DeserializeOwned + Serialize>(text: &str) {
    let before: Value = serde_json::from_str(text).unwrap();
    let now = again::<T>(&before).unwrap();
    let mut found = Vec::new();
    lost(&before, &now, "", &mut found);
    assert!(found.is_empty(), "lost {found:?} of {text}");
    for (place, later) in of_a_later_version(&before) {
        let read = again::<T>(&later);
        assert_eq!(read.as_ref(), Ok(&now), "{place} of {text}");
    }
}

#[tokio::test]
async fn what_an_earlier_version_stored_about_alarms_and_runs_is_read_from_the_table() {
    for version in versions() {
        let frozen = Frozen::table(&version);
        let table = &frozen.table;
        for (id, item) in frozen.of("trigger", "decision") {
            let decision = table.decision(trigger(&id)).await.unwrap().unwrap();
            assert!(!decision.rule.is_empty());
            holds::<remediation::guard::DecisionRecord>(text(item, "decision"));
        }
        for (id, item) in frozen.of("trigger", "input") {
            let input = table.input(trigger(&id)).await.unwrap();
            assert_eq!(input.as_deref(), Some(text(item, "input")));
            holds::<RunAutomationInput>(text(item, "input"));
        }
        for (automation, item) in frozen.of("wait", "task") {
            let task = table.waiting_task(&automation.parse().unwrap()).await.unwrap().unwrap();
            assert_eq!(task.run.execution_id.to_string(), automation);
            holds::<FollowAutomationInput>(text(item, "request"));
        }
        for (execution, item) in frozen.of("run", "") {
            let runs = table.runs(&execution).await.unwrap();
            assert!(!runs.is_empty());
            holds::<StartedRun>(text(item, "run"));
        }
        for (execution, item) in frozen.of("outcome", "final") {
            let marker = table.marker(&execution, MarkerKind::Final).await.unwrap().unwrap();
            assert_eq!(marker.id.to_string(), text(item, "id"));
            assert_eq!(serde_json::to_value(marker.outcome).unwrap(), text(item, "outcome"));
        }
        for (window, item) in frozen.of("digest", "") {
            let [rule, code, begin] = window.split('#').collect::<Vec<_>>()[..] else {
                panic!("{window}")
            };
            let window: DigestWindow = serde_json::from_value(
                json!({"rule": rule, "code": code, "begin": begin.parse::<i64>().unwrap()}),
            )
            .unwrap();
            match text(item, "sk").strip_prefix("t#") {
                Some(id) => {
                    let entry = table.entry(&window, trigger(id)).await.unwrap().unwrap();
                    assert_eq!(entry.alarm.as_str(), text(item, "alarm"));
                    assert_eq!(entry.what, text(item, "what"));
                }
                None => {
                    let state = table.digest_state(&window).await.unwrap().unwrap();
                    assert_eq!(state.first, trigger(text(item, "first")));
                }
            }
        }
    }
}

#[tokio::test]
async fn guardrails_remember_what_an_earlier_version_took() {
    for version in versions() {
        let frozen = Frozen::table(&version);
        for (resource, item) in frozen.of("resource", "lock") {
            let cools = item.iter().find_map(|(name, until)| {
                Some((name.strip_prefix("cool#")?, until["N"].as_str()?.parse::<i64>().ok()?))
            });
            let (rule, until) = cools.unwrap();
            let state = frozen.table.lock_state(&resource).await.unwrap();
            assert_eq!(state.cool_downs[rule].as_second(), until);
            if item.contains_key("unlocked") {
                holds::<remediation::guard::UnlockNote>(text(item, "unlocked"));
                assert!(state.unlocked.is_some());
            }
            let now = jiff::Timestamp::from_second(until - 1).unwrap();
            let other = TriggerId(uuid_of(1));
            let taker = Taker { trigger: other, rule, observing: false, now };
            let lease = "1h".parse().unwrap();
            let take = Take::Lock { key: resource, lease };
            let answer = frozen.table.take(&taker, &take).await.unwrap();
            assert!(!matches!(answer, TakeAnswer::Taken), "it cools down: {answer:?}");
        }
        for (budget, item) in frozen.of("budget", "") {
            let takers = item["takers"]["SS"].as_array().unwrap();
            let hour: i64 = text(item, "sk").parse().unwrap();
            let now = jiff::Timestamp::from_second(hour + 60).unwrap();
            let taker = Taker { trigger: TriggerId(uuid_of(1)), rule: "r", observing: false, now };
            let most = u32::try_from(takers.len()).unwrap();
            let take = Take::Run { budget, most };
            let answer = frozen.table.take(&taker, &take).await.unwrap();
            assert!(!matches!(answer, TakeAnswer::Taken), "its runs are used up: {answer:?}");
        }
        assert!(!frozen.of("storm", "").is_empty());
    }
}

#[tokio::test]
async fn what_an_earlier_version_stored_in_the_history_is_found_and_read() {
    for version in versions() {
        let frozen = Frozen::table(&version);
        let table = &frozen.table;
        let mut stored = Vec::new();
        for (id, item) in frozen.of("history#outcome", "outcome") {
            let outcome = table.outcome(id.parse().unwrap()).await.unwrap().unwrap();
            assert_eq!(outcome.at.to_string(), text(item, "at"));
            holds::<Outcome>(text(item, "outcome"));
            stored.push(outcome);
        }
        let kinds = ["day", "account", "rule", "resource", "alarm"];
        for kind in kinds {
            for (name, item) in frozen.of(&format!("history#{kind}"), "") {
                holds::<HistoryEntry>(text(item, "entry"));
                let list = match kind {
                    "day" => HistoryIndex::Day(name.parse().unwrap()),
                    "account" => HistoryIndex::Account(name.parse().unwrap()),
                    "rule" => HistoryIndex::Rule(name),
                    "resource" => HistoryIndex::Resource(name),
                    _ => HistoryIndex::Alarm(name),
                };
                let always = (jiff::Timestamp::UNIX_EPOCH, "2200-01-01T00:00:00Z".parse().unwrap());
                let page = table.history(&list, always, None, 100).await.unwrap();
                let id = text(item, "sk").split_once('#').unwrap().1;
                assert!(page.entries.iter().any(|entry| entry.id.to_string() == id), "{list:?}");
                // Each entry of a list is in the history.
                assert!(stored.iter().any(|outcome| outcome.id.to_string() == id), "{id}");
            }
        }
        let unanswered = table.unanswered().await.unwrap();
        assert!(unanswered.total > 0 && unanswered.since.is_some());
        assert!(!unanswered.last.is_empty());
        for (_, item) in frozen.of("history", "slot#01") {
            holds::<UnansweredAlarm>(text(item, "alarm"));
        }
    }
}

fn uuid_of(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

#[tokio::test]
async fn what_an_earlier_version_shared_and_planned_is_read_from_the_table() {
    for version in versions() {
        let frozen = Frozen::table(&version);
        for (key, item) in frozen.of("share", "") {
            let [owner, region, document] = key.split('#').collect::<Vec<_>>()[..] else {
                panic!("{key}")
            };
            let ledger = Ledger {
                table: frozen.table.clone(),
                owner: owner.parse().unwrap(),
                region: region.parse().unwrap(),
                execution: "x".to_owned(),
                seen_at: jiff::Timestamp::UNIX_EPOCH,
            };
            let entries = ledger.of_document(&document.parse().unwrap()).await.unwrap();
            let entry = entries
                .shares
                .iter()
                .find(|entry| entry.account.as_str() == text(item, "sk"))
                .unwrap();
            assert_eq!(entry.execution, text(item, "execution"));
            assert_eq!(
                entry.seen_at.map(|at| at.as_millisecond().to_string()).as_deref(),
                item["seenAt"]["N"].as_str()
            );
            let account: AccountId = text(item, "account").parse().unwrap();
            let pairs = frozen.table.shared_pairs(account).await.unwrap();
            assert!(
                pairs.iter().any(|pair| pair.owner == ledger.owner && pair.region == ledger.region)
            );
        }
        for (account, item) in frozen.of("place", "place") {
            if account == "organization" {
                assert!(frozen.table.organization_planned_at().await.unwrap().is_some());
                continue;
            }
            let account: AccountId = account.parse().unwrap();
            let place = frozen.table.place(account).await.unwrap().unwrap();
            assert_eq!(place.path, text(item, "path"));
            assert_eq!(place.rules_version, text(item, "rulesVersion"));
            assert!(frozen.table.planned_at(account).await.unwrap().is_some());
        }
        let (problems, seen_at) =
            frozen.table.standing_problems(store::StandingOf::Sharing).await.unwrap();
        assert!(!problems.is_empty() && seen_at.is_some());
        assert!(frozen.aws.all_calls().iter().all(|call| call.service == "dynamodb"));
    }
}
