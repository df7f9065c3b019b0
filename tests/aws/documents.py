"""Runbooks for tests."""

import json

import local


def automation(description="waits"):
    """A small Automation runbook."""
    return json.dumps({
        "schemaVersion": "0.3",
        "description": description,
        "parameters": {"InstanceId": {"type": "String", "description": "which"},
                       "Levels": {"type": "StringList", "default": ["one"]}},
        "mainSteps": [{"name": "wait", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
    })


AUTOMATION = automation()


def create(ssm, **more):
    """Creates a runbook and returns its name."""
    arguments = {"Name": local.fresh_name(), "Content": AUTOMATION, "DocumentType": "Automation"} | more
    description = ssm.create_document(**arguments)["DocumentDescription"]
    assert description["Status"] == "Creating"
    return description["Name"]
