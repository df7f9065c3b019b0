//! A small organization, so that the benchmark keeps working: 40 accounts, 20 documents and 3 Regions.

#![expect(clippy::unwrap_used, reason = "this is test code: it fails by panicking")]
#![recursion_limit = "256"]

use bench_organization::Size;
use bench_organization::simulation::{self, Rates};
use serde_json::Value;

const SMALL: Size = Size { accounts: 40, units: 20, documents: 20, copied: 1, regions: 3 };

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_small_organization_is_shared_with_few_calls_and_a_steady_one_is_only_read() {
    let rates = Rates { ssm: 100.0, organizations: 10.0 };
    let report = simulation::run(&SMALL, rates).await.unwrap();
    for name in ["first", "steady", "drift"] {
        let pass = &report["passes"][name];
        let outcome = if name == "first" { "succeeded" } else { "none" };
        assert_eq!((&pass["outcome"], number(&pass["unfinished"])), (&outcome.into(), 0), "{pass}");
        assert!(number(&pass["largest"]["bytes"]) < 200_000, "{pass}");
        assert!(number(&pass["events"]) < 10_000, "{pass}");
        for (operation, counts) in pass["calls"].as_object().unwrap() {
            assert!(number(&counts["calls"]) >= number(&counts["fewest"]), "{operation}: {counts}");
        }
        let written = number(&pass["written"]);
        assert_eq!(written > 0, name == "first", "{written} writes in {name}");
    }
    let first = &report["passes"]["first"]["calls"];
    // Each document with the four accounts of its group.
    let changes = &first["ModifyDocumentPermission"];
    assert_eq!(number(&changes["calls"]) - number(&changes["refused"]), 3 * 20);
    assert_eq!(number(&first["CreateDocument"]["calls"]), 3 * 40);
}
