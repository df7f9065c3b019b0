//! `relay doctor` on the deployed suite: what is well is said to be, and each planted fault is found with
//! its remedy.
#![cfg(feature = "end-to-end")]

use std::process::Command;

use anyhow::{Context, Result, ensure};
use aws_sdk_ssm::types::ParameterType;
use harness::{HOME_REGION, HUB, build};
use serde_json::{Value, json};
use tests::{World, run};

/// The exit code and the findings, each as `verdict check: what | remedy`.
fn doctor(world: &World) -> Result<(Option<i32>, Vec<String>)> {
    let ran = Command::new(build::binary("relay"))
        .args(["doctor", "--output", "json"])
        .env_clear()
        .env("AWS_ENDPOINT_URL", &world.local.endpoint)
        .env("AWS_REGION", HOME_REGION)
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
            "topics",
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
        has(&well, "problem CloudTrail: no trail of ", "Create a trail")?;

        trail(
            world,
            "CreateTrail",
            json!({"Name": "all", "S3BucketName": "trail", "IsMultiRegionTrail": true}),
        )
        .await?;
        trail(world, "StartLogging", json!({"Name": "all"})).await?;
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
        closed_and_taken(world).await
    });
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
        &format!("problem topics: the policy of {topic} does not let cloudwatch"),
        "Update the stack",
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
