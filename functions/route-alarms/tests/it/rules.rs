//! The intake and its rules: how often they are read, and what cannot be read or used.

use std::time::Duration;

use aws_double::{Fault, HUB};
use serde_json::{Value, json};

use crate::world::{NONE, NOW, RULE, World, again, event, ruled};

#[tokio::test(start_paused = true)]
async fn rules_that_cannot_be_read_are_not_an_absence_of_rules() {
    let world = ruled();
    world.aws.on("GetParametersByPath").times(10).fails(Fault::Denied);
    for _ in 0..3 {
        assert_eq!(world.batch(&[event()]).await, ["m-0"]);
    }
    let outcomes = world.state().outcomes();
    let [outcome] = &outcomes[..] else { panic!("one outcome: {outcomes:#?}") };
    assert_eq!(outcome["problems"][0]["code"], "RulesUnreadable");
    world.aws.heal();
    assert_eq!(world.batch(&[event()]).await, NONE);
    assert_eq!(world.executions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn rules_are_read_once_for_many_messages_and_again_after_a_quarter_of_a_minute() {
    let world = ruled();
    assert_eq!(world.batch(&[event(), again(10), again(20)]).await, NONE);
    assert_eq!(world.aws.count("GetParametersByPath"), 1);
    tokio::time::advance(Duration::from_secs(15)).await;
    assert_eq!(world.batch(&[again(30)]).await, NONE);
    assert_eq!(world.aws.count("GetParametersByPath"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_kill_switch_that_cannot_be_read_counts_as_pulled() {
    for text in ["mode: off\nreason: drill", "mode: onn"] {
        let world = ruled();
        world.control(text);
        assert_eq!(world.batch(&[event()]).await, NONE);
        assert!(world.executions().is_empty(), "{text}");
        let outcomes = world.state().outcomes();
        let held = outcomes.last().unwrap();
        assert_eq!(held["problems"][0]["code"], "KillSwitch", "{text}");
    }
    let world = ruled();
    world.aws.on("GetParameter").times(10).fails(Fault::Throttled);
    assert_eq!(world.batch(&[event()]).await, ["m-0"], "what passes is waited for");
}

#[tokio::test(start_paused = true)]
async fn an_invalid_rule_is_left_out_and_published_when_it_appears_and_when_it_is_mended() {
    let world = ruled();
    world.rule("broken", "alarm: {names: [x]}\nladderr: []\n");
    for _ in 0..2 {
        assert_eq!(world.batch(&[event()]).await, NONE);
        tokio::time::advance(Duration::from_secs(16)).await;
    }
    // Another instance of the function.
    let fresh = world.another();
    assert_eq!(fresh.batch(&[again(10)]).await, NONE);
    assert_eq!(world.executions().len(), 1);
    let outcomes = world.state().outcomes();
    let problems: Vec<&Value> =
        outcomes.iter().filter(|outcome| outcome["outcome"] == "failed").collect();
    let [outcome] = problems[..] else { panic!("{outcomes:#?}") };
    let place = outcome["problems"][0]["where"].as_str().unwrap();
    assert!(place.contains("/runbook-relay/remediation/broken"), "{place}");

    world.rule("broken", "alarm: {names: [x]}\nresource: {dimension: InstanceId}\nladder: [{runbook: Relay-RebootInstance}]\n");
    for instance in [&fresh, &world] {
        tokio::time::advance(Duration::from_secs(16)).await;
        assert_eq!(instance.batch(&[again(20)]).await, NONE);
    }
    let outcomes = world.state().outcomes();
    let is_mended =
        |outcome: &&Value| outcome["solved"].as_array().is_some_and(|solved| !solved.is_empty());
    let mended: Vec<&Value> = outcomes.iter().filter(is_mended).collect();
    let [outcome] = mended[..] else { panic!("{outcomes:#?}") };
    assert_eq!(
        (&outcome["outcome"], &outcome["solved"][0]["where"]),
        (&"succeeded".into(), &place.into())
    );

    // The same fault once more.
    world.rule("broken", "alarm: {names: [x]}\nladderr: []\n");
    for instance in [&fresh, &world] {
        tokio::time::advance(Duration::from_secs(16)).await;
        assert_eq!(instance.batch(&[again(30)]).await, NONE);
    }
    let failed = |outcome: &&Value| outcome["outcome"] == "failed";
    assert_eq!(world.state().outcomes().iter().filter(failed).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_ou_that_was_renamed_is_neither_forgotten_nor_acted_in() {
    for (gone, field) in [
        ("/Workloads", "exclude"),
        ("ou-root-workload", "exclude"),
        ("/Workloads", "accounts"),
        ("ou-root-workload", "accounts"),
    ] {
        let world = World::at(NOW);
        let rule = |selector: &str| RULE.replace("names:", &format!("{selector}, names:"));
        world.rule("a-spares", &rule(&format!("{field}: [{gone}]")));
        world.rule("b-acts", RULE);
        world.state().organization.unit("ou-root-renamedd", "r-root", "Production");
        world.state().organization.member(HUB, "ou-root-renamedd");
        assert_eq!(world.batch(&[event(), again(10)]).await, NONE);
        assert!(world.executions().is_empty(), "{field} {gone}");
        let outcomes = world.state().outcomes();
        assert_eq!(outcomes.len(), 1, "published once, then as a digest: {outcomes:#?}");
        assert_eq!(outcomes[0]["outcome"], "failed");
        assert_eq!(outcomes[0]["rules"], json!(["a-spares"]));
        let problem = &outcomes[0]["problems"][0];
        assert_eq!(problem["code"], "UnknownOrganizationalUnit");
        let what = problem["what"].as_str().unwrap();
        assert!(what.starts_with(&format!("the organization has no OU {gone}: ")), "{what}");
        let listed = world.aws.count("ListOrganizationalUnitsForParent");
        let asked = listed + world.aws.count("DescribeOrganizationalUnit");
        let pages = 1 + usize::from(gone.starts_with('/'));
        assert_eq!(asked, 1 + pages, "the account's own OU and the rule's, once: {field} {gone}");

        // With the new name, the rule is clear again.
        let world = world.another();
        world.rule("a-spares", &rule("exclude: [/Production]"));
        world.rule("b-acts", &rule("exclude: [/Production]"));
        assert_eq!(world.batch(&[again(20)]).await, NONE);
        assert!(world.executions().is_empty());
        assert_eq!(world.state().outcomes().len(), 1, "no rule is about it, which has no outcome");
    }
}
