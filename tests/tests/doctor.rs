//! `relay doctor` on the deployed suite: what is well is said to be, and each planted fault is found with
//! its remedy.
#![cfg(feature = "end-to-end")]

use std::process::Command;

use anyhow::{Context, Result, ensure};
use aws_sdk_ssm::types::ParameterType;
use harness::{HOME_REGION, HUB, build, deploy, python};
use serde_json::{Value, json};
use tests::{World, run};

/// Of the hub that every world has. The exit code and the findings, each as `verdict check: what | remedy`.
fn doctor(world: &World) -> Result<(Option<i32>, Vec<String>)> {
    doctor_in(world, HOME_REGION)
}

fn doctor_in(world: &World, region: &str) -> Result<(Option<i32>, Vec<String>)> {
    let ran = Command::new(build::binary("relay"))
        .args(["doctor", "--output", "json"])
        .env_clear()
        .env("AWS_ENDPOINT_URL", &world.local.endpoint)
        .env("AWS_REGION", region)
        .env("AWS_ACCESS_KEY_ID", HUB)
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .output()?;
    let out = String::from_utf8(ran.stdout)?;
    let report: Value = serde_json::from_str(&out)
        .with_context(|| format!("{out}{}", String::from_utf8_lossy(&ran.stderr)))?;
    let findings = report["findings"].as_array().context("findings are a list")?.iter();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let line = |finding: &Value| {
        let [verdict, check, what, remedy] =
            ["verdict", "check", "what", "remedy"].map(|key| text(finding, key));
        format!("{verdict} {check}: {what} | {remedy}")
    };
    Ok((ran.status.code(), findings.map(line).collect()))
}

fn has(findings: &[String], begin: &str, remedy: &str) -> Result<()> {
    let found = findings.iter().any(|line| line.starts_with(begin) && line.contains(remedy));
    ensure!(found, "no `{begin}` with `{remedy}` in {findings:#?}");
    Ok(())
}

/// Runs commands in a shell of the hub, with the real AWS CLI.
fn paste(world: &World, commands: &str) -> Result<String> {
    let tools = python::ensure_venv()?;
    let tools = tools.parent().context("the interpreter has a folder")?;
    // Version 1 of the CLI has an endpoint of its own for SQS.
    let commands =
        format!("aws() {{ command aws --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"; }}\n{commands}");
    let ran = Command::new("bash")
        .args(["-eu", "-o", "pipefail", "-c", &commands])
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", tools.display()))
        .env("AWS_ENDPOINT_URL", &world.local.endpoint)
        .env("AWS_REGION", HOME_REGION)
        .env("AWS_DEFAULT_REGION", HOME_REGION)
        .env("AWS_ACCESS_KEY_ID", HUB)
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .output()?;
    ensure!(ran.status.success(), "{commands}\n{}", String::from_utf8_lossy(&ran.stderr));
    Ok(String::from_utf8(ran.stdout)?)
}

/// The finding that begins so is there; its remedy, pasted, is all that it takes.
fn is_cured(world: &World, begin: &str, after: &str) -> Result<()> {
    let (_, ill) = doctor(world)?;
    has(&ill, begin, "aws ")?;
    let finding = ill.iter().find(|line| line.starts_with(begin)).context("a finding")?;
    let (_, remedy) = finding.split_once(" | ").context("a finding has a remedy")?;
    paste(world, remedy)?;
    let (_, well) = doctor(world)?;
    ensure!(!well.iter().any(|line| line.starts_with(begin)), "still there: {well:#?}");
    has(&well, after, "")
}

/// A call of CloudTrail in the hub.
async fn trail(world: &World, operation: &str, input: Value) -> Result<()> {
    let target = format!("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{operation}");
    let headers =
        [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
    let client = aws::signed::Signed::new(&world.stack.hub, "cloudtrail");
    let (status, body) = client.post(operation, &headers, input.to_string()).await?;
    ensure!(status == 200, "{operation}: {status} {body}");
    Ok(())
}

#[test]
fn each_planted_fault_is_found_with_its_remedy_and_nothing_else_is() {
    run(|world| async move {
        let ssm = world.ssm(HUB, HOME_REGION).await;
        let put = async |name: &str, value: &str| {
            let put = ssm.put_parameter().name(name).value(value).overwrite(true);
            put.r#type(ParameterType::String).send().await.map(drop)
        };
        let (_, well) = doctor(world)?;
        for check in [
            "version",
            "dead letters",
            "policies",
            "concurrency",
            "automations",
            "organization",
            "forwarding",
            "kill switch",
        ] {
            has(&well, &format!("ok {check}: "), "")?;
        }
        has(
            &well,
            "unknown target accounts: there is no StackSet runbook-relay-target-account",
            "docs/deploy.md",
        )?;
        has(&well, "warning rules: there are none", "relay rules apply")?;
        has(&well, "problem CloudTrail: no trail of ", "aws cloudtrail create-trail ")?;

        trail(
            world,
            "CreateTrail",
            json!({"Name": "all", "S3BucketName": "trail", "IsMultiRegionTrail": true}),
        )
        .await?;
        is_cured(world, "problem CloudTrail: no trail of ", "ok CloudTrail: ")?;
        put(
            "/runbook-relay/sharing/gone",
            "documents: {names: [\"Org-*\"]}\nregions: [us-east-1]\naccounts: {in: [/Nowhere]}\n",
        )
        .await?;
        put(
            "/runbook-relay/remediation/none",
            "alarm: {names: [a-*], exclude: [ou-abcd-00000009]}\nresource: {dimension: InstanceId}\n\
             ladder: [{runbook: Relay-None}]\n",
        )
        .await?;
        put("/runbook-relay/remediation/broken", "alarm: {}\n").await?;
        put("/runbook-relay/control", "mode: off\nreason: drill\n").await?;
        let sqs = aws_sdk_sqs::Client::new(&world.stack.hub);
        let queue = world.stack.output("AlarmDeadLetterQueueUrl")?;
        sqs.send_message().queue_url(queue).message_body("{}").send().await?;

        let (code, ill) = doctor(world)?;
        ensure!(code == Some(2), "{code:?}: {ill:#?}");
        has(&ill, "ok CloudTrail: ", "")?;
        has(&ill, "warning kill switch: the suite is on `off`: drill", "docs/operate.md")?;
        has(&ill, "problem dead letters: 1 in ", "relay replay ")?;
        let rules = "problem rules: /runbook-relay/";
        has(
            &ill,
            &format!(
                "{rules}sharing/gone:3:17 (accounts.in[0]): the organization has no OU /Nowhere"
            ),
            "id",
        )?;
        has(
            &ill,
            &format!(
                "{rules}remediation/none:1:33 (alarm.exclude[0]): the organization has no OU ou-"
            ),
            "id",
        )?;
        has(&ill, &format!("{rules}remediation/none"), "")?;
        ensure!(ill.iter().any(|line| line.contains("[RunbookNotFound]")), "{ill:#?}");
        has(&ill, &format!("{rules}remediation/broken"), "")?;
        closed_and_taken(world).await?;
        shut_out(world)?;
        nearly_full(world).await?;
        abroad(world).await
    });
}

/// Services that a key, or a queue, no longer lets in.
fn shut_out(world: &World) -> Result<()> {
    let queue = world.stack.output("IntakeQueueUrl")?;
    let shut = r#"
KEY=$(aws sqs get-queue-attributes --queue-url QUEUE --attribute-names KmsMasterKeyId --query Attributes.KmsMasterKeyId --output text)
POLICY=$(aws kms get-key-policy --key-id "$KEY" --policy-name default --query Policy --output text |
    sed 's/events.amazonaws.com/backup.amazonaws.com/; s/cloudwatch.amazonaws.com/backup.amazonaws.com/g')
aws kms put-key-policy --key-id "$KEY" --policy-name default --policy "$POLICY"
"#;
    paste(world, &shut.replace("QUEUE", queue))?;
    let (_, ill) = doctor(world)?;
    let key = ill.iter().find(|line| line.starts_with("problem policies: the policy of the key "));
    let key = key.with_context(|| format!("{ill:#?}"))?;
    ensure!(key.contains("let cloudwatch.amazonaws.com and events.amazonaws.com use it"), "{key}");
    is_cured(world, "problem policies: the policy of the key ", "ok policies: ")?;

    paste(
        world,
        &format!(
            "aws sqs set-queue-attributes --queue-url {queue} --attributes '{{\"Policy\": \"\"}}'"
        ),
    )?;
    let begin =
        format!("problem policies: the policy of {queue} does not let events.amazonaws.com");
    is_cured(world, &begin, "ok policies: ")?;

    let closed = r#"
POLICY=$(aws sqs get-queue-attributes --queue-url QUEUE --attribute-names Policy --query Attributes.Policy --output text)
ATTRIBUTES=$(python3 - "$POLICY" <<'END'
import json, sys
policy = json.loads(sys.argv[1])
policy["Statement"].append({"Sid": "Closed", "Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"})
print(json.dumps({"Policy": json.dumps(policy)}))
END
)
aws sqs set-queue-attributes --queue-url QUEUE --attributes "$ATTRIBUTES"
"#;
    paste(world, &closed.replace("QUEUE", queue))?;
    let begin = format!("problem policies: the statement Closed in the policy of {queue} denies");
    is_cured(world, &begin, "ok policies: ")
}

/// Quotas that the suite is about to run into.
async fn nearly_full(world: &World) -> Result<()> {
    world.local.relay("POST", "quotas", &json!({"lambdaConcurrency": 10})).await?;
    let (_, ill) = doctor(world)?;
    world.local.relay("POST", "quotas", &json!({"lambdaConcurrency": null})).await?;
    has(
        &ill,
        "warning concurrency: the account has 10 concurrent invocations and a join takes up to 10",
        "--parameter-overrides ShareMaximumConcurrency=5",
    )?;
    has(&ill, "warning concurrency", "aws service-quotas request-service-quota-increase ")?;

    let ssm = world.ssm(HUB, HOME_REGION).await;
    let document = |name: &str, step: &str| {
        let content = format!("schemaVersion: '0.3'\nmainSteps:\n- name: one\n{step}");
        ssm.create_document()
            .name(name)
            .content(content)
            .document_format(aws_sdk_ssm::types::DocumentFormat::Yaml)
            .document_type(aws_sdk_ssm::types::DocumentType::Automation)
    };
    let sleep = "  action: aws:sleep\n  inputs: {Duration: PT1H}\n";
    document("Org-Slow", sleep).send().await?;
    for _ in 0..85 {
        ssm.start_automation_execution().document_name("Org-Slow").send().await?;
    }
    // Its runbook takes no role, and the rule gives one.
    ssm.put_parameter()
        .name("/runbook-relay/remediation/without-role")
        .value(
            "alarm: {names: [b-*]}\nresource: {dimension: InstanceId}\nladder: [{runbook: Org-Slow}]\n\
             run: {serviceRole: \"arn:aws:iam::111122223333:role/runbook-relay/some\"}\n",
        )
        .r#type(ParameterType::String)
        .send()
        .await?;
    document("Org-Crowded", sleep).send().await?;
    let ids: Vec<String> = (0..900).map(|n| format!("{:012}", 500_000_000_000_u64 + n)).collect();
    for ids in ids.chunks(20) {
        ssm.modify_document_permission()
            .name("Org-Crowded")
            .permission_type(aws_sdk_ssm::types::DocumentPermissionType::Share)
            .set_account_ids_to_add(Some(ids.to_vec()))
            .send()
            .await?;
    }
    ssm.put_parameter()
        .name("/runbook-relay/sharing/others")
        .value("documents: {owner: \"222233334444\", names: [\"X-*\"]}\nregions: [us-east-1]\naccounts: {in: [organization]}\n")
        .r#type(ParameterType::String)
        .send()
        .await?;
    let (_, ill) = doctor(world)?;
    let role = ill.iter().find(|line| line.contains("[AssumeRoleNotTaken]"));
    ensure!(role.is_some_and(|line| line.contains("remediation/without-role")), "{ill:#?}");
    has(&ill, "warning automations: 85 of 100 are running", "aws ssm stop-automation-execution")?;
    has(
        &ill,
        "warning shares: Org-Crowded is shared with 900 accounts",
        "relay plan --by document",
    )?;
    has(
        &ill,
        "unknown shares: with how many accounts the documents of 222233334444",
        "aws ssm describe-document-permission",
    )
}

/// A hub in another Region than the organization's events: nothing forwards them, or a stack does so from the wrong Region.
async fn abroad(world: &World) -> Result<()> {
    const REGION: &str = "eu-west-1";
    let config = world.account(HUB, REGION).await;
    deploy::suite(
        &config,
        &[
            ("InstallationId", "abroad".to_owned()),
            ("OrganizationId", world.stack.seeded.organization.clone()),
        ],
    )
    .await?;
    let (_, ill) = doctor_in(world, REGION)?;
    let remedy = "aws cloudformation deploy --region us-east-1 --template-file dist/stacks/management-account.yaml";
    has(&ill, "problem forwarding: the organization's events are in us-east-1", remedy)?;
    let parameters = [
        ("InstallationId", "abroad".to_owned()),
        ("HubAccount", HUB.to_owned()),
        ("HubRegion", REGION.to_owned()),
    ];
    let (name, file) = ("abroad-management-account", "management-account.yaml");
    deploy::stack(&config, name, file, &parameters).await?;
    let (_, ill) = doctor_in(world, REGION)?;
    has(
        &ill,
        &format!("problem forwarding: {name} is in {REGION}"),
        "delete-stack --region eu-west-1",
    )?;
    let client = aws_sdk_cloudformation::Client::new(&config);
    client.delete_stack().stack_name(name).send().await?;
    tests::until("the stack to be deleted", || async {
        let there = client.describe_stacks().stack_name(name).send().await;
        Ok(there.is_err().then_some(()))
    })
    .await?;
    deploy::stack(&world.stack.hub, name, file, &parameters).await?;
    let (_, well) = doctor_in(world, REGION)?;
    has(&well, &format!("ok forwarding: {name} in us-east-1 forwards to the hub"), "")
}

/// A topic that lets nobody in, a StackSet in an account where somebody made a role of the same name, and an account without it.
async fn closed_and_taken(world: &World) -> Result<()> {
    let sns = aws_sdk_sns::Client::new(&world.stack.hub);
    let topic = world.stack.output("OutcomeTopicArn")?;
    let attributes = sns.get_topic_attributes().topic_arn(topic).send().await?;
    let policy = attributes.attributes.unwrap_or_default().remove("Policy").context("a policy")?;
    let set = async |policy: &str| {
        let set = sns.set_topic_attributes().topic_arn(topic).attribute_name("Policy");
        set.attribute_value(policy).send().await.map(drop)
    };
    let closed = policy.replace("cloudwatch.amazonaws.com", "backup.amazonaws.com");
    ensure!(closed != policy, "{policy}");
    set(&closed).await?;
    let taken = world.create_account("taken").await?.account;
    let well = world.create_account("well").await?.account;
    role_in(world, &taken).await?;
    stack_set(world).await?;
    let (code, ill) = doctor(world)?;
    ensure!(code == Some(2), "{code:?}: {ill:#?}");
    has(
        &ill,
        &format!("problem policies: the policy of {topic} does not let cloudwatch"),
        "aws sns set-topic-attributes",
    )?;
    has(
        &ill,
        &format!("problem target accounts: the stack of {taken} {HOME_REGION} failed: "),
        "ExistingExecutionRoleName",
    )?;
    ensure!(
        !ill.iter().any(|line| line.contains("target accounts") && line.contains(&well)),
        "{ill:#?}"
    );
    let outside = world.create_account("outside").await?.account;
    let (_, ill) = doctor(world)?;
    has(
        &ill,
        &format!("warning target accounts: {outside} have no stack"),
        "organizational units",
    )?;
    set(&policy).await?;
    Ok(())
}

/// Makes the execution role in an account, as somebody else.
async fn role_in(world: &World, account: &str) -> Result<()> {
    let config = world.account(account, HOME_REGION).await;
    let form = "Action=CreateRole&Version=2010-05-08&RoleName=runbook-relay-execution\
                &AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let client = aws::signed::Signed::new(&config, "iam");
    let (status, body) = client.post("CreateRole", &headers, form.to_owned()).await?;
    ensure!(status == 200, "{status} {body}");
    Ok(())
}

/// The StackSet of docs/deploy.md, for the accounts that there are.
async fn stack_set(world: &World) -> Result<()> {
    let client = aws_sdk_cloudformation::Client::new(&world.stack.hub);
    client.activate_organizations_access().send().await?;
    let name = "runbook-relay-target-account";
    let template = std::fs::read_to_string(harness::root().join("stacks/target-account.yaml"))?;
    let parameter = |key: &str, value: &str| {
        aws_sdk_cloudformation::types::Parameter::builder()
            .parameter_key(key)
            .parameter_value(value)
            .build()
    };
    let organization = &world.stack.seeded.organization;
    client
        .create_stack_set()
        .stack_set_name(name)
        .permission_model("SERVICE_MANAGED".into())
        .capabilities("CAPABILITY_NAMED_IAM".into())
        .template_body(template)
        .set_parameters(Some(vec![
            parameter("HubAccount", HUB),
            parameter("HubRegion", HOME_REGION),
            parameter("RolesRegion", HOME_REGION),
            parameter("OrganizationId", organization),
        ]))
        .auto_deployment(
            aws_sdk_cloudformation::types::AutoDeployment::builder().enabled(false).build(),
        )
        .send()
        .await?;
    let targets = aws_sdk_cloudformation::types::DeploymentTargets::builder()
        .organizational_unit_ids(&world.stack.seeded.root)
        .build();
    let made = client.create_stack_instances().stack_set_name(name).regions(HOME_REGION);
    let operation =
        made.deployment_targets(targets).send().await?.operation_id.context("an operation")?;
    tests::until("the stack set", || async {
        let asked =
            client.describe_stack_set_operation().stack_set_name(name).operation_id(&operation);
        let now = asked.send().await?.stack_set_operation.and_then(|operation| operation.status);
        Ok(now.filter(|now| !matches!(now.as_str(), "RUNNING" | "QUEUED")))
    })
    .await
    .map(drop)
}
