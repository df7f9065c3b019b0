//! GetServiceSetting, UpdateServiceSetting, ResetServiceSetting.

use serde_json::{Value, json};

use crate::support::{Aws, CONSUMER, OWNER};

const TIER: &str = "/ssm/parameter-store/default-parameter-tier";

fn get(aws: &mut Aws, account: &str, id: &str) -> Value {
    aws.ok(account, "GetServiceSetting", json!({ "SettingId": id }))["ServiceSetting"].clone()
}

#[test]
fn a_setting_has_awss_default_until_it_is_set_and_after_it_is_reset() {
    let mut aws = Aws::new();
    let default = get(&mut aws, OWNER, TIER);
    assert_eq!(
        default,
        json!({
            "SettingId": TIER, "SettingValue": "Standard", "LastModifiedDate": 1_555_532_571,
            "LastModifiedUser": "System", "Status": "Default",
            "ARN": format!("arn:aws:ssm:us-east-1:{OWNER}:servicesetting{TIER}"),
        })
    );
    let update = json!({ "SettingId": TIER, "SettingValue": "Advanced" });
    assert_eq!(aws.ok(OWNER, "UpdateServiceSetting", update), json!({}));
    let set = get(&mut aws, OWNER, TIER);
    assert_eq!((&set["SettingValue"], &set["Status"]), (&json!("Advanced"), &json!("Customized")));
    let by = format!("arn:aws:sts::{OWNER}:assumed-role/Admin/session@example");
    assert_eq!(set["LastModifiedUser"], by);
    assert_eq!(get(&mut aws, CONSUMER, TIER)["SettingValue"], "Standard");
    let elsewhere =
        aws.call_in("eu-west-1", OWNER, "GetServiceSetting", json!({ "SettingId": TIER }));
    assert_eq!(elsewhere.expect("known")["ServiceSetting"]["SettingValue"], "Standard");

    let reset = aws.ok(OWNER, "ResetServiceSetting", json!({ "SettingId": TIER }));
    assert_eq!(reset["ServiceSetting"], default);
    assert_eq!(get(&mut aws, OWNER, TIER), default);
}

#[test]
fn every_documented_setting_is_known_with_its_default() {
    let mut aws = Aws::new();
    for (id, default) in [
        ("/ssm/appmanager/appmanager-enabled", "False"),
        ("/ssm/automation/customer-script-log-destination", "None"),
        ("/ssm/automation/customer-script-log-group-name", "/aws/ssm/automation/executeScript"),
        ("/ssm/automation/enable-adaptive-concurrency", "False"),
        ("/ssm/documents/console/public-sharing-permission", "Enable"),
        ("/ssm/managed-instance/activation-tier", "standard"),
        ("/ssm/managed-instance/default-ec2-instance-management-role", "$None"),
        ("/ssm/opsinsights/opscenter", "Disabled"),
        ("/ssm/parameter-store/default-parameter-tier", "Standard"),
        ("/ssm/parameter-store/high-throughput-enabled", "false"),
    ] {
        assert_eq!(get(&mut aws, OWNER, id)["SettingValue"], default, "{id}");
    }
}

#[test]
fn a_setting_is_named_by_its_id_or_by_the_callers_own_arn() {
    let mut aws = Aws::new();
    let arn = |region: &str, account: &str| {
        format!("arn:aws:ssm:{region}:{account}:servicesetting{TIER}")
    };
    assert_eq!(get(&mut aws, OWNER, &arn("us-east-1", OWNER))["SettingId"], TIER);
    for id in [arn("eu-west-1", OWNER), arn("us-east-1", CONSUMER), "/ssm/nothing".to_owned()] {
        for (operation, value) in [
            ("GetServiceSetting", json!(null)),
            ("ResetServiceSetting", json!(null)),
            ("UpdateServiceSetting", json!("Standard")),
        ] {
            let mut body = json!({ "SettingId": id });
            if !value.is_null() {
                body["SettingValue"] = value;
            }
            assert_eq!(aws.code(OWNER, operation, body), "ServiceSettingNotFound", "{id}");
        }
    }
}

#[test]
fn a_value_must_be_one_that_the_setting_takes() {
    let mut aws = Aws::new();
    let error = aws.err(
        OWNER,
        "UpdateServiceSetting",
        json!({ "SettingId": TIER, "SettingValue": "Huge" }),
    );
    assert_eq!(error.code, "ValidationException");
    assert!(error.message.contains("Standard, Advanced, Intelligent-Tiering"), "{}", error.message);
    let free = json!({
        "SettingId": "/ssm/automation/customer-script-log-group-name", "SettingValue": "/any/group",
    });
    aws.ok(OWNER, "UpdateServiceSetting", free);
}
