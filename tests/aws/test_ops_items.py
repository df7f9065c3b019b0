"""OpsItems: made by a call and by a rule, and found."""

import json

import pytest

import local
from automation import role, user
from test_events import Hub

ITEM = {"Title": "it broke", "Description": "see below", "Source": "tests", "Severity": "2", "Category": "Availability"}
TEMPLATE = """{"title": "tests: <what>", "description": <what>, "source": "tests", "severity": "2", "operationalData": {
  "/aws/dedup": {"type": "SearchableString", "value": "{\\"dedupString\\":\\"tests-<id>\\"}"},
  "outcome": {"type": "SearchableString", "value": <id>}}}"""


@pytest.fixture
def hub(account):
    return Hub(account)


def found(ssm, **filters):
    wanted = [{"Key": key, "Operator": "Equal", "Values": [value]} for key, value in filters.items()]
    return ssm.describe_ops_items(OpsItemFilters=wanted)["OpsItemSummaries"]


def test_an_ops_item_is_made_got_and_found(ssm):
    made = ssm.create_ops_item(**ITEM, OperationalData={"outcome": {"Value": "o-1", "Type": "SearchableString"}})
    item = ssm.get_ops_item(OpsItemId=made["OpsItemId"])["OpsItem"]
    assert {name: item[name] for name in ITEM} == ITEM and item["Status"] == "Open"
    assert [each["OpsItemId"] for each in found(ssm, Source="tests", Status="Open")] == [made["OpsItemId"]]
    assert len(found(ssm, OperationalData='{"key":"outcome","value":"o-1"}')) == 1
    assert found(ssm, OperationalData='{"key":"outcome","value":"o-2"}') == found(ssm, Title="another") == []
    with pytest.raises(ssm.exceptions.OpsItemNotFoundException):
        ssm.get_ops_item(OpsItemId="oi-0123456789ab")


@pytest.mark.parametrize("wrong", [{"Title": "x" * 1025}, {"Description": "x" * 2049}, {"Source": " "},
                                   {"OperationalData": {"a": {"Value": " ", "Type": "String"}}}])
def test_an_ops_item_that_does_not_fit_is_refused(ssm, wrong):
    with pytest.raises(ssm.exceptions.OpsItemInvalidParameterException):
        ssm.create_ops_item(**ITEM | wrong)
    assert found(ssm) == []


def test_an_open_one_with_the_same_dedup_string_is_not_made_again(ssm):
    data = {"/aws/dedup": {"Value": '{"dedupString":"a"}', "Type": "SearchableString"}}
    made = ssm.create_ops_item(**ITEM, OperationalData=data)
    with pytest.raises(ssm.exceptions.OpsItemAlreadyExistsException) as refused:
        ssm.create_ops_item(**ITEM, OperationalData=data)
    assert refused.value.response["OpsItemId"] == made["OpsItemId"]
    assert len(found(ssm)) == 1


def rule(hub, may):
    dead = hub.queue()
    hub.rule({"source": ["tests"]}, hub.arn("ssm", "opsitem"), RoleArn=role(hub.account, "events.amazonaws.com", may),
             InputTransformer={"InputPathsMap": {"what": "$.detail.what", "id": "$.detail.id"}, "InputTemplate": TEMPLATE},
             DeadLetterConfig={"Arn": hub.arn("sqs", dead)})
    return dead


def put(hub, what):
    hub.events.put_events(Entries=[{"Source": "tests", "DetailType": "t", "Detail": json.dumps({"what": what, "id": "o-1"})}])


def test_a_rule_makes_one_under_its_role_and_a_repeat_no_other(ssm, hub):
    dead = rule(hub, [{"Action": "ssm:CreateOpsItem"}])
    put(hub, 'it "broke"')
    [item] = local.eventually(lambda: found(ssm, Source="tests"))
    assert (item["Title"], item["Severity"]) == ('tests: it "broke"', "2")
    assert item["OperationalData"]["/aws/dedup"]["Value"] == '{"dedupString":"tests-o-1"}'
    put(hub, "it broke once more")
    local.eventually(lambda: len([each for each in local.control("GET", "events") if each.get("target")
                                  == hub.arn("ssm", "opsitem")]) == 2)
    assert len(found(ssm, Source="tests")) == 1
    url = hub.sqs.get_queue_url(QueueName=dead)["QueueUrl"]
    assert "Messages" not in hub.sqs.receive_message(QueueUrl=url)


@pytest.mark.parametrize("what, may, code", [("x", [{"Action": "ssm:GetOpsItem"}], "NO_PERMISSIONS"),
                                             ("x" * 1100, [{"Action": "ssm:*"}], "INVALID_PARAMETER")])
def test_what_cannot_be_made_is_dead_lettered(ssm, hub, what, may, code):
    dead = rule(hub, may)
    put(hub, what)
    assert hub.message(dead)["MessageAttributes"]["ERROR_CODE"]["StringValue"] == code
    assert found(ssm) == []


def test_a_caller_without_the_permission_makes_and_sees_none(ssm, account):
    made = ssm.create_ops_item(**ITEM)["OpsItemId"]
    other = local.client_of("ssm", *user(account, [{"Action": "ssm:DescribeOpsItems"}]))
    assert len(found(other)) == 1
    assert local.code_of(other.create_ops_item, **ITEM) == "AccessDeniedException"
    assert local.code_of(other.get_ops_item, OpsItemId=made) == "AccessDeniedException"
