//! Each rule with what it finds and what it leaves alone. A false finding is worse than a missed one, so
//! there is more of the latter.

use expect_test::{Expect, expect};

use super::{Rule, Severity, apply, lint};
use crate::Document;

/// The findings of the rules about a runbook, one a line.
fn findings(text: &str) -> String {
    let document = Document::parse(text).unwrap_or_else(|defects| panic!("{defects}\n{text}"));
    let verdict = apply(document.text(), lint(&document), |_| true);
    let shown = verdict.findings.iter().map(|finding| {
        let severity = if finding.severity == Severity::Note { "note " } else { "" };
        format!("{} {severity}{}: {}\n", finding.at, finding.code, finding.message)
    });
    let suppressed = verdict
        .suppressed
        .iter()
        .map(|(finding, reason)| format!("allowed {}: {reason}\n", finding.code));
    shown.chain(suppressed).collect()
}

/// A runbook with a role, and with these steps.
fn runbook(steps: &str) -> String {
    format!(
        "schemaVersion: '0.3'\nassumeRole: '{{{{ AutomationAssumeRole }}}}'\nparameters:\n  AutomationAssumeRole: {{type: String}}\nmainSteps:\n{steps}"
    )
}

fn check(steps: &str, expected: &Expect) {
    expected.assert_eq(&findings(&runbook(steps)));
}

/// A step that calls an operation with these inputs.
fn api(name: &str, operation: &str, inputs: &str) -> String {
    let (service, api) = operation.split_once(':').unwrap();
    format!(
        "  - name: {name}\n    action: aws:executeAwsApi\n    inputs: {{Service: {service}, Api: {api}{inputs}}}\n"
    )
}

/// A step with a script of these lines.
fn script(name: &str, lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("        {line}\n")).collect();
    format!(
        "  - name: {name}\n    action: aws:executeScript\n    inputs:\n      Runtime: python3.11\n      Handler: main\n      InputPayload: {{}}\n      Script: |\n{lines}"
    )
}

#[test]
fn accounts_arns_and_regions_are_found_where_they_tie_a_runbook_to_one_place() {
    let steps = api("a", "ssm:ModifyDocumentPermission", ", AccountIdsToAdd: ['444455556666']")
        + &api(
            "b",
            "sns:Publish",
            ", TopicArn: 'arn:aws:sns:eu-west-1:444455556666:T', Message: 'arn:aws:sns:eu-west-1:444455556666:T'",
        )
        + &api("c", "ec2:CopySnapshot", ", SourceRegion: eu-west-1, Description: eu-west-1")
        + &api(
            "d",
            "sqs:SendMessage",
            ", QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/444455556666/q'",
        )
        + &api("e", "ssm:GetParameter", ", Name: 'arn:aws:ssm:eu-west-1::parameter/aws/x'")
        + &api("f", "iam:GetRole", ", RoleName: 'arn:aws:iam::{{ global:ACCOUNT_ID }}:role/x'");
    check(
        &steps,
        &expect![[r#"
        8:78 HardCodedAccount: the account 444455556666 is written into the runbook
        11:53 HardCodedArn: an ARN names the account 444455556666
        14:61 HardCodedRegion: the Region eu-west-1 is written into the runbook
        17:93 HardCodedAccount: the account 444455556666 is written into the runbook
        20:54 HardCodedRegion: an ARN names the Region eu-west-1
        23:53 note HardCodedPartition: an ARN names the partition aws
    "#]],
    );
}

#[test]
fn what_is_the_same_everywhere_is_not_found() {
    let steps = api(
        "a",
        "ec2:DescribeImages",
        ", Owners: [amazon, '137112412989', '099720109477']",
    ) + &api(
        "b",
        "iam:AttachRolePolicy",
        ", PolicyArn: 'arn:{{ global:AWS_PARTITION }}:iam::aws:policy/X'",
    ) + &api(
        "c",
        "sns:Publish",
        ", TopicArn: 'arn:{{ global:AWS_PARTITION }}:sns:{{ global:REGION }}:{{ global:ACCOUNT_ID }}:T'",
    ) + &api("d", "route53:ListHostedZones", ", Region: us-east-1")
        + &api("e", "ec2:CreateTags", ", Tags: [{Key: size, Value: 12345678901}]")
        + &script(
            "f",
            "\"\"\"For 444455556666, arn:aws:sns:eu-west-1:444455556666:T.\"\"\"\nimport boto3  # 444455556666\ndef main(events, context):\n    iam = boto3.client('iam', region_name='us-east-1')\n    if events['Region'] == 'us-east-1':\n        return iam\n    return events.get('Region') or 'us-east-1'",
        );
    let text = runbook(&steps).replace("type: String}", "type: String, description: 'E.g. arn:aws:iam::444455556666:role/x', allowedPattern: '^arn:aws:iam::444455556666:role/x$'}");
    assert_eq!(findings(&text), "");
}

#[test]
fn scripts_name_accounts_and_regions_in_their_strings() {
    let steps = script(
        "a",
        "import boto3\ndef main(events, context):\n    ec2 = boto3.client('ec2', region_name='eu-west-1')\n    topic = 'arn:aws:sns:eu-west-1:444455556666:T'\n    return ec2.describe_images(Owners=['444455556666'])",
    );
    check(
        &steps,
        &expect![[r#"
        15:52 HardCodedRegion: the Region eu-west-1 is written into the runbook
        16:22 HardCodedArn: an ARN names the account 444455556666
        17:49 HardCodedAccount: the account 444455556666 is written into the runbook
    "#]],
    );
}

#[test]
fn secrets_are_found_by_their_form_and_by_their_name_and_examples_are_not() {
    let steps =
        api("a", "rds:ModifyDBInstance", ", MasterUserPassword: hunter22, ApplyImmediately: true")
            + &api("b", "ec2:RunInstances", ", UserData: AKIAZ7QXWJ2MNB4CLKDP")
            + &api(
                "c",
                "rds:ModifyDBInstance",
                ", MasterUserPassword: '{{ AutomationAssumeRole }}'",
            )
            + &api(
                "d",
                "ec2:ModifyInstanceMetadataOptions",
                ", HttpTokens: required, ClientToken: abc, NextToken: def",
            )
            + &api("e", "iam:UpdateAccessKey", ", AccessKeyId: AKIAIOSFODNN7EXAMPLE")
            + &api("f", "secretsmanager:GetSecretValue", ", SecretId: prod/db")
            + &api("g", "ssm:GetParameter", ", Name: /db/password, WithDecryption: true");
    check(
        &steps,
        &expect![[r#"
        8:71 HardCodedSecret: MasterUserPassword is written into the runbook
        11:57 HardCodedSecret: an access key id of AWS stands in the text
    "#]],
    );
}

#[test]
fn a_role_is_missing_or_unused_and_a_parameter_is_unused() {
    let bare = |steps: &str| format!("schemaVersion: '0.3'\nmainSteps:\n{steps}");
    let boto = script("a", "import boto3\ndef main(events, context):\n    return {}");
    expect![[r#"
        10:9 MissingAssumeRole: the script of a calls AWS, and without assumeRole it has no credentials
    "#]].assert_eq(&findings(&bare(&boto)));
    expect![[r#"
        3:3 note MissingAssumeRole: the runbook has no assumeRole: it acts with the rights of the caller that starts it
    "#]].assert_eq(&findings(&bare(&api("a", "ec2:DescribeInstances", ""))));
    assert_eq!(findings(&bare("  - {name: a, action: aws:sleep, inputs: {Duration: PT1S}}\n")), "");
    let unused = runbook(&api("a", "ec2:DescribeInstances", ""))
        .replace("assumeRole: '{{ AutomationAssumeRole }}'\n", "");
    let unused = unused.replace("parameters:\n", "parameters:\n  Left:\n    type: String\n");
    expect![[r#"
        3:3 UnusedParameter: nothing refers to the parameter Left
        5:3 UnusedAssumeRole: nothing uses AutomationAssumeRole: the role that is given is not assumed
        7:3 note MissingAssumeRole: the runbook has no assumeRole: it acts with the rights of the caller that starts it
    "#]].assert_eq(&findings(&unused));
    let idle = runbook("  - {name: a, action: aws:sleep, inputs: {Duration: PT1S}}\n");
    expect![[r#"
        2:13 note UnusedAssumeRole: no step calls AWS under the role
    "#]]
    .assert_eq(&findings(&idle));
}

#[test]
fn runtimes_that_are_retired_and_handlers_that_are_missing_are_found() {
    let steps = script("a", "def other(events, context):\n    return {}")
        .replace("python3.11", "python3.8")
        + &script("b", "main = lambda events, context: {}")
        + &script("c", "from library import *")
        + &script("d", "%%SCRIPT=main.py%%");
    check(
        &steps,
        &expect![[r#"
        9:16 RetiredRuntime: AWS no longer runs scripts of the runtime python3.8
        10:16 MissingHandler: the script defines no function main
    "#]],
    );
}

#[test]
fn values_that_can_become_code_are_found_in_scripts_and_commands() {
    let text = runbook(
        &(script(
            "a",
            "def main(events, context):\n    name = '{{ Name }}'\n    again = '{{ Name }}'\n    region = '{{ global:REGION }}'\n    return '{{ Id }}' + '{{ Count }}' + '{{ Mode }}'",
        ) + "  - name: b\n    action: aws:runCommand\n    inputs:\n      DocumentName: AWS-RunShellScript\n      InstanceIds: ['{{ Id }}']\n      Parameters:\n        commands:\n          - '{{ Name }}'\n          - |\n            echo '{{ Id }}'\n            echo '{{ Name }}'\n"),
    );
    let text = text.replace(
        "parameters:\n",
        "parameters:\n  Name: {type: String}\n  Id: {type: String, allowedPattern: '^i-[0-9a-f]+$'}\n  Count: {type: Integer}\n  Mode: {type: String, allowedValues: [on, off]}\n",
    );
    let text = text.replace("[on, off]", "['on', 'off']");
    expect![[r#"
        18:21 CodeInjection: {{ Name }} is pasted into the script: its value can become code
        32:19 CommandInjection: {{ Name }} is pasted into a command, and may hold any text
    "#]]
    .assert_eq(&findings(&text));
}

#[test]
fn steps_that_never_run_and_outputs_that_are_never_there_are_found() {
    let steps = "  - name: first\n    action: aws:branch\n    inputs: {Choices: [{NextStep: last, Variable: '{{ late.Value }}', StringEquals: x}], Default: late}\n"
        .to_owned()
        + "  - {name: lost, action: aws:sleep, inputs: {Duration: PT1S}}\n"
        + &api("late", "ec2:DescribeInstances", ", X: '{{ late.Value }}'").replace("    inputs", "    outputs: [{Name: Value, Selector: $.V, Type: String}]\n    inputs")
        + &api("last", "ec2:DescribeInstances", ", X: '{{ late.Value }}', Y: '{{ late.Values }}', Z: '{{ first.Out }}'");
    check(
        &steps,
        &expect![[r#"
            8:52 OutputNeverThere: late cannot have run before first: late.Value has no value
            9:12 UnreachableStep: no way leads to the step lost: first before it leads elsewhere, and nothing names it
            13:56 OutputNeverThere: late cannot have run before late: late.Value has no value
            16:79 UnknownOutput: the step late has no output Values
            16:103 UnknownOutput: the step first has no output Out
        "#]],
    );
    let loops = "  - name: each\n    action: aws:loop\n    inputs:\n      LoopCondition: {Variable: '{{ look.State }}', StringEquals: busy}\n      MaxIterations: 3\n      Steps:\n        - name: look\n          action: aws:executeAwsApi\n          inputs: {Service: ec2, Api: DescribeInstances, X: '{{ each.CurrentIteration }}', Y: '{{ look.State }}'}\n          outputs: [{Name: State, Selector: $.S, Type: String}]\n"
        .to_owned()
        + &api("after", "ec2:DescribeInstances", ", X: '{{ look.State }}'");
    check(&loops, &expect![[""]]);
}

#[test]
fn steps_that_wait_for_what_can_never_be_or_for_ever_are_found() {
    let state = |name: &str, values: &str| {
        format!(
            "  - name: {name}\n    action: aws:waitForAwsResourceProperty\n    inputs: {{Service: ec2, Api: DescribeInstances, PropertySelector: '$.Reservations[0].Instances[0].State.Name', DesiredValues: {values}}}\n"
        )
    };
    let steps = "  - name: sleep\n    action: aws:sleep\n    timeoutSeconds: 60\n    inputs: {Duration: PT5M}\n".to_owned()
        + "  - name: sleep2\n    action: aws:sleep\n    timeoutSeconds: 300\n    inputs: {Duration: PT5M}\n"
        + &state("a", "[Running]")
        + &state("b", "[running, stopped]")
        + &state("c", "['{{ AutomationAssumeRole }}']")
        + "  - name: child\n    action: aws:executeAutomation\n    inputs: {DocumentName: X-Y}\n"
        + "  - name: pause\n    action: aws:pause\n    timeoutSeconds: 60\n    inputs: {}\n";
    check(
        &steps,
        &expect![[r#"
        8:21 NeverSatisfied: the step times out after 60 s, before it has slept for PT5M
        16:131 NeverSatisfied: State.Name is never Running
        24:13 MissingTimeout: nothing ends child if it never comes to its end
    "#]],
    );
}

const ASK: &str = "  - name: ask\n    action: aws:approve\n    inputs: {Approvers: [a]}\n";

#[test]
fn what_destroys_needs_an_approval_unless_the_runbook_made_it() {
    let end = "  - name: end\n    action: aws:changeInstanceState\n    inputs: {InstanceIds: [i-0123456789abcdef0], DesiredState: terminated}\n";
    let deletes = script(
        "clean",
        "import boto3\ndef main(events, context):\n    # ec2.delete_vpc()\n    boto3.client('ec2').delete_volume(VolumeId='delete_key(')\n    boto3.client('ec2').delete_tags()\n    return {}",
    );
    let steps = end.to_owned()
        + &api("drop", "rds:delete_db_instance", ", DBInstanceIdentifier: x")
        + &api("untag", "ec2:DeleteTags", ", Resources: [i-1]")
        + &api("dry", "ec2:TerminateInstances", ", InstanceIds: [i-1], DryRun: true")
        + &deletes;
    check(
        &steps,
        &expect![[r#"
        8:64 DestructiveWithoutApproval: end calls TerminateInstances, and no aws:approve comes before it
        11:33 DestructiveWithoutApproval: drop calls delete_db_instance, and no aws:approve comes before it
        28:33 DestructiveWithoutApproval: clean calls delete_volume, and no aws:approve comes before it
    "#]],
    );
    assert_eq!(findings(&runbook(&format!("{ASK}{end}{deletes}"))), "");
    // A rejection that leads on approves nothing.
    let rejected =
        format!("{}{end}", ASK.replace("    inputs", "    onFailure: Continue\n    inputs"));
    check(
        &rejected,
        &expect![[r#"
        12:64 DestructiveWithoutApproval: end calls TerminateInstances, and no aws:approve comes before it
    "#]],
    );
    let own = "  - name: up\n    action: aws:createStack\n    inputs: {StackName: x, TemplateBody: '{}'}\n".to_owned()
        + "  - name: down\n    action: aws:deleteStack\n    inputs: {StackName: '{{ up.StackId }}'}\n"
        + &api("make", "ec2:CreateSnapshot", ", VolumeId: vol-1")
        + &api("drop", "ec2:DeleteSnapshot", ", SnapshotId: snap-1");
    assert_eq!(findings(&runbook(&own)), "");
}

#[test]
fn a_suppression_covers_its_line_or_what_is_below_it_and_needs_a_reason() {
    let steps = "  # relay-lint: allow HardCodedRegion, HardCodedAccount: only there\n".to_owned()
        + &api("a", "ec2:CopySnapshot", ", SourceRegion: eu-west-1, Accounts: ['444455556666']")
        + &api("b", "ec2:CopySnapshot", ", SourceRegion: eu-west-1")
            .replace("}\n", "}  # relay-lint: allow HardCodedRegion: here, too\n")
        + "  # relay-lint: allow HardCodedRegion\n"
        + &api("c", "ec2:CopySnapshot", ", SourceRegion: eu-west-1")
        + "  # relay-lint: allow HardCodedRegions: a typo\n  # relay-lint: allow: nothing\n  # relay-lint: allow HardCodedSecret: there is none\n"
        + &api("d", "ec2:CopySnapshot", ", SourceRegion: eu-west-1")
        + &script(
            "e",
            "import boto3\ndef main(events, context):\n    # relay-lint: allow DestructiveWithoutApproval: it is temporary\n    boto3.client('ec2').delete_volume()",
        );
    check(
        &steps,
        &expect![[r#"
        13:3 SuppressionWithoutReason: no reason is given for allowing HardCodedRegion
        16:61 HardCodedRegion: the Region eu-west-1 is written into the runbook
        17:3 UnknownSuppression: unknown rule "HardCodedRegions"
        18:3 UnknownSuppression: no rule is named
        19:3 UnusedSuppression: nothing here is found by HardCodedSecret
        22:61 HardCodedRegion: the Region eu-west-1 is written into the runbook
        allowed HardCodedRegion: only there
        allowed HardCodedAccount: only there
        allowed HardCodedRegion: here, too
        allowed DestructiveWithoutApproval: it is temporary
    "#]],
    );
    let whole = format!(
        "# relay-lint: allow-file HardCodedRegion: a tool for one Region\n{}",
        runbook(&api("a", "ec2:CopySnapshot", ", SourceRegion: eu-west-1"))
    );
    expect![[r#"
        allowed HardCodedRegion: a tool for one Region
    "#]]
    .assert_eq(&findings(&whole));
}

#[test]
fn every_rule_is_found_by_a_test_of_this_file() {
    let source = include_str!("tests.rs");
    for rule in Rule::ALL {
        // The findings of ruff are held by the tests of the program.
        let is_shown = source.contains(&format!(" {}: ", rule.id())) || *rule == Rule::ScriptSyntax;
        assert!(is_shown, "{} has no test", rule.id());
    }
}
