//! A replay of the writes gives the same organization, however often the clock was looked at.

use api::Service;
use serde_json::json;

use super::{MANAGEMENT, OUTSIDER, World};

#[test]
fn a_replay_of_the_writes_answers_and_emits_the_same() {
    let mut live = World::seeded();
    let root = live.root();
    let mut journal = Vec::new();
    let mut replies = Vec::new();
    let steps = [
        (MANAGEMENT, "CreateAccount", json!({ "AccountName": "a", "Email": "aa@example.com" })),
        (MANAGEMENT, "CreateOrganizationalUnit", json!({ "ParentId": root, "Name": "Prod" })),
        (MANAGEMENT, "CreateAccount", json!({ "AccountName": "b", "Email": "aa@example.com" })),
        (
            MANAGEMENT,
            "InviteAccountToOrganization",
            json!({ "Target": { "Type": "ACCOUNT", "Id": OUTSIDER } }),
        ),
        (MANAGEMENT, "CloseAccount", json!({ "AccountId": MANAGEMENT })),
        (OUTSIDER, "CreateOrganization", json!({})),
    ];
    for (account, operation, body) in steps {
        let request = live.request(account, operation, body);
        replies.push(live.service.call(&request, &mut live.events));
        journal.push(request);
        live.pass(0);
        live.pass(1);
    }
    live.pass_days(100);

    let mut replayed = World::seeded();
    for (request, reply) in journal.iter().zip(&replies) {
        assert_eq!(replayed.service.call(request, &mut replayed.events), *reply);
    }
    replayed.service.tick(live.now, &mut replayed.events);
    assert_eq!(replayed.events, live.events);
    assert_eq!(format!("{:?}", replayed.service), format!("{:?}", live.service));
    assert_eq!(live.service.next_due(), None);
}

#[test]
fn a_tick_changes_nothing_twice_and_the_next_is_known() {
    let mut world = World::seeded();
    assert_eq!(world.service.next_due(), None);
    world.manage("CreateAccount", json!({ "AccountName": "a", "Email": "aa@example.com" }));
    let due = world.service.next_due().expect("a creation");
    assert_eq!((due - world.now).as_secs(), 1);
    world.pass(1);
    let before = (world.events.len(), format!("{:?}", world.service));
    world.pass(0);
    assert_eq!((world.events.len(), format!("{:?}", world.service)), before);
    assert_eq!(world.service.next_due(), None);
}
