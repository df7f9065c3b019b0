"""What AWS refuses in services that the emulator answers for, and the emulator alone would take."""

import io
import json
import zipfile

import pytest

import local


@pytest.fixture(scope="module")
def account():
    return local.fresh_account()


def test_an_advanced_parameter_does_not_become_standard_again(account):
    ssm = local.client("ssm", account)

    def put(value, tier):
        return ssm.put_parameter(Name="/tiers/rule", Value=value, Type="String", Tier=tier, Overwrite=True)["Tier"]

    assert put("short", "Intelligent-Tiering") == "Standard"
    assert put("x" * 5000, "Intelligent-Tiering") == "Advanced"
    refused = local.error_of(ssm.put_parameter, Name="/tiers/rule", Value="short", Type="String", Tier="Standard",
                             Overwrite=True)
    assert refused["Error"]["Code"] == "ValidationException" and "downgrade" in refused["Error"]["Message"]
    assert put("short", "Intelligent-Tiering") == "Advanced"


def test_a_queue_whose_messages_return_too_soon_is_not_mapped_to_a_function(account):
    sqs, functions, iam = (local.client(service, account) for service in ("sqs", "lambda", "iam"))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\n")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="takes", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    functions.create_function(FunctionName="takes", Runtime="provided.al2023", Role=role, Handler="bootstrap",
                              Code={"ZipFile": code.getvalue()}, Timeout=30)
    for seconds, refusal in (("29", "Queue visibility timeout: 29 seconds is less than Function timeout: 30 seconds"), ("30", None)):
        url = sqs.create_queue(QueueName=f"returns-{seconds}", Attributes={"VisibilityTimeout": seconds})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        mapped = {"FunctionName": "takes", "EventSourceArn": arn, "Enabled": False}
        if refusal is None:
            functions.create_event_source_mapping(**mapped)
            continue
        error = local.error_of(functions.create_event_source_mapping, **mapped)["Error"]
        assert (error["Code"], error["Message"]) == ("InvalidParameterValueException", refusal)


def test_a_topic_is_reached_in_its_own_region_only(account):
    topic = local.client("sns", account, "us-east-1").create_topic(Name="here")["TopicArn"]
    assert local.client("sns", account, "us-east-1").publish(TopicArn=topic, Message="x")["MessageId"]
    assert local.code_of(local.client("sns", account, "eu-west-1").publish, TopicArn=topic, Message="x") == "InvalidParameter"


def test_instances_are_found_by_their_tags(account):
    ec2 = local.client("ec2", account)
    made = ec2.run_instances(ImageId="ami-12345678", MinCount=2, MaxCount=2)["Instances"]
    ident = made[0]["InstanceId"]
    ec2.create_tags(Resources=[ident], Tags=[{"Key": "App", "Value": "web"}])
    tags = local.client("resourcegroupstaggingapi", account)
    found = tags.get_resources(TagFilters=[{"Key": "App", "Values": ["web"]}], ResourceTypeFilters=["ec2:instance"])
    arns = [each["ResourceARN"] for each in found["ResourceTagMappingList"]]
    assert arns == [f"arn:aws:ec2:{local.HOME}:{account}:instance/{ident}"]
