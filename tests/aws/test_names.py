"""CloudFormation refuses a name that something else has, chooses a new one in each stack, gives topics their keys, and roles
stay within their permissions boundary."""

import json

import boto3
import pytest

import local

TRUST = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"AWS": {"Ref": "AWS::AccountId"}}, "Action": "sts:AssumeRole"}]}
ALLOWED = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": ["ssm:GetParameter", "sqs:ListQueues"], "Resource": "*"}]}


def deployed(account, name, region="us-east-1", **resources):
    """How the creation of a stack ended: status and reasons."""
    cloudformation = local.client("cloudformation", account, region)
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}),
                                Capabilities=["CAPABILITY_NAMED_IAM"])

    def ended():
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        return None if stack["StackStatus"] in ("CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS") else stack["StackStatus"]

    status = local.eventually(ended, within=20)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return status, " ".join(event.get("ResourceStatusReason", "") for event in events)


def role(**more):
    return {"Type": "AWS::IAM::Role", "Properties": {
        "RoleName": "named", "AssumeRolePolicyDocument": TRUST,
        "Policies": [{"PolicyName": "all", "PolicyDocument": ALLOWED}], **more}}


@pytest.mark.parametrize("kind, properties", [
    ("AWS::SQS::Queue", {"QueueName": "named"}), ("AWS::SNS::Topic", {"TopicName": "named"}),
    ("AWS::Logs::LogGroup", {"LogGroupName": "named"}),
    ("AWS::Events::Rule", {"Name": "named", "EventPattern": {"source": ["aws.ssm"]}}),
])
def test_a_name_that_another_stack_has_is_refused_and_what_has_it_stays(kind, properties):
    account, resource = local.fresh_account(), {"Type": kind, "Properties": properties}
    assert deployed(account, "first", One=resource)[0] == "CREATE_COMPLETE"
    status, reasons = deployed(account, "second", Other=resource)
    assert status == "ROLLBACK_COMPLETE" and "already exists" in reasons
    [kept] = local.client("cloudformation", account).describe_stack_resources(StackName="first")["StackResources"]
    assert kept["ResourceStatus"] == "CREATE_COMPLETE"
    # In another Region it is free.
    assert deployed(account, "second", "eu-west-1", Other=resource)[0] == "CREATE_COMPLETE"


def test_the_name_of_a_role_is_taken_in_every_region_and_by_a_role_made_by_hand():
    account = local.fresh_account()
    assert deployed(account, "first", One=role())[0] == "CREATE_COMPLETE"
    assert deployed(account, "second", "eu-west-1", Other=role())[0] == "ROLLBACK_COMPLETE"
    assert local.client("iam", account).get_role(RoleName="named")
    other = local.fresh_account()
    local.client("iam", other).create_role(RoleName="named", AssumeRolePolicyDocument=json.dumps(
        {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": other}}]}))
    status, reasons = deployed(other, "first", One=role())
    assert status == "ROLLBACK_COMPLETE" and "'named' already exists" in reasons
    # The rollback leaves what was there.
    assert local.client("iam", other).get_role(RoleName="named")


def test_a_role_stays_within_its_permissions_boundary():
    account = local.fresh_account()
    boundary = local.client("iam", account).create_policy(PolicyName="boundary", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}))
    arn = boundary["Policy"]["Arn"]
    status, reasons = deployed(account, "none", One=role(PermissionsBoundary=arn + "-of-nobody"))
    assert status == "ROLLBACK_COMPLETE" and "does not exist or is not attachable" in reasons
    assert deployed(account, "bounded", One=role(PermissionsBoundary=arn))[0] == "CREATE_COMPLETE"
    assumed = local.client("sts", account).assume_role(RoleArn=f"arn:aws:iam::{account}:role/named", RoleSessionName="s")
    keys = assumed["Credentials"]

    def bounded(service):
        return boto3.client(service, "us-east-1", endpoint_url=local.ENDPOINT, aws_access_key_id=keys["AccessKeyId"],
                            aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"])

    assert bounded("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert local.code_of(bounded("ssm").get_parameter, Name="any") == "AccessDeniedException"


def test_a_table_without_a_name_is_another_one_in_each_stack_and_the_same_after_an_update():
    account = local.fresh_account()
    cloudformation = local.client("cloudformation", account)

    def table(billing):
        return {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "Properties": {
            "BillingMode": billing, "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}}

    def name():
        [made] = cloudformation.describe_stack_resources(StackName="hub")["StackResources"]
        return made["PhysicalResourceId"]

    assert deployed(account, "hub", Ledger=table("PAY_PER_REQUEST"))[0] == "CREATE_COMPLETE"
    first = name()
    changed = {**table("PAY_PER_REQUEST"), "Metadata": {"Note": "changed"}}
    changed["Properties"]["SSESpecification"] = {"SSEEnabled": True}
    cloudformation.update_stack(StackName="hub", TemplateBody=json.dumps({"Resources": {"Ledger": changed}}))
    local.eventually(lambda: cloudformation.describe_stacks(StackName="hub")["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE" or None)
    assert name() == first
    cloudformation.delete_stack(StackName="hub")
    local.eventually(lambda: local.code_of(cloudformation.describe_stacks, StackName="hub") or None)
    assert deployed(account, "hub", Ledger=table("PAY_PER_REQUEST"))[0] == "CREATE_COMPLETE"
    assert name() != first
    assert {first, name()} <= set(local.client("dynamodb", account).list_tables()["TableNames"])


def test_a_topic_of_a_template_has_its_key():
    account = local.fresh_account()
    key = local.client("kms", account).create_key()["KeyMetadata"]["Arn"]
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "closed", "KmsMasterKeyId": key}}
    assert deployed(account, "one", Topic=topic)[0] == "CREATE_COMPLETE"
    sns, arn = local.client("sns", account), f"arn:aws:sns:us-east-1:{account}:closed"
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["KmsMasterKeyId"] == key
