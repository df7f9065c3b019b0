use expect_test::expect;
use serde_json::json;

use super::*;

fn parse(steps: &str) -> Document {
    Document::parse(&format!(
        "schemaVersion: '0.3'\nparameters:\n  Id: {{type: String}}\nmainSteps:\n{steps}"
    ))
    .unwrap()
}

fn lines(document: &Document, child: &dyn Fn(&str) -> Option<Document>) -> String {
    let found = needs(document, &Place::default(), child);
    let mut text = String::new();
    for need in &found.needs {
        let resources: Vec<_> = need.resources.iter().map(String::as_str).collect();
        let condition =
            need.condition.as_ref().map(|(key, values)| format!(" if {key} {values:?}"));
        text += &format!(
            "{} on {}{} ({})\n",
            need.permission,
            resources.join(" "),
            condition.unwrap_or_default(),
            need.steps.join(", ")
        );
    }
    for unseen in &found.unseen {
        text += &format!("unseen: {}: {}\n", unseen.step, unseen.what);
    }
    text
}

fn none(_: &str) -> Option<Document> {
    None
}

#[test]
fn a_step_needs_the_permissions_of_its_action() {
    let document = parse(
        r#"
  - {name: stop, action: 'aws:changeInstanceState', inputs: {InstanceIds: ['{{ Id }}'], DesiredState: stopped}}
  - {name: look, action: 'aws:changeInstanceState', inputs: {InstanceIds: ['{{ Id }}'], DesiredState: running, CheckStateOnly: true}}
  - {name: say, action: 'aws:executeAwsApi', inputs: {Service: sns, Api: Publish, TopicArn: 'arn:aws:sns:eu-west-1:111122223333:pages', Message: x}}
  - {name: run, action: 'aws:runCommand', inputs: {DocumentName: AWS-RunShellScript, InstanceIds: ['{{ Id }}'], Parameters: {commands: ['ls']}}}
  - {name: secret, action: 'aws:executeAwsApi', inputs: {Service: ssm, Api: GetParameter, Name: /app/key, WithDecryption: true}}
  - {name: nap, action: 'aws:sleep', inputs: {Duration: PT1M}}
"#,
    );
    expect![[r#"
        ec2:DescribeInstanceStatus on * (stop, look)
        ec2:DescribeInstances on * (stop, look)
        ec2:StopInstances on arn:aws:ec2:*:*:instance/* (stop)
        kms:Decrypt on arn:aws:kms:*:*:key/* if kms:ViaService {"ssm.*.amazonaws.com"} (secret)
        sns:Publish on arn:aws:sns:eu-west-1:111122223333:pages (say)
        ssm:DescribeInstanceInformation on * (run)
        ssm:GetParameter on arn:aws:ssm:*:*:parameter/app/key (secret)
        ssm:ListCommandInvocations on * (run)
        ssm:ListCommands on * (run)
        ssm:SendCommand on arn:aws:ec2:*:*:instance/* arn:aws:ssm:*:*:managed-instance/* arn:aws:ssm:*::document/AWS-RunShellScript (run)
    "#]].assert_eq(&lines(&document, &none));
}

#[test]
fn roles_keys_and_tags_are_among_the_needs() {
    let document = parse(
        r#"
  - {name: start, action: 'aws:runInstances', inputs: {ImageId: ami-0123456789abcdef0, IamInstanceProfileName: web, TagSpecifications: [{ResourceType: instance, Tags: [{Key: a, Value: b}]}]}}
  - {name: task, action: 'aws:executeAwsApi', inputs: {Service: ecs, Api: RegisterTaskDefinition, family: a, taskRoleArn: 'arn:aws:iam::111122223333:role/task', containerDefinitions: []}}
  - {name: copy, action: 'aws:executeAwsApi', inputs: {Service: ec2, Api: CopySnapshot, SourceRegion: eu-west-1, SourceSnapshotId: snap-1, KmsKeyId: alias/a}}
"#,
    );
    expect![[r#"
        ec2:CopySnapshot on arn:aws:ec2:*::snapshot/* (copy)
        ec2:CreateTags on * (start)
        ec2:DescribeInstanceStatus on * (start)
        ec2:DescribeInstances on * (start)
        ec2:RunInstances on arn:aws:ec2:*:*:instance/* arn:aws:ec2:*:*:network-interface/* arn:aws:ec2:*:*:security-group/* arn:aws:ec2:*:*:subnet/* arn:aws:ec2:*::image/ami-0123456789abcdef0 (start)
        ecs:RegisterTaskDefinition on arn:aws:ecs:*:*:task-definition/*:* (task)
        iam:PassRole on arn:aws:iam::*:role/* (start, task)
        kms:CreateGrant on arn:aws:kms:*:*:key/* if kms:ViaService {"ec2.*.amazonaws.com"} (copy)
        kms:Decrypt on arn:aws:kms:*:*:key/* if kms:ViaService {"ec2.*.amazonaws.com"} (copy)
        kms:DescribeKey on arn:aws:kms:*:*:key/* if kms:ViaService {"ec2.*.amazonaws.com"} (copy)
        kms:GenerateDataKeyWithoutPlaintext on arn:aws:kms:*:*:key/* if kms:ViaService {"ec2.*.amazonaws.com"} (copy)
        kms:ReEncryptFrom on arn:aws:kms:*:*:key/* if kms:ViaService {"ec2.*.amazonaws.com"} (copy)
        kms:ReEncryptTo on arn:aws:kms:*:*:key/* if kms:ViaService {"ec2.*.amazonaws.com"} (copy)
        unseen: start: kms:CreateGrant, if volumes are encrypted with a customer managed key
    "#]].assert_eq(&lines(&document, &none));
}

#[test]
fn a_child_beside_the_runbook_is_read_and_another_one_is_named() {
    let document = parse(
        r#"
  - {name: known, action: 'aws:executeAutomation', inputs: {DocumentName: Known, RuntimeParameters: {AutomationAssumeRole: ['arn:aws:iam::111122223333:role/child']}}}
  - {name: other, action: 'aws:executeAutomation', inputs: {DocumentName: AWS-StopEC2Instance, RuntimeParameters: {InstanceId: ['{{ Id }}']}}}
"#,
    );
    let child = |name: &str| {
        (name == "Known").then(|| parse("  - {name: deep, action: 'aws:executeAwsApi', inputs: {Service: rds, Api: StopDBInstance, DBInstanceIdentifier: main}}\n"))
    };
    expect![[r#"
        iam:PassRole on arn:aws:iam::111122223333:role/child (known)
        rds:StopDBInstance on arn:aws:rds:*:*:db:main (deep)
        ssm:GetAutomationExecution on arn:aws:ssm:*:*:automation-execution/* (known, other)
        ssm:StartAutomationExecution on arn:aws:ssm:*:*:automation-execution/* arn:aws:ssm:*:*:document/Known arn:aws:ssm:*::document/AWS-StopEC2Instance (known, other)
        ssm:StopAutomationExecution on arn:aws:ssm:*:*:automation-execution/* (known, other)
        unseen: other: calls of the runbook AWS-StopEC2Instance: its file is not beside this one
    "#]].assert_eq(&lines(&document, &child));
}

#[test]
fn what_only_a_run_knows_is_said() {
    let document = parse(
        r#"
  - {name: any, action: 'aws:executeAwsApi', inputs: {Service: '{{ Id }}', Api: DescribeInstances}}
  - {name: typo, action: 'aws:executeAwsApi', inputs: {Service: ec2, Api: DescribeInstanzes}}
  - {name: shell, action: 'aws:executeScript', inputs: {Runtime: PowerShell 7.4, Script: "Import-Module AWS.Tools.EC2"}}
  - {name: stack, action: 'aws:createStack', inputs: {StackName: a, TemplateURL: 'https://a'}}
"#,
    );
    expect![[r#"
        cloudformation:CreateStack on arn:aws:cloudformation:*:*:stack/a/* (stack)
        cloudformation:DescribeStackEvents on arn:aws:cloudformation:*:*:stack/a/* (stack)
        cloudformation:DescribeStacks on arn:aws:cloudformation:*:*:stack/a/* (stack)
        unseen: any: the call {{ Id }}:DescribeInstances, which only a run knows
        unseen: typo: ec2:DescribeInstanzes: no permission of that name is in AWS's reference
        unseen: shell: calls of a PowerShell script
        unseen: stack: calls that CloudFormation makes in the role's name for the resources of the stack: give it RoleARN
    "#]].assert_eq(&lines(&document, &none));
}

#[test]
fn a_policy_has_one_statement_for_each_set_of_resources() {
    let document = parse(
        r#"
  - {name: stop, action: 'aws:changeInstanceState', inputs: {InstanceIds: ['{{ Id }}'], DesiredState: stopped}}
  - {name: start, action: 'aws:changeInstanceState', inputs: {InstanceIds: ['{{ Id }}'], DesiredState: running}}
"#,
    );
    let place = Place {
        region: "eu-west-1".to_owned(),
        account: "111122223333".to_owned(),
        ..Place::default()
    };
    let policy = needs(&document, &place, &none).policy();
    let expected = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["ec2:DescribeInstanceStatus", "ec2:DescribeInstances"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["ec2:StartInstances", "ec2:StopInstances"],
         "Resource": "arn:aws:ec2:eu-west-1:111122223333:instance/*"},
    ]});
    assert_eq!(policy, expected);
}

#[test]
fn its_own_policy_is_neither_too_little_nor_too_much() {
    let document = parse(
        "  - {name: stop, action: 'aws:changeInstanceState', inputs: {InstanceIds: ['{{ Id }}'], DesiredState: stopped}}\n",
    );
    let needs = needs(&document, &Place::default(), &none);
    let comparison = compare(&needs, &needs.policy()).unwrap();
    assert!(comparison.is_equal(), "{comparison:?}");
    let role = json!({"RoleName": "r", "PolicyDocument": needs.policy()});
    assert!(compare(&needs, &json!([role])).unwrap().is_equal());
}

#[test]
fn a_policy_says_what_is_missing_and_what_is_too_much() {
    let document = parse(
        "  - {name: stop, action: 'aws:changeInstanceState', inputs: {InstanceIds: ['{{ Id }}'], DesiredState: stopped}}\n",
    );
    let needs = needs(&document, &Place::default(), &none);
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": ["ec2:describe*"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["ec2:StopInstances", "ec2:TerminateInstances"],
         "Resource": "arn:aws:ec2:*:*:instance/i-0123456789abcdef0"},
        {"Sid": "All", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
    ]});
    let found = compare(&needs, &policy).unwrap();
    assert_eq!(found.missing, ["ec2:StopInstances on arn:aws:ec2:*:*:instance/*"]);
    assert!(found.unneeded[0].starts_with("ec2:describe*: "), "{found:?}");
    assert_eq!(found.unneeded[1..], ["ec2:TerminateInstances"]);
    assert_eq!(found.unjudged, ["the statement All: it has NotAction"]);
    let denied = json!({"Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ec2:Stop*", "Resource": "*"},
    ]});
    let found = compare(&needs, &denied).unwrap();
    assert_eq!(found.missing, ["ec2:StopInstances on arn:aws:ec2:*:*:instance/* (denied)"]);
    assert_eq!(found.unneeded, ["*"]);
    assert_eq!(compare(&needs, &json!({"a": 1})), Err(InvalidPolicy));
}
