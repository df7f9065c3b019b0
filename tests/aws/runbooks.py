"""Runs runbooks on the local AWS and looks at what became of the resources.

Two worlds: documents and executions go through `local.client`, which holds every answer against SSM's model;
everything else is a plain boto3 client.
"""

import functools
import json
import time
import uuid
from pathlib import Path

import boto3
from botocore.config import Config

import local

ROOT = Path(__file__).parents[2]
IMAGE = "ami-0abcdef1234567890"
ENDED = {"Success", "Failed", "TimedOut", "Cancelled"}


@functools.cache
def client(service, account, region=local.HOME, key=None, secret="any", token=None):
    """A plain client for the root of an account, or for a key of its own."""
    return boto3.client(service, endpoint_url=local.ENDPOINT, region_name=region, aws_access_key_id=key or account,
                        aws_secret_access_key=secret, aws_session_token=token,
                        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20))


def shipped(name):
    """The text of a runbook of the suite."""
    return (ROOT / "runbooks" / f"{name}.yaml").read_text()


class World:
    """An account and Region in which runbooks run, with a service role that may do everything there."""

    def __init__(self, account=None, region=local.HOME):
        self.account, self.region = account or local.fresh_account(), region
        self.ssm = local.client("ssm", self.account, region)
        self.published = set()
        self.role = self._role()

    def __getattr__(self, service):
        return client({"elb": "elbv2"}.get(service, service), self.account, self.region)

    def _role(self, name="automation"):
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ssm.amazonaws.com"},
                 "Condition": {"StringEquals": {"aws:SourceAccount": self.account}}}
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        try:
            made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
            self.iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=policy(everything))
        except self.iam.exceptions.EntityAlreadyExistsException:
            made = self.iam.get_role(RoleName=name)["Role"]["Arn"]
        return made

    def publish(self, name):
        """Creates a runbook of the suite, once."""
        if name not in self.published:
            self.ssm.create_document(Name=name, Content=shipped(name), DocumentType="Automation",
                                     DocumentFormat="YAML", TargetType="/AWS::EC2::Instance")
            self.published.add(name)

    def start(self, name, parameters, **more):
        """Starts a runbook, the suite's own created first, under the role of this world."""
        if name.startswith("Relay-"):
            self.publish(name)
        given = {"AutomationAssumeRole": self.role} | parameters
        given = {key: value if isinstance(value, list) else [value] for key, value in given.items()}
        return self.ssm.start_automation_execution(DocumentName=name, Parameters=given, **more)["AutomationExecutionId"]

    def execution(self, ident):
        return self.ssm.get_automation_execution(AutomationExecutionId=ident)["AutomationExecution"]

    def ended(self, ident, *, within=30):
        """The execution, once it has ended."""
        end = time.monotonic() + within
        while (found := self.execution(ident))["AutomationExecutionStatus"] not in ENDED:
            assert time.monotonic() < end, f"{ident} has not ended within {within} s"
            # Not more often: every answer is held against the model, and the run needs the processor too.
            time.sleep(0.1)
        return found

    def run(self, name, parameters, *, expect="Success", **more):
        """Runs a runbook to its end, which is as expected."""
        execution = self.ended(self.start(name, parameters, **more))
        told = [(step["StepName"], step["StepStatus"], step.get("FailureMessage")) for step in execution["StepExecutions"]
                if step["StepStatus"] not in ("Pending", "Success")]
        assert execution["AutomationExecutionStatus"] == expect, (told, execution.get("FailureMessage"))
        return execution

    def launch(self, **more):
        """A new running instance's id."""
        arguments = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1} | more
        return self.ec2.run_instances(**arguments)["Instances"][0]["InstanceId"]

    def instance(self, ident):
        return self.ec2.describe_instances(InstanceIds=[ident])["Reservations"][0]["Instances"][0]

    def state(self, ident):
        return self.instance(ident)["State"]["Name"]

    def root_volume(self, ident):
        return self.instance(ident)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]

    def boots(self, ident):
        """How often it has booted: its console shows each."""
        return self.ec2.get_console_output(InstanceId=ident)["Output"].count("Linux version")

    def checks(self, ident):
        """Its instance status check and its system status check."""
        found = self.ec2.describe_instance_status(InstanceIds=[ident], IncludeAllInstances=True)["InstanceStatuses"][0]
        return found["InstanceStatus"]["Status"], found["SystemStatus"]["Status"]

    def tags(self, ident):
        return {tag["Key"]: tag["Value"] for tag in self.instance(ident).get("Tags", [])}

    def impair(self, ident, check, cured_by):
        """Fails a status check of an instance until it is cured."""
        local.control("POST", "impair", {"account": self.account, "region": self.region, "instance": ident,
                                         "check": check, "curedBy": cured_by})

    def answer(self, ident, **answer):
        """What commands on an instance answer from now on."""
        local.control("POST", "commands", {"account": self.account, "instance": ident} | answer)

    def commands(self, ident):
        """The commands that an instance was sent, oldest first: document and parameters."""
        found = self.plain_ssm.list_commands(InstanceId=ident)["Commands"]
        return [(command["DocumentName"], command["Parameters"]) for command in reversed(found)]

    @property
    def plain_ssm(self):
        """SSM where ministack answers, whose answers are not held against the model."""
        return client("ssm", self.account, self.region)

    def bucket(self):
        name = f"relay-{uuid.uuid4().hex[:20]}"
        where = {} if self.region == "us-east-1" else {
            "CreateBucketConfiguration": {"LocationConstraint": self.region}}
        self.s3.create_bucket(Bucket=name, **where)
        return name

    def json(self, bucket, key):
        return json.loads(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def step(execution, name):
    """A step of an execution."""
    return next(each for each in execution["StepExecutions"] if each["StepName"] == name)


def taken(execution):
    """The names of the steps that were taken, in order."""
    return [each["StepName"] for each in execution["StepExecutions"] if each["StepStatus"] != "Pending"]


def output(execution, name):
    """One output of an execution, as text."""
    return execution["Outputs"][name][0]


def topic(world, name):
    """A topic with a queue behind it: its ARN and a function that waits for the next message."""
    arn = world.sns.create_topic(Name=name)["TopicArn"]
    queue = world.sqs.create_queue(QueueName=local.fresh_name("queue"))["QueueUrl"]
    queue_arn = world.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    send = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": queue_arn}
    world.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy(send)})
    world.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)

    def message():
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for found in world.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
                return json.loads(found["Body"])
        raise AssertionError("no message within 10 s")

    return arn, message
