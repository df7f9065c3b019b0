//! The three layouts of docs/deploy.md, deployed by the commands of that page; both flows across them, in two Regions. Then
//! what the page says of an upgrade, of an uninstallation, and of roles that an organization prescribes.
#![cfg(feature = "end-to-end")]

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_ssm::types::SignalType;
use harness::outcomes::Received;
use harness::remediation;
use serde_json::json;
use tests::{Layout, Shell, World, has_roles, run_without_stack, until};

#[test]
fn the_hub_in_the_management_account_by_the_commands_of_the_page() {
    run_without_stack(|local| async move {
        let layout = Layout {
            heading: "Layout B: the hub in the management account",
            management: "111122223333",
            hub: "111122223333",
            owner: Some("222233334444"),
            home: "us-east-1",
            second: "eu-west-1",
            parameters: "",
        };
        layout.prepare(Arc::clone(&local)).await?;
        let (shell, world) = layout.deployed(local).await?;
        let documents = ["Org-Backup", "Relay-RebootInstance"];
        let member = layout.joins(&world, "joins-b", &documents).await?;
        for region in [layout.home, layout.second] {
            has_roles(&world, &member, region).await?;
        }
        layout.recover(&world, &[&member, layout.hub]).await?;
        runs_end_right_over_an_upgrade(&shell, &world, &member).await?;
        uninstalled(&shell, &world, &member).await?;
        taken_over(&layout, &shell, &world, &member).await
    });
}

/// A new installation beside what the old one left: nothing is lost, and once the shares are taken over as the page says,
/// they follow the rules again.
async fn taken_over(layout: &Layout, shell: &Shell, world: &World, member: &str) -> Result<()> {
    let visible = world.visible(member, layout.home).await?;
    ensure!(visible.contains("Org-Backup"), "{visible:?}");
    for part in ["The hub", "The accounts that own runbooks"] {
        shell.part(layout.heading, part).await?;
    }
    shell.part(layout.heading, "Rules and runbooks").await?;
    shell.part(layout.heading, "The accounts that exist already").await?;
    shell.run(NARROWED).await?;
    ensure!(
        world.visible(member, layout.home).await? == visible,
        "it took back what is not its own"
    );

    shell.run(WIDENED).await?;
    let said = shell.part("Uninstall", "Take over what stays").await?;
    ensure!(said.contains("~ take over Org-Backup of 222233334444 with "), "{said}");
    ensure!(said.contains("of others are the suite's now"), "{said}");
    ensure!(!said.contains("- unshare"), "{said}");
    // The local CloudFormation gives the new table the name of the old one, and an empty one takes its place.
    ensure!(said.contains("\nrunbook-relay-bucket-"), "the old bucket is listed: {said}");
    ensure!(world.visible(member, layout.home).await? == visible, "something was taken back");
    shell.run(NARROWED).await?;
    let visible = world.visible(member, layout.home).await?;
    ensure!(!visible.contains("Org-Backup"), "the new installation does not own it: {visible:?}");
    ensure!(visible.contains("Relay-RebootInstance"), "{visible:?}");
    Ok(())
}

/// The owner's rule means nobody but the owner.
const NARROWED: &str = "\
cp dist/rules/sharing/platform.yaml platform.kept
sed 's/^accounts:.*/accounts: {in: [\"'\"$OWNER\"'\"]}/' platform.kept > dist/rules/sharing/platform.yaml
relay rules apply dist/rules
relay apply
";
const WIDENED: &str =
    "cp platform.kept dist/rules/sharing/platform.yaml\nrelay rules apply dist/rules\n";

/// A version that differs in every function and every state machine.
const NEXT_VERSION: &str = "\
python - <<EOF
import pathlib, re, zipfile
for archive in pathlib.Path('dist/functions').glob('*.zip'):
    with zipfile.ZipFile(archive, 'a') as file:
        file.comment = b'the next version'
for machine in pathlib.Path('dist/statemachine').glob('*.json'):
    text = machine.read_text()
    machine.write_text(text.replace('\"Comment\": \"', '\"Comment\": \"The next version. ', 1))
EOF
";

/// Two runs are in flight while every stack is updated: one waits for an approval, one for its automation.
async fn runs_end_right_over_an_upgrade(shell: &Shell, world: &World, member: &str) -> Result<()> {
    let mut inbox = world.subscribe("upgrade").await?;
    let endpoint = &world.local.endpoint;
    let approval = json!({"approvers": ["arn:aws:iam::111122223333:root"], "within": "1h"});
    let mut runs = Vec::new();
    for (settle, approval) in [("PT1S", Some(approval)), ("PT90S", None)] {
        let (id, _) = remediation::watched_instance(endpoint, member, "eu-west-1").await?;
        let mut input = json!({"runbook": "Relay-RebootInstance", "account": member, "region": "eu-west-1",
            "resources": [id], "parameters": {"InstanceId": ["{resource}"], "Settle": [settle]}});
        if let Some(approval) = approval {
            input["approval"] = approval;
        }
        runs.push(world.start_run(&input).await?);
    }
    let pending = inbox.wait_for("an answer", |o| o.outcome() == "pendingApproval").await?;
    shell.run(NEXT_VERSION).await?;
    let status = async |run: &str| {
        let asked = world.step_functions().describe_execution().execution_arn(run).send();
        Ok::<_, anyhow::Error>(asked.await?.status)
    };
    for run in &runs {
        let status = status(run).await?;
        ensure!(status == ExecutionStatus::Running, "{run} ended before the upgrade: {status:?}");
    }
    shell.section("Upgrade").await?;

    let machine = world.stack.output("RunAutomationStateMachineArn")?;
    let machine = world.step_functions().describe_state_machine().state_machine_arn(machine);
    let definition = machine.send().await?.definition;
    ensure!(definition.contains("The next version."), "the upgrade did not reach the machine");
    let functions = world.invoke("recover-outcomes", &json!({"sweep": true})).await?;
    ensure!(functions.is_object(), "{functions}");
    // The other one may end in the middle of the upgrade where that is slow.
    let status = status(&runs[0]).await?;
    ensure!(status == ExecutionStatus::Running, "the run to approve ended too early: {status:?}");
    let id = pending.json()["runs"][0]["executionId"].as_str().context("an id")?.to_owned();
    let ssm = world.ssm("111122223333", "us-east-1").await;
    let signal = ssm.send_automation_signal().automation_execution_id(&id);
    signal.signal_type(SignalType::Approve).send().await?;
    for run in &runs {
        let last =
            |o: &Received| o.json()["execution"] == **run && o.outcome() != "pendingApproval";
        let last = inbox.wait_for("the end", last).await?;
        ensure!(last.outcome() == "succeeded", "{}", last.json());
    }
    Ok(())
}

/// The resources that stay after an uninstallation.
const LEFT: &str = "\
aws dynamodb list-tables --query TableNames --output text
aws s3 ls
aws ssm get-parameters-by-path --path /runbook-relay --recursive --query 'Parameters[].Name' --output text
";
/// The resources that an uninstallation deletes.
const GONE: &str = "\
aws iam list-roles --query 'Roles[].RoleName' --output text
aws sqs list-queues --endpoint-url \"$AWS_ENDPOINT_URL\" --query QueueUrls --output text
aws lambda list-functions --query 'Functions[].FunctionName' --output text
";
const GONE_FROM_THE_OWNER: &str =
    "aws iam list-roles --profile owner --query 'Roles[].RoleName' --output text\n";

const GONE_FROM_THE_MANAGEMENT_ACCOUNT: &str = "\
aws iam list-roles --profile management --query 'Roles[].RoleName' --output text
aws organizations list-delegated-administrators --profile management --query 'DelegatedAdministrators[].Id' --output text |
    sed 's/.../& is an administrator of runbook-relay/'
! aws organizations describe-resource-policy --profile management 2> /dev/null
";

/// Everything is deleted but what the page says.
async fn uninstalled(shell: &Shell, world: &World, member: &str) -> Result<()> {
    let visible = world.visible(member, "eu-west-1").await?;
    shell.part("Uninstall", "An organization").await?;
    let left = shell.run(LEFT).await?;
    for what in ["runbook-relay-Table", "runbook-relay-bucket", "/runbook-relay/sharing/platform"] {
        ensure!(left.to_lowercase().contains(&what.to_lowercase()), "{what} is gone: {left}");
    }
    let gone = shell.run(GONE).await? + &shell.run(GONE_FROM_THE_OWNER).await?;
    ensure!(!gone.contains("runbook-relay"), "still there: {gone}");
    ensure!(world.visible(member, "eu-west-1").await? == visible, "shares were taken back");
    Ok(())
}

#[test]
fn the_hub_in_a_delegated_administrator_by_the_commands_of_the_page() {
    run_without_stack(|local| async move {
        let layout = Layout {
            heading: "Layout C: the hub in a delegated administrator",
            management: "333344445555",
            hub: "444455556666",
            owner: Some("555566667777"),
            home: "eu-west-1",
            second: "us-east-1",
            parameters: "",
        };
        layout.prepare(Arc::clone(&local)).await?;
        let (shell, world) = layout.deployed(local).await?;
        let documents = ["Org-Backup", "Relay-RebootInstance"];
        let member = layout.joins(&world, "joins-c", &documents).await?;
        for region in [layout.home, layout.second] {
            has_roles(&world, &member, region).await?;
        }
        layout.recover(&world, &[&member, layout.hub, layout.management]).await?;
        shell.part("Uninstall", "A delegated administrator").await?;
        let left = shell.run(LEFT).await?;
        ensure!(left.contains("runbook-relay-Table") && left.contains("/runbook-relay/"), "{left}");
        let gone = shell.run(GONE).await? + &shell.run(GONE_FROM_THE_OWNER).await?;
        let gone = gone + &shell.run(GONE_FROM_THE_MANAGEMENT_ACCOUNT).await?;
        ensure!(!gone.contains("runbook-relay"), "still there: {gone}");
        Ok(())
    });
}

#[test]
fn one_account_to_try_by_the_commands_of_the_page() {
    run_without_stack(|local| async move {
        let layout = Layout {
            heading: "Layout A: one account, to try",
            management: "666677778888",
            hub: "666677778888",
            owner: None,
            home: "us-east-1",
            second: "eu-west-1",
            parameters: "",
        };
        let (shell, world) = layout.deployed(local).await?;
        layout.joins(&world, "joins-a", &["Relay-RebootInstance"]).await?;
        layout.recover(&world, &[layout.hub]).await?;
        shell.part("Uninstall", "One account").await?;
        let left = shell.run(LEFT).await?;
        ensure!(left.contains("runbook-relay-Table") && left.contains("/runbook-relay/"), "{left}");
        let gone = shell.run(GONE).await?;
        ensure!(!gone.contains("runbook-relay"), "still there: {gone}");
        Ok(())
    });
}

/// Names, path and boundary of the roles, and the execution role of the accounts, are the organization's.
const PRESCRIBED: &str = "\
RoleNamePrefix=org- RolePath=/operations/ \
ExistingExecutionRoleName=AWS-SystemsManager-AutomationExecutionRole \
PermissionsBoundaryArn=arn:aws:iam::777788889999:policy/boundary";

#[test]
fn an_alarm_is_answered_under_prescribed_roles_and_an_execution_role_that_exists() {
    run_without_stack(|local| async move {
        let layout = Layout {
            heading: "Layout A: one account, to try",
            management: "777788889999",
            hub: "777788889999",
            owner: Some("888899990000"),
            home: "us-east-1",
            second: "eu-west-1",
            parameters: PRESCRIBED,
        };
        layout.prepare(Arc::clone(&local)).await?;
        let shell = layout.shell(&local.endpoint)?;
        shell.run(BEFORE_THE_HUB).await?;
        shell.part(layout.heading, "The hub").await?;
        shell.run(TARGETS).await?;
        shell.part(layout.heading, "Rules and runbooks").await?;
        shell.section("From observe to active").await?;
        shell
            .part("Layout B: the hub in the management account", "The accounts that exist already")
            .await?;
        let member = layout.owner.context("it has a member")?;
        let world = layout.world(local, "runbook-relay").await?;
        for region in [layout.home, layout.second] {
            until("the runbooks to be shared", || async {
                let visible = world.visible(member, region).await?;
                Ok(visible.contains("Relay-RebootInstance").then_some(()))
            })
            .await?;
        }
        layout.recover(&world, &[member, layout.hub]).await?;

        let executed = shell.run(EXECUTED_BY).await?;
        ensure!(executed.contains("AWS-SystemsManager-AutomationExecutionRole"), "{executed}");
        for (account, profile) in [(layout.hub, "hub"), (member, "owner")] {
            let roles = shell.run(&ROLES.replace("PROFILE", profile)).await?;
            let ours: Vec<_> =
                roles.lines().filter(|role| role.contains("runbook-relay")).collect();
            ensure!(!ours.is_empty(), "{account} has no roles: {roles}");
            let boundary = format!("\tarn:aws:iam::{account}:policy/boundary");
            for role in ours {
                let fits = role.starts_with("org-runbook-relay-")
                    && role.contains("\t/operations/")
                    && role.ends_with(&boundary);
                ensure!(fits, "{role}");
                ensure!(
                    !role.contains("-execution\t"),
                    "{role} was made beside the one that exists"
                );
            }
        }
        Ok(())
    });
}

const BEFORE_THE_HUB: &str = r#"
HUB=$(aws sts get-caller-identity --query Account --output text)
ORGANIZATION=$(aws organizations describe-organization --query Organization.Id --output text)
for profile in hub owner; do
    aws iam create-policy --profile $profile --policy-name boundary --policy-document '{"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ec2:TerminateInstances", "Resource": "*"}]}'
done
aws iam create-role --profile owner --role-name AWS-SystemsManager-AutomationExecutionRole \
    --assume-role-policy-document '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::777788889999:root"}, "Condition": {"ArnEquals": {"aws:PrincipalArn":
        "arn:aws:iam::777788889999:role/operations/runbook-relay/org-runbook-relay-service"}}}]}'
aws iam put-role-policy --profile owner --role-name AWS-SystemsManager-AutomationExecutionRole --policy-name all \
    --policy-document '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
"#;

const TARGETS: &str = r#"
for place in owner:us-east-1 owner:eu-west-1 hub:eu-west-1; do
    profile=${place%:*}
    account=$(aws sts get-caller-identity --profile $profile --query Account --output text)
    aws cloudformation deploy --profile $profile --region ${place#*:} --template-file dist/stacks/target-account.yaml \
        --stack-name runbook-relay-target-account --capabilities CAPABILITY_NAMED_IAM --parameter-overrides \
        HubAccount=$HUB HubRegion=us-east-1 RolesRegion=us-east-1 OrganizationId=$ORGANIZATION \
        RoleNamePrefix=org- RolePath=/operations/ PermissionsBoundaryArn=arn:aws:iam::$account:policy/boundary \
        ExistingExecutionRoleName=AWS-SystemsManager-AutomationExecutionRole
done
"#;

const EXECUTED_BY: &str = "aws ssm describe-automation-executions --profile owner --region eu-west-1 \
    --query 'AutomationExecutionMetadataList[].ExecutedBy' --output text\n";
/// Of each role of an account: name, path and boundary. One process: the AWS CLI would be started for each role.
const ROLES: &str = r#"
python - <<EOF
import boto3
iam = boto3.Session(profile_name='PROFILE').client('iam')
for page in iam.get_paginator('list_roles').paginate():
    for listed in page['Roles']:
        role = iam.get_role(RoleName=listed['RoleName'])['Role']
        print(role['RoleName'], role['Path'], role.get('PermissionsBoundary', {}).get('PermissionsBoundaryArn'), sep='\t')
EOF
"#;
