"""Every operation is authorized, in every protocol in which the local AWS takes it."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from ministack.app import SERVICE_HANDLERS
from ministack.core.router import detect_service

import local
import protocols

# In words of the services; an answer to HEAD has no body, and so no code but the status.
DENIALS = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "ForbiddenException",
           "403"}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: nobody can be denied these.
ALWAYS_ALLOWED = {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")}


def policy(*statements):
    """A policy as text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Role:
    """A role of an account of its own, without any permission until it is given one."""

    def __init__(self, account=None, principal=None):
        self.account, self.name = account or local.fresh_account(), local.fresh_name("role")
        self.iam = local.client("iam", self.account)
        trust = {"Effect": "Allow", "Principal": principal or {"AWS": "*"}, "Action": "sts:AssumeRole"}
        self.arn = self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
        if principal is None:
            keys = local.client("sts", self.account).assume_role(RoleArn=self.arn, RoleSessionName="test")["Credentials"]
            self.keys = keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]

    def may(self, action, resource="*", condition=None, name="may"):
        """Puts the policy of this name: nothing but this is allowed by it."""
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        if condition:
            statement["Condition"] = condition
        self.iam.put_role_policy(RoleName=self.name, PolicyName=name, PolicyDocument=policy(statement))

    def calls(self, service, operation, protocol, parameters=None, named=None):
        return protocols.call(service, operation, protocol, self.keys, parameters, named)


@pytest.fixture(scope="module")
def nobody():
    return Role()


def is_served(service):
    """Whether the local AWS routes requests that are signed for a service to that service."""
    name = protocols.signing_name(service)
    scope = f"AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/{name}/aws4_request, SignedHeaders=host"
    found = detect_service("POST", "/", {"authorization": scope, "host": "127.0.0.1"}, {})
    return found in SERVICE_HANDLERS and (found != "s3" or service == "s3")


def operations():
    for service in filter(is_served, protocols.services()):
        model = protocols.model(service)
        for operation in model.operation_names:
            if (service, operation) not in ALWAYS_ALLOWED and protocols.is_signed(model.operation_model(operation)):
                yield from ((service, operation, protocol) for protocol in protocols.protocols(service))


def test_a_role_without_permissions_is_refused_every_operation_in_every_protocol(nobody):
    every, bucket = list(operations()), local.fresh_name("b").lower()
    local.client("s3", nobody.account).create_bucket(Bucket=bucket)
    named = {"BucketName": bucket,
             "AmazonResourceName": f"arn:aws:logs:{local.HOME}:{nobody.account}:log-group:x"}
    assert len(every) > 6000, "the models of botocore are not read"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: nobody.calls(*each, named=named), every))
    let_through = [(each, answer) for each, answer in zip(every, answers)
                   if answer[1] not in DENIALS or answer[0] not in (400, 403)]
    found = Counter(service for (service, *_), _ in let_through)
    assert not let_through, f"{len(let_through)} of {len(every)}, {dict(found)}: {let_through[:40]}"


@pytest.mark.parametrize("protocol", ["smithy-rpc-v2-cbor", "json", "query"])
def test_a_permission_on_one_alarm_counts_in_every_protocol_and_for_that_alarm_alone(protocol):
    role = Role()
    arn = f"arn:aws:cloudwatch:{local.HOME}:{role.account}:alarm:"
    role.may("cloudwatch:SetAlarmState", f"{arn}mine")
    state = {"StateValue": "ALARM", "StateReason": "test"}
    _, code = role.calls("cloudwatch", "SetAlarmState", protocol, {"AlarmName": "mine", **state})
    assert code in ("ResourceNotFound", "ResourceNotFoundFault"), "it may: there is no such alarm"
    status, code = role.calls("cloudwatch", "SetAlarmState", protocol, {"AlarmName": "yours", **state})
    assert status == 403 and code in DENIALS


@pytest.mark.parametrize(("service", "operation", "protocol", "harmless"), [
    ("cloudwatch", "DeleteAlarms", "smithy-rpc-v2-cbor", "DescribeAlarms"),
    ("cloudwatch", "DeleteAlarms", "json", "DescribeAlarms"), ("dynamodb", "CreateTable", "json", "ListTables"),
    ("lambda", "DeleteFunction", "rest-json", "ListFunctions"), ("s3", "DeleteBucket", "rest-xml", "ListBuckets")])
def test_no_second_name_of_an_operation_stands_for_the_first(monkeypatch, service, operation, protocol, harmless):
    role = Role()
    namespace = {"s3": "s3", "lambda": "lambda"}.get(service, protocols.signing_name(service))
    role.may(f"{namespace.replace('monitoring', 'cloudwatch')}:{harmless}")
    assert role.calls(service, operation, protocol)[1] in DENIALS
    monkeypatch.setattr(protocols, "prepare_request_dict", _with_action(harmless))
    assert role.calls(service, operation, protocol)[1] in DENIALS


def _with_action(name):
    prepare = protocols.prepare_request_dict

    def with_action(request, endpoint):
        prepare(request, endpoint)
        request["url"] += f"{'&' if '?' in request['url'] else '?'}Action={name}"
    return with_action
