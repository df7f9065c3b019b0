"""AWS::SSM::Document: what an update of a stack does to a document."""

import json

import pytest

import local


@pytest.fixture
def stacks(account):
    return local.client("cloudformation", account)


def template(description, **properties):
    content = {"schemaVersion": "0.3", "description": description, "mainSteps": [
        {"name": "s", "action": "aws:sleep", "inputs": {"Duration": "PT0S"}}]}
    properties = {"DocumentType": "Automation", "Content": content, **properties}
    return json.dumps({"Resources": {"Doc": {"Type": "AWS::SSM::Document", "Properties": properties}},
                       "Outputs": {"Name": {"Value": {"Ref": "Doc"}}}})


def settled(stacks, stack):
    def ended():
        told = stacks.describe_stacks(StackName=stack)["Stacks"][0]
        return None if told["StackStatus"].endswith("IN_PROGRESS") else told
    return local.eventually(ended, within=30)


def name_of(told):
    return told["Outputs"][0]["OutputValue"]


def made(stacks, *args, **properties):
    stack = local.fresh_name("stack")
    stacks.create_stack(StackName=stack, TemplateBody=template(*args, **properties))
    told = settled(stacks, stack)
    assert told["StackStatus"] == "CREATE_COMPLETE"
    return stack, name_of(told)


def updated(stacks, stack, *args, **properties):
    stacks.update_stack(StackName=stack, TemplateBody=template(*args, **properties))
    return settled(stacks, stack)


def tags_of(ssm, name):
    tags = ssm.list_tags_for_resource(ResourceType="Document", ResourceId=name)["TagList"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def test_a_new_version_becomes_the_default(ssm, stacks):
    named = {"Name": local.fresh_name(), "UpdateMethod": "NewVersion"}
    stack, name = made(stacks, "one", **named)
    assert updated(stacks, stack, "two", **named)["StackStatus"] == "UPDATE_COMPLETE"
    document = ssm.describe_document(Name=name)["Document"]
    assert (document["DefaultVersion"], document["Description"]) == ("2", "two")


def test_a_document_with_a_name_of_its_own_is_not_replaced(ssm, stacks):
    named = {"Name": local.fresh_name()}
    stack, name = made(stacks, "one", **named)
    assert "ROLLBACK" in updated(stacks, stack, "two", **named)["StackStatus"]
    events = stacks.describe_stack_events(StackName=stack)["StackEvents"]
    assert any(event.get("ResourceStatusReason") == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
        f"{name} and update the stack again.") for event in events)
    assert ssm.describe_document(Name=name)["Document"]["LatestVersion"] == "1"
    # Another type replaces it whatever the method.
    more = {**named, "UpdateMethod": "NewVersion", "DocumentType": "Command"}
    assert "ROLLBACK" in updated(stacks, stack, "one", **more)["StackStatus"]


def test_a_replaced_document_has_another_name(ssm, stacks):
    stack, first = made(stacks, "one")
    second = name_of(updated(stacks, stack, "two"))
    assert second != first
    assert ssm.describe_document(Name=second)["Document"]["Description"] == "two"
    assert local.code_of(ssm.describe_document, Name=first) == "InvalidDocument"
    renamed = local.fresh_name()
    assert name_of(updated(stacks, stack, "two", Name=renamed)) == renamed


@pytest.mark.parametrize("method", ["Replace", "NewVersion"])
def test_tags_are_updated_in_place(ssm, stacks, method):
    def tagged(**tags):
        return {"UpdateMethod": method, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    stack, name = made(stacks, "one", **tagged(team="a", cost="1"))
    told = updated(stacks, stack, "one", **tagged(team="b", stage="prod"))
    assert (told["StackStatus"], name_of(told)) == ("UPDATE_COMPLETE", name)
    assert {key: value for key, value in tags_of(ssm, name).items() if not key.startswith("aws:")} == \
        {"team": "b", "stage": "prod"}
    assert ssm.describe_document(Name=name)["Document"]["LatestVersion"] == "1"


def test_a_roll_back_makes_the_old_version_the_default_again(ssm, stacks):
    named = {"Name": local.fresh_name(), "UpdateMethod": "NewVersion"}
    stack, name = made(stacks, "one", **named)
    body = json.loads(template("two", **named))
    body["Resources"]["Bad"] = {"Type": "AWS::SSM::Document", "DependsOn": "Doc", "Properties": {
        "DocumentType": "Automation", "Content": {"schemaVersion": "0.3", "mainSteps": []}}}
    stacks.update_stack(StackName=stack, TemplateBody=json.dumps(body))
    assert settled(stacks, stack)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    document = ssm.describe_document(Name=name)["Document"]
    assert (document["DefaultVersion"], document["Description"]) == ("1", "one")
