//! Credentials as people have them, and what is said when there are none.

use expect_test::expect;

use crate::relay::Relay;
use crate::stub::Stub;

const CONFIG: &str = "\
[profile keys]
aws_access_key_id = AKIAPROFILE
aws_secret_access_key = secret
region = eu-west-1

[profile chain]
role_arn = arn:aws:iam::111122223333:role/Operator
source_profile = keys
region = eu-west-1

[profile process]
credential_process = /bin/sh credentials.sh
region = eu-west-1

[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1

[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Operator
region = eu-west-1

[profile login]
login_session = arn:aws:iam::111122223333:user/me
region = eu-west-1
";

/// Where the AWS CLI keeps the token of the session `corp`: the name's SHA-1.
const TOKEN: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

fn relay(stub: &Stub) -> Relay {
    let relay = Relay::new().set("AWS_ENDPOINT_URL", &stub.url);
    relay.file(".aws/config", CONFIG);
    relay.file(
        "rules/sharing/baseline.yaml",
        "documents: {names: [\"Org-*\"]}\nregions: [us-east-1]\naccounts: {in: [organization]}\n",
    );
    relay.file(
        "credentials.sh",
        "echo '{\"Version\": 1, \"AccessKeyId\": \"AKIAPROCESS\", \"SecretAccessKey\": \"secret\"}'\n",
    );
    relay
}

/// Who signed the first call for the command's own business, and in which Region.
fn signer(stub: &Stub) -> (String, String) {
    let calls = stub.state().calls.clone();
    let call = calls.iter().find(|call| call.operation == "GetCallerIdentity");
    call.map(|call| (call.key.clone(), call.region.clone())).unwrap()
}

#[test]
fn keys_roles_processes_and_identity_center_all_sign() {
    for (profile, key) in [
        ("keys", "AKIAPROFILE"),
        ("chain", "ASIAROLE"),
        ("process", "AKIAPROCESS"),
        ("sso", "ASIASSO"),
    ] {
        let stub = Stub::deployed();
        let relay = relay(&stub);
        relay.file(
            TOKEN,
            r#"{"accessToken": "token", "expiresAt": "2099-01-01T00:00:00Z", "region": "eu-west-1",
                "startUrl": "https://corp.awsapps.com/start"}"#,
        );
        let ran = relay.run(&["rules", "plan", "--profile", profile]);
        assert_eq!(ran.code, 2, "{profile}: {}", ran.err);
        assert_eq!(signer(&stub), (key.to_owned(), "eu-west-1".to_owned()), "{profile}");
    }
}

#[test]
fn a_profile_named_by_flag_comes_before_the_environment_and_a_region_by_flag_before_all() {
    let stub = Stub::deployed();
    let relay = relay(&stub)
        .set("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
        .set("AWS_SECRET_ACCESS_KEY", "secret")
        .set("AWS_REGION", "us-west-2");
    relay.run(&["rules", "plan", "--profile", "keys"]);
    assert_eq!(signer(&stub), ("AKIAPROFILE".into(), "us-west-2".into()));
    stub.state().calls.clear();
    relay.run(&["--region", "us-east-1", "rules", "plan"]);
    assert_eq!(signer(&stub), ("AKIAENVIRONMENT".into(), "us-east-1".into()));
}

#[test]
fn without_credentials_one_message_says_what_was_tried_and_what_to_do() {
    let stub = Stub::deployed();
    let none = Relay::new().set("AWS_REGION", "us-east-1").set("AWS_ENDPOINT_URL", &stub.url);
    none.file(
        "rules/sharing/baseline.yaml",
        "documents: {names: [\"Org-*\"]}\nregions: [us-east-1]\naccounts: {in: [organization]}\n",
    );
    let ran = none.run(&["rules", "plan"]);
    expect![[r#"
        exit code 1
        error: no AWS credentials found
        help: Tried: the environment (AWS_ACCESS_KEY_ID), the profile of AWS_PROFILE or `default` in ~/.aws, a web identity token, a container's role, an instance's role.
        help: Sign in with `aws login` or `aws sso login`, or name a profile with --profile.
    "#]].assert_eq(&ran.story(none.home.path()));
    assert_eq!(stub.state().calls, []);
}

#[test]
fn an_expired_sign_in_says_which_command_signs_in_again() {
    let stub = Stub::deployed();
    let relay = relay(&stub);
    for (profile, said) in [
        ("sso", "Sign in again: `aws sso login --profile sso`."),
        ("login", "Sign in again: `aws login --profile login`."),
        ("nobody", "`aws configure list-profiles` shows the profiles there are."),
    ] {
        let ran = relay.run(&["rules", "plan", "--profile", profile]);
        assert_eq!(ran.code, 1, "{profile}");
        assert!(ran.err.contains(said), "{profile}: {}", ran.err);
        assert!(!ran.err.contains("Error {"), "{profile} dumps: {}", ran.err);
    }
}

#[test]
fn without_a_region_the_flag_and_the_variable_are_named() {
    let relay = Relay::new().set("AWS_ACCESS_KEY_ID", "a").set("AWS_SECRET_ACCESS_KEY", "b");
    relay.file("runbooks/Relay-Wait.yaml", crate::runbooks::WAIT);
    let ran = relay.run(&["runbooks", "diff"]);
    expect![[r#"
        exit code 1
        error: no Region is configured
        help: Name the Region of the hub's stack: --region, AWS_REGION, or `region` in the profile.
    "#]]
    .assert_eq(&ran.story(relay.home.path()));
}
