//! Present shares are imported as rules, and shares of others are taken over.

use anyhow::{Context, Result, ensure};
use harness::HUB;
use serde_json::{Value, json};
use tests::{World, run};

use crate::{
    OWNER, REGION, RULES, STRANGER, deaf, modifications, reconcile, relay, relay_of, rule, sees,
};

/// A call of EventBridge in the hub.
async fn events(world: &World, operation: &str, input: Value) -> Result<()> {
    let client = aws::signed::Signed::new(&world.stack.hub, "events");
    let target = format!("AWSEvents.{operation}");
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &*target)];
    let (status, body) = client.post(operation, &headers, input.to_string()).await?;
    ensure!(status == 200, "{operation}: {body}");
    Ok(())
}

#[test]
fn what_exists_is_imported_as_rules_and_taken_over_on_confirmation() {
    run(|world| async move {
        let _alone = RULES.lock().await;
        deaf(world).await?;
        let owner = "363636363636";
        world.join_by_invitation(owner).await?;
        world.stack.deploy_owner(owner).await?;
        world.documents(owner, &[REGION], &["Had-0", "Had-1"]).await?;
        let account = world.create_account("import").await?.account;
        world.settled(&account).await?;
        let seen = world.visible(&account, REGION).await?.len();
        let ssm = world.ssm(owner, REGION).await;
        let share = |document: &str, account: &str| {
            let modify = ssm.modify_document_permission().name(document);
            let modify = modify.permission_type(aws_sdk_ssm::types::DocumentPermissionType::Share);
            modify.account_ids_to_add(account).send()
        };
        share("Had-0", &account).await?;
        share("Had-1", &account).await?;
        share("Had-1", STRANGER).await?;

        // An EventBridge rule of the hub that starts a runbook, and one on a schedule.
        let alarm = json!({"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"],
            "detail": {"alarmName": [{"prefix": "had-"}], "state": {"value": ["ALARM"]}}});
        let runbook = "arn:aws:ssm:us-east-1::automation-definition/AWS-StopEC2Instance:$DEFAULT";
        let role = format!("arn:aws:iam::{HUB}:role/events");
        let target = |name: &str, input: Value| {
            let mut target = json!({"Id": "1", "Arn": runbook, "RoleArn": role});
            target.as_object_mut().into_iter().for_each(|fields| {
                fields.extend(
                    input.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())),
                );
            });
            json!({"Rule": name, "Targets": [target]})
        };
        let instance = "$.detail.configuration.metrics[0].metricStat.metric.dimensions.InstanceId";
        let transformer = json!({"InputTransformer": {"InputPathsMap": {"id": instance},
            "InputTemplate": "{\"InstanceId\": [<id>]}"}});
        events(world, "PutRule", json!({"Name": "had-stop", "EventPattern": alarm.to_string()}))
            .await?;
        events(world, "PutTargets", target("had-stop", transformer)).await?;
        events(world, "PutRule", json!({"Name": "had-nightly", "ScheduleExpression": "rate(1 day)", "State": "DISABLED"})).await?;
        events(world, "PutTargets", target("had-nightly", json!({"Input": "{}"}))).await?;

        let folder = tempfile::tempdir()?;
        let out = folder.path().to_str().context("a path")?;
        let (code, text) = relay_of(world, owner, &["import", "--out", out])?;
        ensure!(code == Some(0), "{code:?}: {text}");
        let (code, text) = relay_of(world, HUB, &["import", "--out", out])?;
        ensure!(
            code == Some(2) && text.contains("on a schedule (rate(1 day))"),
            "{code:?}: {text}"
        );
        for (file, says) in [
            ("remediation/had-stop.yaml", "parameters: {InstanceId: [\"{resource}\"]}"),
            ("sharing/shared-363636363636-1.yaml", "names: [Had-"),
        ] {
            let text = std::fs::read_to_string(folder.path().join(file))?;
            ensure!(text.contains(says), "{file}: {text}");
        }
        let (code, text) = relay_of(world, owner, &["import", "--out", out])?;
        ensure!(code == Some(1) && text.contains("nothing was written"), "{code:?}: {text}");
        let (code, text) = relay(world, &["rules", "lint", out])?;
        ensure!(code == Some(0), "{code:?}: {text}");

        // The rule wants one of the two shares that are there, and each account is named.
        let wanted = rule("Had-0", &format!("\"{account}\"")).replace(OWNER, owner);
        world.stack.put_rule("had", &wanted).await?;
        let (_, text) = relay(world, &["plan"])?;
        let kept = format!(
            "= keep Had-0 of {owner} with {account} in 1 Region: somebody else shared it as the rules want"
        );
        ensure!(text.contains(&kept), "{text}");
        let (code, text) = relay(world, &["import", "--adopt"])?;
        ensure!(
            code == Some(1) && text.contains("standard input is not a terminal"),
            "{code:?}: {text}"
        );
        let before = modifications(world).await?;
        let (code, text) = relay(world, &["import", "--adopt", "--yes"])?;
        ensure!(
            code == Some(0) && text.contains("of others are the suite's now"),
            "{code:?}: {text}"
        );
        ensure!(modifications(world).await? == before, "a document was changed");
        let (code, text) = relay(world, &["import", "--adopt", "--yes"])?;
        ensure!(code == Some(0) && text.contains("no share of others"), "{code:?}: {text}");

        // It follows the rules from now on; the other one is still nobody's to take.
        world.stack.put_rule("had", &wanted.replace(&account, owner)).await?;
        let gone = reconcile(world, "adopted", json!({})).await?;
        ensure!(gone.output["outcome"] == "succeeded", "{}", gone.output);
        sees(world, &account, seen + 1).await
    });
}
