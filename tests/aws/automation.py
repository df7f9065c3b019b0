"""Runbooks that run, and what they come to."""

import json

import local

ENDED = {"Success", "Failed", "TimedOut", "Cancelled"}

NAP = """
schemaVersion: '0.3'
description: sleeps
parameters:
  Who: {type: String, default: nobody}
  Long: {type: String, default: PT0S}
outputs: [say.Said]
mainSteps:
- name: say
  action: aws:executeScript
  inputs:
    Runtime: python3.11
    Handler: say
    InputPayload: {who: '{{ Who }}'}
    Script: |
      def say(events, context):
          return {"said": "hello=" + events["who"], "n": 3}
  outputs: [{Name: Said, Selector: $.Payload.said, Type: String}]
- name: nap
  action: aws:sleep
  inputs: {Duration: '{{ Long }}'}
"""

# No script in it: for what is started often.
QUICK = """
schemaVersion: '0.3'
parameters:
  Who: {type: String, default: nobody, allowedPattern: '^[a-z0-9]*$'}
mainSteps:
- name: nap
  action: aws:sleep
  inputs: {Duration: PT0S}
"""

LONG = QUICK.replace("PT0S", "PT1H")

HOLD = """
schemaVersion: '0.3'
mainSteps:
- name: hold
  action: aws:pause
  inputs: {}
- name: nap
  action: aws:sleep
  inputs: {Duration: PT0S}
"""

UNDER_A_ROLE = """
schemaVersion: '0.3'
assumeRole: '{{ AutomationAssumeRole }}'
parameters:
  AutomationAssumeRole: {type: String, default: ''}
mainSteps:
- name: who
  action: aws:executeAwsApi
  inputs: {Service: sts, Api: GetCallerIdentity}
  outputs: [{Name: Arn, Selector: $.Arn, Type: String}]
- name: buckets
  action: aws:executeAwsApi
  inputs: {Service: s3, Api: list_buckets}
"""


def create(ssm, text=QUICK, **more):
    """Creates a runbook in YAML and returns its name."""
    name = local.fresh_name()
    ssm.create_document(Name=name, Content=text, DocumentType="Automation", DocumentFormat="YAML", **more)
    return name


def start(ssm, name, **more):
    return ssm.start_automation_execution(DocumentName=name, **more)["AutomationExecutionId"]


def run(ssm, text=QUICK, **more):
    """Creates and starts a runbook; returns the execution's id."""
    return start(ssm, create(ssm, text), **more)


def execution(ssm, ident):
    return ssm.get_automation_execution(AutomationExecutionId=ident)["AutomationExecution"]


def when(ssm, ident, status, within=15.0):
    """The execution once it has this status."""
    def found():
        shown = execution(ssm, ident)
        now = shown["AutomationExecutionStatus"]
        assert now == status or now not in ENDED, f"{now}: {shown.get('FailureMessage')}"
        return shown if now == status else None

    return local.eventually(found, within=within)


def steps(shown):
    """Step by step: its name and status."""
    return {step["StepName"]: step["StepStatus"] for step in shown["StepExecutions"]}


def role(account, service, statements, **condition):
    """A role that a service may assume; returns its ARN."""
    iam, name = local.client("iam", account), local.fresh_name("role")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"} | condition
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    allow(iam.put_role_policy, statements, RoleName=name)
    return f"arn:aws:iam::{account}:role/{name}"


def user(account, statements):
    """A user's credentials, as a client takes them."""
    iam, name = local.client("iam", account), local.fresh_name("user")
    iam.create_user(UserName=name)
    allow(iam.put_user_policy, statements, UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def allow(put, statements, **whom):
    statements = [{"Effect": "Allow", "Resource": "*"} | statement for statement in statements]
    put(**whom, PolicyName="tests", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
