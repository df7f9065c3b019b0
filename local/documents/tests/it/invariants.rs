//! Invariants that no sequence of calls can break, and that a replay of a journal gives the same state.

use std::collections::BTreeMap;

use api::Service;
use documents::{DocumentControl, Documents};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Aws, OWNER, REGION, accounts, arn};

/// A quota small enough to be met often.
const QUOTA: usize = 12;

#[derive(Clone, Debug)]
struct Modify {
    add: Vec<u64>,
    remove: Vec<u64>,
    version: Option<&'static str>,
}

fn modify() -> impl Strategy<Value = Modify> {
    let ids = || prop::collection::vec(0u64..24, 0..=20);
    let version = prop::option::of(prop::sample::select(vec!["$DEFAULT", "$LATEST", "$ALL"]));
    (ids(), ids(), version).prop_map(|(add, remove, version)| Modify { add, remove, version })
}

impl Modify {
    fn body(&self) -> Value {
        let ids =
            |ids: &[u64]| -> Vec<_> { ids.iter().flat_map(|id| accounts(*id..*id + 1)).collect() };
        json!({
            "Name": "Org-A", "PermissionType": "Share", "AccountIdsToAdd": ids(&self.add),
            "AccountIdsToRemove": ids(&self.remove), "SharedDocumentVersion": self.version,
        })
    }

    /// The same by brute force; `None` if it is refused.
    fn apply(&self, shared: &BTreeMap<u64, &'static str>) -> Option<BTreeMap<u64, &'static str>> {
        if self.add.is_empty() && self.remove.is_empty() {
            return None;
        }
        let mut after = shared.clone();
        for id in &self.add {
            after.insert(*id, self.version.unwrap_or("$DEFAULT"));
        }
        for id in &self.remove {
            after.remove(id);
        }
        let grown = after.keys().any(|id| !shared.contains_key(id));
        (after.len() <= QUOTA || !grown).then_some(after)
    }
}

fn state(aws: &mut Aws) -> Value {
    let body = json!({ "Name": "Org-A", "PermissionType": "Share", "MaxResults": 7 });
    json!(aws.all(OWNER, "DescribeDocumentPermission", body, "AccountSharingInfoList").0)
}

proptest! {
    #[test]
    fn permissions_are_what_the_calls_say_and_never_more_than_the_quota(
        calls in prop::collection::vec(modify(), 1..12)
    ) {
        let mut aws = Aws::with("Org-A");
        let quota = DocumentControl::SharedAccountsQuota {
            region: REGION.into(), owner: OWNER.into(), name: "Org-A".into(), limit: QUOTA,
        };
        aws.documents.control(quota).expect("it is there");
        let mut expected = BTreeMap::new();
        for call in calls {
            let answer = aws.call(OWNER, "ModifyDocumentPermission", call.body());
            match call.apply(&expected) {
                Some(after) => {
                    prop_assert!(answer.is_ok(), "{:?}", answer);
                    expected = after;
                }
                None => prop_assert!(answer.is_err()),
            }
            prop_assert!(expected.len() <= QUOTA);
            let told: Vec<_> = expected.iter().map(|(id, version)| json!({
                "AccountId": accounts(*id..*id + 1)[0], "SharedDocumentVersion": version,
            })).collect();
            prop_assert_eq!(state(&mut aws), json!(told));
        }
        // The owner's view and each consumer's view agree.
        for id in 0..24 {
            let consumer = &accounts(id..id + 1)[0];
            let body = json!({ "Filters": [{ "Key": "Owner", "Values": ["Private"] }] });
            let listed = aws.ok(consumer, "ListDocuments", body)["DocumentIdentifiers"].clone();
            let got = aws.call(consumer, "GetDocument", json!({ "Name": arn("Org-A") }));
            let shared = expected.contains_key(&id);
            prop_assert_eq!(listed.as_array().map(Vec::len), Some(usize::from(shared)));
            prop_assert_eq!(got.is_ok(), shared);
        }
    }

    #[test]
    fn versions_keep_a_default_that_exists_and_numbers_that_grow(
        steps in prop::collection::vec((0u8..3, 1u32..8), 1..30)
    ) {
        let mut aws = Aws::with("Org-A");
        let mut highest = 1;
        for (n, (step, version)) in steps.into_iter().enumerate() {
            let named = json!({ "Name": "Org-A", "DocumentVersion": version.to_string() });
            match step {
                0 => {
                    let updated = aws.update("Org-A", &format!("step {n}"));
                    let number = updated["DocumentDescription"]["DocumentVersion"].as_str();
                    let number = number.and_then(|number| number.parse::<u32>().ok());
                    prop_assert_eq!(number, Some(highest + 1));
                    highest += 1;
                }
                1 => drop(aws.call(OWNER, "DeleteDocument", named)),
                _ => drop(aws.call(OWNER, "UpdateDocumentDefaultVersion", named)),
            }
            let name = json!({ "Name": "Org-A" });
            let told = aws.ok(OWNER, "DescribeDocument", name.clone())["Document"].clone();
            let (versions, _) =
                aws.all(OWNER, "ListDocumentVersions", name, "DocumentVersions");
            let default: Vec<_> =
                versions.iter().filter(|v| v["IsDefaultVersion"] == true).collect();
            prop_assert_eq!(default.len(), 1);
            prop_assert_eq!(&default[0]["DocumentVersion"], &told["DefaultVersion"]);
            prop_assert_eq!(&told["DocumentVersion"], &told["DefaultVersion"]);
            let latest = versions.last().map(|version| &version["DocumentVersion"]);
            prop_assert_eq!(latest, Some(&told["LatestVersion"]));
        }
    }

    #[test]
    fn a_replay_of_the_calls_that_write_gives_the_same_replies(
        calls in prop::collection::vec(modify(), 1..8)
    ) {
        let run = || {
            let mut aws = Aws::with("Org-A");
            let replies: Vec<_> = calls.iter()
                .map(|call| aws.call(OWNER, "ModifyDocumentPermission", call.body()))
                .collect();
            (replies, state(&mut aws))
        };
        prop_assert_eq!(run(), run());
    }
}

#[test]
fn five_hundred_documents_in_many_regions_are_shared_without_effort() {
    let mut documents = Documents::default();
    let aws = Aws::new();
    let mut events = Vec::new();
    let mut shared = 0;
    for region in (1..=4).map(|n| format!("xx-test-{n}")) {
        for n in 0..500 {
            let name = format!("Org-{n}");
            let content = crate::support::runbook(&name);
            let create = json!({ "Name": name, "Content": content, "DocumentType": "Automation" });
            let share = json!({
                "Name": name, "PermissionType": "Share", "AccountIdsToAdd": accounts(0..20),
            });
            for (operation, body) in
                [("CreateDocument", create), ("ModifyDocumentPermission", share)]
            {
                let request = aws.request_in(&region, OWNER, operation, body);
                documents.call(&request, &mut events).expect("it fits");
            }
            shared += 1;
        }
    }
    assert_eq!(shared, 2_000);
    let body = json!({ "Filters": [{ "Key": "Owner", "Values": ["Private"] }], "MaxResults": 50 });
    let consumer = &accounts(7..8)[0];
    let request = aws.request_in("xx-test-3", consumer, "ListDocuments", body);
    let listed = documents.call(&request, &mut events).expect("listed");
    assert_eq!(listed["DocumentIdentifiers"].as_array().map(Vec::len), Some(50));
}
