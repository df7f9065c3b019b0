//! Tests of the ids.

use super::*;

#[test]
fn an_account_id_keeps_its_leading_zeros() {
    let id: AccountId = "000123456789".parse().unwrap();
    assert_eq!(id.to_string(), "000123456789");
    assert_eq!(serde_json::to_string(&id).unwrap(), "\"000123456789\"");
    assert_eq!(serde_json::from_str::<AccountId>("\"000123456789\"").unwrap(), id);
}

#[test]
fn what_is_not_twelve_digits_is_no_account_id() {
    for text in ["", "12345678901", "1234567890123", "12345678901a", "１２３４", " 11122223333"]
    {
        assert!(text.parse::<AccountId>().is_err(), "{text}");
    }
    let error = serde_json::from_str::<AccountId>("\"all\"").unwrap_err();
    assert!(error.to_string().starts_with("\"all\" is not an account id (12 digits)"), "{error}");
    assert!(serde_json::from_str::<AccountId>("111122223333").is_err(), "a number is not an id");
}

#[test]
fn regions_of_every_partition_have_the_shape_and_know_their_partition() {
    for code in Region::known() {
        let region: Region = code.parse().unwrap_or_else(|e| panic!("{e}"));
        assert!(region.is_known());
    }
    for (code, partition) in [
        ("us-east-1", Partition::Aws),
        ("mx-central-1", Partition::Aws),
        ("cn-north-1", Partition::AwsCn),
        ("us-gov-east-1", Partition::AwsUsGov),
        ("us-iso-west-1", Partition::AwsIso),
        ("us-isob-east-1", Partition::AwsIsoB),
        ("eu-isoe-west-1", Partition::AwsIsoE),
        ("us-isof-east-1", Partition::AwsIsoF),
        ("eusc-de-east-1", Partition::AwsEusc),
    ] {
        assert_eq!(code.parse::<Region>().unwrap().partition(), partition, "{code}");
    }
    for partition in Partition::ALL {
        assert_eq!(partition.organizations_region().partition(), partition);
        assert_eq!(partition.as_str().parse::<Partition>().unwrap(), partition);
    }
}

#[test]
fn a_region_nobody_knows_yet_is_still_a_region_but_a_zone_is_none() {
    assert!(!"zz-nowhere-7".parse::<Region>().unwrap().is_known());
    for text in ["us-east-1a", "us-east", "US-EAST-1", "global", "", "us--1", "us-east-1\n"] {
        assert!(text.parse::<Region>().is_err(), "{text}");
    }
}

#[test]
fn ids_have_the_shapes_of_the_service_model() {
    fn check<T: std::str::FromStr>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(text.parse::<T>().is_ok(), "{text}");
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text}");
        }
    }
    check::<DocumentName>(&["Org-A", "a.b", "A_1"], &["ab", "a:b", "a b", &"x".repeat(129)]);
    check::<RunbookName>(
        &["Org-A", "arn:aws:ssm:us-east-1:111122223333:document/Org-A:3"],
        &["ab", "a b", "{{x}}", &"x".repeat(129)],
    );
    check::<AutomationId>(
        &["333ba70b-2333-48db-b17e-a5e69c6f4d1c", "333BA70B-2333-48DB-B17E-A5E69C6F4D1C"],
        &["", "333ba70b233348dbb17ea5e69c6f4d1c", "{333ba70b-2333-48db-b17e-a5e69c6f4d}"],
    );
    check::<CreateAccountRequestId>(
        &["car-examplecreateaccountrequestid111"],
        &["car-short", "h-1"],
    );
    check::<HandshakeId>(&["h-examplehandshakeid111"], &["h-UPPERCASE1", "handshake"]);
    check::<RootId>(&["r-examplerootid111"], &["r-abc", "ou-abcd-12345678"]);
    check::<OrganizationalUnitId>(&["ou-examplerootid111-exampleouid111"], &["ou-abcd", "r-abcd"]);
    check::<ParentId>(&["r-abcd", "ou-abcd-12345678"], &["111122223333"]);
}

#[test]
fn a_runbooks_arn_knows_its_documents_name() {
    for text in [
        "Org-A",
        "arn:aws:ssm:us-east-1:111122223333:document/Org-A",
        "arn:aws-cn:ssm:cn-north-1:111122223333:document/Org-A:3",
    ] {
        assert_eq!(text.parse::<RunbookName>().unwrap().document(), "Org-A");
    }
}

#[test]
fn arns_take_their_partition_from_the_region() {
    let owner: AccountId = "000000000042".parse().unwrap();
    let name: DocumentName = "Org-Restart".parse().unwrap();
    let region: Region = "cn-north-1".parse().unwrap();
    assert_eq!(
        arn::document(&region, owner, &name),
        "arn:aws-cn:ssm:cn-north-1:000000000042:document/Org-Restart"
    );
    assert_eq!(
        arn::role(Partition::AwsUsGov, owner, "runbook-relay-share"),
        "arn:aws-us-gov:iam::000000000042:role/runbook-relay-share"
    );
}

#[test]
fn an_execution_has_a_console_link_where_the_console_is_known() {
    let arn = "arn:aws:states:eu-west-1:111122223333:execution:share-runbooks:join-1";
    assert_eq!(
        arn::execution_console_link(arn).unwrap(),
        format!(
            "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1\
             #/v2/executions/details/{arn}"
        )
    );
    assert_eq!(arn.parse::<Arn>().unwrap().execution_name(), Some("join-1"));
    assert_eq!(arn.parse::<Arn>().unwrap().to_string(), arn);
    let iso = "arn:aws-iso:states:us-iso-east-1:111122223333:execution:m:n";
    assert_eq!(arn::execution_console_link(iso), None);
    assert_eq!(arn::execution_console_link("arn:aws:iam::111122223333:role/x"), None);
}

#[test]
fn an_installation_is_named_so_that_every_name_made_of_it_fits() {
    for valid in ["runbook-relay", "qa", "team2", &format!("a{}b", "-".repeat(30))] {
        assert_eq!(valid.parse::<InstallationId>().unwrap().to_string(), valid);
    }
    for invalid in
        ["", "a", "2team", "-team", "team-", "Team", "te_am", "aws-team", "ssm", &"a".repeat(33)]
    {
        assert!(invalid.parse::<InstallationId>().is_err(), "{invalid}");
    }
    assert_eq!(InstallationId::default(), "runbook-relay".parse().unwrap());
}
