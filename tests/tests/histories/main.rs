//! Whole histories of an organization: accounts come, move and go, OUs are renamed, documents and rules are made and
//! deleted, people share by hand. Events of all that are lost, repeated and reordered, executions are stopped anywhere
//! or work from an old plan, and calls fail. After one reconcile the shares are what the rules say, and those that
//! somebody else made stand.
//!
//! The functions run as the state machine calls them, on an AWS in memory and in virtual time.

#![expect(clippy::unwrap_used, reason = "this is test code: it fails by panicking")]

mod step;
mod world;

use std::time::Duration;

use proptest::prelude::*;

use crate::step::{Step, step};
use crate::world::World;

async fn check(history: Vec<Step>) -> Result<(), TestCaseError> {
    let mut world = World::new();
    for step in history {
        world.step(step).await;
        let stands = world.foreign.is_subset(&world.shared());
        prop_assert!(stands, "a share of somebody else is gone");
    }
    world.aws.heal();
    world.mend();
    // For a quarter of an hour the list of accounts may lack one that was planned for: it keeps what it has.
    tokio::time::sleep(Duration::from_secs(16 * 60)).await;
    world.reconcile().await;
    let expected = &world.wanted() | &world.foreign;
    prop_assert_eq!(world.shared(), expected);
    world.aws.forget_calls();
    world.reconcile().await;
    prop_assert_eq!(world.aws.count("ModifyDocumentPermission"), 0, "the steady state only reads");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn after_one_reconcile_shares_are_what_the_rules_say_and_those_of_others_stand(
        history in prop::collection::vec(step(), 0..40)
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(check(history))?;
    }
}
