//! Takes and releases of guardrails: the table answers as the memory that decisions are tested on, and
//! writes the items that the crate's documentation lists.

use aws_double::{Aws, TABLE};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use relay_core::alarm::TriggerId;
use relay_core::period::Period;
use remediation::guard::testing::Memory;
use remediation::guard::{Release, Take, TakeAnswer, Taker};
use serde_json::json;
use store::Table;
use uuid::Uuid;

const BEGIN: &str = "2026-01-02T03:59:00Z";
const RESOURCE: &str = "444455556666#eu-west-1#i-1";
const BUDGETS: [&str; 2] = ["rule#web", "account#444455556666"];

fn table(aws: &Aws) -> Table {
    Table::new(&aws.sdk(), TABLE)
}

fn begin() -> Timestamp {
    BEGIN.parse().unwrap()
}

fn taker(trigger: u128, rule: &str, now: Timestamp) -> Taker<'_> {
    Taker { trigger: TriggerId(Uuid::from_u128(trigger)), rule, observing: false, now }
}

/// One call by one of a few triggers, some time after the one before.
#[derive(Debug, Clone)]
struct Call {
    trigger: u128,
    rule: &'static str,
    observing: bool,
    after: i64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Take(Take),
    Release(Release),
    Look(Vec<Take>),
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let key = || prop::sample::select(vec![RESOURCE, "444455556666#eu-west-1#i-2"]);
    let budget = || prop::sample::select(BUDGETS.to_vec()).prop_map(str::to_owned);
    let period = || prop::sample::select(vec![0, 60, 300, 1800]).prop_map(Period::seconds);
    let window = || prop::sample::select(vec![60, 300]).prop_map(Period::seconds);
    let most = || 1u32..4;
    let what = prop_oneof![
        4 => (key(), period())
            .prop_map(|(key, lease)| What::Take(Take::Lock { key: key.to_owned(), lease })),
        3 => (budget(), most()).prop_map(|(budget, most)| What::Take(Take::Run { budget, most })),
        2 => (key(), most(), window()).prop_map(|(key, most, window)| {
            What::Take(Take::Storm { resources: key.to_owned(), most, window })
        }),
        1 => window().prop_map(|window| What::Take(Take::Breaker { window })),
        2 => key().prop_map(|key| What::Release(Release::Lock { key: key.to_owned() })),
        2 => (key(), period()).prop_map(|(key, cool_down)| {
            What::Release(Release::EndOfRun { key: key.to_owned(), cool_down })
        }),
        2 => budget().prop_map(|budget| What::Release(Release::Run { budget })),
        2 => (key(), period(), budget(), most()).prop_map(|(key, lease, budget, most)| {
            What::Look(vec![
                Take::Lock { key: key.to_owned(), lease },
                Take::Run { budget, most },
            ])
        }),
    ];
    let rule = prop::sample::select(vec!["web", "cpu"]);
    let after = prop::sample::select(vec![0, 1, 59, 60, 61, 300, 1800]);
    let call = (0u128..3, rule, prop::bool::weighted(0.2), after, what);
    let call = call.prop_map(|(trigger, rule, observing, after, what)| Call {
        trigger,
        rule,
        observing,
        after,
        what,
    });
    prop::collection::vec(call, 1..60)
}

fn run(test: impl Future<Output = Result<(), TestCaseError>>) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(test)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Decisions are tested on [`Memory`]; so it must be what the table's conditions say.
    #[test]
    fn the_table_answers_every_take_as_the_memory_of_the_guardrails_does(calls in calls()) {
        run(async {
            let aws = Aws::at(BEGIN);
            let (table, mut memory, mut now) = (table(&aws), Memory::default(), begin());
            for Call { trigger, rule, observing, after, what } in calls {
                now += SignedDuration::from_secs(after);
                let taker = Taker { observing, ..taker(trigger, rule, now) };
                match &what {
                    What::Take(take) => {
                        let answer = table.take(&taker, take).await.unwrap();
                        prop_assert_eq!(answer, memory.take(&taker, take), "{:?}", take);
                    }
                    What::Release(release) => {
                        table.release(&taker, release).await.unwrap();
                        memory.release(&taker, release);
                    }
                    What::Look(takes) => {
                        let seen = table.look(&taker, takes).await.unwrap();
                        prop_assert_eq!(seen, memory.look(&taker, takes), "{:?}", takes);
                    }
                }
            }
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_is_in_items_of_these_keys() {
    let aws = Aws::at(BEGIN);
    let table = table(&aws);
    let window = Period::minutes(5);
    for observing in [false, true] {
        let taker = Taker { observing, ..taker(1, "web", begin()) };
        for take in [
            Take::Lock { key: RESOURCE.to_owned(), lease: Period::minutes(30) },
            Take::Run { budget: BUDGETS[0].to_owned(), most: 1 },
            Take::Run { budget: BUDGETS[1].to_owned(), most: 1 },
            Take::Storm { resources: RESOURCE.to_owned(), most: 1, window: window.clone() },
            Take::Breaker { window: window.clone() },
        ] {
            assert_eq!(table.take(&taker, &take).await.unwrap(), TakeAnswer::Taken, "{take:?}");
        }
    }
    let state = aws.state();
    let keys: Vec<String> =
        state.table.keys("").iter().map(|(pk, sk)| format!("{pk} / {sk}")).collect();
    assert_eq!(
        keys,
        [
            "budget#account#444455556666 / 1767322800",
            "budget#rule#web / 1767322800",
            "observed-budget#account#444455556666 / 1767322800",
            "observed-budget#rule#web / 1767322800",
            "observed-resource#444455556666#eu-west-1#i-1 / lock",
            "observed-storm#web / 1767326100",
            "observed-storm#web / open",
            "resource#444455556666#eu-west-1#i-1 / lock",
            "storm#web / 1767326100",
            "storm#web / open",
        ]
    );
    let lock = state.table.get(&format!("resource#{RESOURCE}"), "lock").unwrap();
    assert_eq!(lock["owner"]["S"], "00000000-0000-0000-0000-000000000001");
    assert_eq!(lock["leaseUntil"]["N"], "1767328140");
    let budget = state.table.get("budget#rule#web", "1767322800").unwrap();
    assert_eq!(budget["takers"], json!({"SS": ["00000000-0000-0000-0000-000000000001"]}));
}

/// The table's TTL may have removed it long ago.
#[tokio::test(start_paused = true)]
async fn a_release_makes_no_item() {
    let aws = Aws::at(BEGIN);
    let table = table(&aws);
    for release in [
        Release::Lock { key: RESOURCE.to_owned() },
        Release::EndOfRun { key: RESOURCE.to_owned(), cool_down: Period::minutes(30) },
        Release::Run { budget: BUDGETS[0].to_owned() },
    ] {
        table.release(&taker(1, "web", begin()), &release).await.unwrap();
    }
    assert!(aws.state().table.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_somebody_wrote_by_hand_is_an_error_that_names_it() {
    let aws = Aws::at(BEGIN);
    aws.state().table.put(&json!({
        "pk": {"S": format!("resource#{RESOURCE}")}, "sk": {"S": "lock"},
        "owner": {"S": "alice"}, "leaseUntil": {"N": "4102444800"},
    }));
    let take = Take::Lock { key: RESOURCE.to_owned(), lease: Period::minutes(30) };
    let error = table(&aws).take(&taker(1, "web", begin()), &take).await.unwrap_err();
    assert_eq!(error.what, format!("take the lock on {RESOURCE}"));
    assert_eq!(error.source.code, "MalformedItem");
    assert!(error.source.message.contains("alice"), "{error:?}");
}
