"""Run Command as an API: what SendCommand refuses, whom it reaches, and where output and notifications go."""

import json

import boto3
import pytest

import local
from automation import create, start, when

SHELL = "AWS-RunShellScript"
HELLO = {"schemaVersion": "2.2", "description": "says hello", "parameters": {
    "Name": {"type": "String", "allowedPattern": "^[a-z]+$"}, "Times": {"type": "Integer", "default": 1}},
    "mainSteps": [{"action": "aws:runShellScript", "name": "a", "inputs": {"runCommand": ["echo hello {{ Name }}"]}}]}

RUN = """
schemaVersion: '0.3'
parameters:
  Node: {type: StringList}
  Document: {type: String, default: AWS-RunShellScript}
  Parameters: {type: StringMap, default: {commands: [uptime]}}
  Log: {type: String, default: 'true'}
mainSteps:
- name: say
  action: aws:runCommand
  timeoutSeconds: 5
  inputs:
    DocumentName: '{{ Document }}'
    InstanceIds: '{{ Node }}'
    Parameters: '{{ Parameters }}'
    CloudWatchOutputConfig: {CloudWatchOutputEnabled: '{{ Log }}', CloudWatchLogGroupName: said}
"""


@pytest.fixture
def commands(account):
    """SSM whose answers are not held against the model: commands are the emulator's."""
    return boto3.client("ssm", endpoint_url=local.ENDPOINT, region_name=local.HOME, aws_access_key_id=account,
                        aws_secret_access_key="any")


def node(account, **tags):
    """A running instance, which is a managed node."""
    tagged = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
    made = local.client("ec2", account).run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1,
                                                      **({"TagSpecifications": tagged} if tags else {}))
    return made["Instances"][0]["InstanceId"]


def command_document(ssm):
    name = local.fresh_name()
    ssm.create_document(Name=name, DocumentType="Command", Content=json.dumps(HELLO))
    return name


def ended(commands, sent, instance):
    command = sent["Command"]["CommandId"]
    return local.eventually(lambda: next(
        (told for told in [commands.get_command_invocation(CommandId=command, InstanceId=instance)]
         if told["Status"] not in ("Pending", "InProgress")), None))


def test_a_command_names_a_document_that_the_account_may_run(ssm, account, commands):
    there = {"InstanceIds": [node(account)]}
    runbook, hello = create(ssm), command_document(ssm)
    there["Parameters"] = {"Name": ["x"]}
    for document in ("No-Such-Document", runbook):
        assert local.code_of(commands.send_command, DocumentName=document, **there) == "InvalidDocument"
    for more, code in (({"DocumentVersion": "9"}, "InvalidDocumentVersion"),
                       ({"DocumentHash": "0" * 64, "DocumentHashType": "Sha256"}, "InvalidDocument")):
        assert local.code_of(commands.send_command, DocumentName=hello, **there, **more) == code
    digest = ssm.describe_document(Name=hello)["Document"]["Hash"]
    for more in ({}, {"DocumentVersion": "$LATEST"}, {"DocumentHash": digest, "DocumentHashType": "Sha256"}):
        assert commands.send_command(DocumentName=hello, **there, **more)["Command"]["Status"] == "Pending"


def test_a_shared_command_document_is_run_by_its_arn_only(account, commands):
    owner = local.fresh_account()
    theirs = local.client("ssm", owner)
    name = command_document(theirs)
    arn = f"arn:aws:ssm:{local.HOME}:{owner}:document/{name}"
    run = {"InstanceIds": [node(account)], "Parameters": {"Name": ["x"]}}
    assert local.code_of(commands.send_command, DocumentName=arn, **run) == "InvalidDocument"
    theirs.modify_document_permission(Name=name, PermissionType="Share", AccountIdsToAdd=[account])
    assert local.code_of(commands.send_command, DocumentName=name, **run) == "InvalidDocument"
    assert commands.send_command(DocumentName=arn, **run)["Command"]["DocumentName"] == arn


@pytest.mark.parametrize("parameters", [{}, {"Name": ["X"]}, {"Name": ["x", "y"]}, {"Name": ["x"], "Times": ["often"]},
                                        {"Name": ["x"], "Color": ["red"]}])
def test_parameters_are_held_against_the_document(ssm, account, commands, parameters):
    assert local.code_of(commands.send_command, DocumentName=command_document(ssm), InstanceIds=[node(account)],
                         Parameters=parameters) == "InvalidParameters"


def test_a_command_reaches_the_nodes_that_have_all_the_tags(account, commands):
    web = node(account, Role="web", Stage="prod")
    node(account, Role="web", Stage="test")

    def send(*targets):
        return commands.send_command(DocumentName=SHELL, Parameters={"commands": ["uptime"]}, Targets=[
            {"Key": key, "Values": values} for key, values in targets])

    sent = send(("tag:Role", ["web", "db"]), ("tag:Stage", ["prod"]))
    assert sent["Command"]["InstanceIds"] == [web]
    assert ended(commands, sent, web)["Status"] == "Success"
    nobody = send(("tag:Role", ["cache"]))["Command"]
    assert (nobody["Status"], nobody["StatusDetails"], nobody["TargetCount"]) == ("Failed", "NoInstancesInTag", 0)
    assert local.code_of(commands.send_command, DocumentName=SHELL, Parameters={"commands": ["uptime"]},
                         Targets=[{"Key": "Role", "Values": ["web"]}]) == "ValidationException"


def test_output_goes_to_cloudwatch_logs_and_the_end_to_sns(account, commands):
    instance, sns, sqs = node(account), local.client("sns", account), local.client("sqs", account)
    topic = sns.create_topic(Name="done")["TopicArn"]
    queue = sqs.create_queue(QueueName="done")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    local.control("POST", "commands", {"account": account, "instance": instance, "output": "up 3 days", "error": "and a warning"})
    sent = commands.send_command(
        DocumentName=SHELL, InstanceIds=[instance], Parameters={"commands": ["uptime"]},
        ServiceRoleArn=f"arn:aws:iam::{account}:role/notify",
        NotificationConfig={"NotificationArn": topic, "NotificationEvents": ["Success"], "NotificationType": "Command"},
        CloudWatchOutputConfig={"CloudWatchOutputEnabled": True})
    assert sent["Command"]["CloudWatchOutputConfig"] == {"CloudWatchOutputEnabled": True}
    ended(commands, sent, instance)
    place = f"{sent['Command']['CommandId']}/{instance}/aws-runShellScript/"
    logs = local.client("logs", account)
    for stream, text in (("stdout", "up 3 days"), ("stderr", "and a warning")):
        events = logs.get_log_events(logGroupName=f"/aws/ssm/{SHELL}", logStreamName=place + stream)["events"]
        assert [event["message"] for event in events] == [text]
    told = local.eventually(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"))
    message = json.loads(json.loads(told[0]["Body"])["Message"])
    assert (message["commandId"], message["status"], message["instanceIds"]) == (
        sent["Command"]["CommandId"], "Success", [instance])


def test_output_goes_to_s3_whole_and_the_invocation_says_where(account, commands):
    instance, s3 = node(account), local.client("s3", account)
    bucket, long = f"output-{account}", "x" * 100_000
    s3.create_bucket(Bucket=bucket)
    local.control("POST", "commands", {"account": account, "instance": instance, "output": long, "times": 2})

    def run(name, **more):
        sent = commands.send_command(DocumentName=SHELL, InstanceIds=[instance], Parameters={"commands": ["uptime"]},
                                     OutputS3BucketName=name, **more)
        return sent["Command"]["CommandId"], ended(commands, sent, instance)

    command, shown = run(bucket, OutputS3KeyPrefix="runs/daily")
    key = f"runs/daily/{command}/{instance}/awsrunShellScript/0.awsrunShellScript/stdout"
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() == long
    assert shown["StandardOutputUrl"] == f"https://s3.{commands.meta.region_name}.amazonaws.com/{bucket}/{key}"
    assert len(shown["StandardOutputContent"]) < len(long), "the invocation holds the beginning"
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [found["Key"] for found in listed] == [key], "nothing was written to stderr"
    assert run("a-bucket-that-nobody-has")[1]["Status"] == "Success"


@pytest.mark.parametrize("log", ["true", "False"])
def test_a_truth_value_may_be_text_at_any_depth_of_a_steps_inputs(ssm, account, log):
    ran = start(ssm, create(ssm, RUN), Parameters={"Node": [node(account)], "Log": [log]})
    assert when(ssm, ran, "Success")["StepExecutions"][0]["Outputs"]["Status"] == ["Success"]


def test_a_step_whose_command_is_refused_fails_with_what_run_command_says(ssm, account):
    instance = node(account)
    for more, says in (
            ({"Document": ["No-Such-Document"]}, "(InvalidDocument) when calling the SendCommand operation"),
            ({"Parameters": ['{"command": ["uptime"]}']}, "(InvalidParameters) when calling the SendCommand operation")):
        shown = when(ssm, start(ssm, create(ssm, RUN), Parameters={"Node": [instance], **more}), "Failed")
        assert says in shown["FailureMessage"], shown["FailureMessage"]


def test_a_step_on_a_node_without_an_agent_times_out_in_aws_words(ssm, account):
    there, gone = node(account), "i-0123456789abcdef0"
    shown = when(ssm, start(ssm, create(ssm, RUN), Parameters={"Node": [there, gone]}), "TimedOut")
    assert shown["FailureMessage"] == (
        "Step timed out while step is verifying the SSM Agent availability on the target instance(s). SSM Agent on "
        f"Instances: [{gone}] are not functioning. Please refer to Automation Service Troubleshooting Guide for more "
        "diagnosis details.")
