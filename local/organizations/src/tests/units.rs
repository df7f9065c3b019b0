//! Organizations, roots, units and their tags.

use serde_json::json;

use super::{MANAGEMENT, OUTSIDER, World, each, text};

#[test]
fn whoever_makes_an_organization_manages_it_with_service_control_policies_enabled() {
    let mut world = World::empty();
    let made = world.ok(OUTSIDER, "CreateOrganization", json!({}));
    assert_eq!(made, world.ok(OUTSIDER, "DescribeOrganization", json!({})));
    assert_eq!(made["Organization"]["FeatureSet"], "ALL");
    assert_eq!(made["Organization"]["MasterAccountId"], OUTSIDER);
    let roots = world.ok(OUTSIDER, "ListRoots", json!({}))["Roots"].clone();
    assert_eq!(
        roots[0]["PolicyTypes"],
        json!([{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }])
    );
    assert_eq!(world.service.management_account_of(OUTSIDER), Some(OUTSIDER));
    world.ok(OUTSIDER, "DeleteOrganization", json!({}));
    assert_eq!(world.service.organization_of(OUTSIDER), None);
}

#[test]
fn seeding_an_account_twice_gives_the_same_organization() {
    let mut world = World::seeded();
    let first = world.service.organization_of(MANAGEMENT).expect("one").to_owned();
    let again = world.service.seed_organization(MANAGEMENT, uuid::Uuid::from_u128(8), world.now);
    assert_eq!(again, first);
}

#[test]
fn units_nest_five_deep_and_know_their_paths() {
    let mut world = World::seeded();
    let root = world.root();
    let organization = world.service.organization_of(MANAGEMENT).expect("one").to_owned();
    let (mut parent, mut path) = (root.clone(), format!("{organization}/{root}/"));
    for level in 1..=5 {
        parent = world.unit(&parent, &format!("Level {level}"));
        path = format!("{path}{parent}/");
    }
    let id = json!({ "OrganizationalUnitId": parent });
    let unit = world.manage("DescribeOrganizationalUnit", id);
    assert_eq!(unit["OrganizationalUnit"]["Path"], path);
    let body = json!({ "ParentId": parent, "Name": "Level 6" });
    assert_eq!(
        world.fails(MANAGEMENT, "CreateOrganizationalUnit", body),
        "ConstraintViolationException OU_DEPTH_LIMIT_EXCEEDED"
    );
}

#[test]
fn a_units_name_is_unique_under_its_parent_and_can_change() {
    let mut world = World::seeded();
    let root = world.root();
    let (one, two) = (world.unit(&root, "One"), world.unit(&root, "Two"));
    world.unit(&one, "Two");
    let rename = |id: &str, name: &str| json!({ "OrganizationalUnitId": id, "Name": name });
    assert_eq!(
        world.fails(MANAGEMENT, "UpdateOrganizationalUnit", rename(&two, "One")),
        "DuplicateOrganizationalUnitException"
    );
    world.manage("UpdateOrganizationalUnit", rename(&two, "Two"));
    world.manage("UpdateOrganizationalUnit", rename(&two, "Three"));
    let units = world.manage("ListOrganizationalUnitsForParent", json!({ "ParentId": root }));
    let mut names = each(&units["OrganizationalUnits"], "Name");
    names.sort();
    assert_eq!(names, ["One", "Three"]);
}

#[test]
fn only_an_empty_unit_can_be_deleted() {
    let mut world = World::seeded();
    let root = world.root();
    let outer = world.unit(&root, "Outer");
    let inner = world.unit(&outer, "Inner");
    let delete = |id: &str| json!({ "OrganizationalUnitId": id });
    assert_eq!(
        world.fails(MANAGEMENT, "DeleteOrganizationalUnit", delete(&outer)),
        "OrganizationalUnitNotEmptyException"
    );
    world.manage("DeleteOrganizationalUnit", delete(&inner));
    world.manage("DeleteOrganizationalUnit", delete(&outer));
    let children = json!({ "ParentId": root, "ChildType": "ORGANIZATIONAL_UNIT" });
    assert_eq!(world.manage("ListChildren", children)["Children"], json!([]));
    let accounts = json!({ "ParentId": root, "ChildType": "ACCOUNT" });
    assert_eq!(each(&world.manage("ListChildren", accounts)["Children"], "Id"), [MANAGEMENT]);
}

#[test]
fn tags_are_added_replaced_and_removed_on_every_kind_of_resource() {
    let mut world = World::seeded();
    let root = world.root();
    let unit = world.unit(&root, "Unit");
    let policy = world.policy("SERVICE_CONTROL_POLICY", "deny", &super::deny("s3:*"));
    let content = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": "organizations:ListPolicies",
            "Resource": "*",
        }],
    });
    let resource_policy =
        world.manage("PutResourcePolicy", json!({ "Content": content.to_string() }));
    let resource_policy = text(&resource_policy["ResourcePolicy"]["ResourcePolicySummary"]["Id"]);
    for resource in [MANAGEMENT, &root, &unit, &policy, &resource_policy] {
        for value in ["a", "b"] {
            let tags = json!([{ "Key": "k", "Value": value }, { "Key": "team", "Value": "" }]);
            world.manage("TagResource", json!({ "ResourceId": resource, "Tags": tags }));
        }
        let untag = json!({ "ResourceId": resource, "TagKeys": ["team", "absent"] });
        world.manage("UntagResource", untag);
        let tags = world.manage("ListTagsForResource", json!({ "ResourceId": resource }));
        assert_eq!(tags["Tags"], json!([{ "Key": "k", "Value": "b" }]), "{resource}");
    }
}

#[test]
fn an_organization_with_members_cannot_be_deleted() {
    let mut world = World::seeded();
    let body = json!({ "AccountName": "prod", "Email": "prod@example.com" });
    world.manage("CreateAccount", body);
    let refused = "OrganizationNotEmptyException";
    assert_eq!(world.fails(MANAGEMENT, "DeleteOrganization", json!({})), refused);
    world.pass(1);
    assert_eq!(world.fails(MANAGEMENT, "DeleteOrganization", json!({})), refused);
}
