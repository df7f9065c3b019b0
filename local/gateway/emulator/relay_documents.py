"""AWS::SSM::Document in CloudFormation: made, updated and deleted by calls of SSM on the gateway.

What an update does, from the type's reference:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-document.html
"""

import http.client
import json
import os

from ministack.core import responses
from ministack.services.cloudformation import provisioners

DOCUMENT = "AWS::SSM::Document"
# A change of one of these is a new version with `UpdateMethod: NewVersion`, and replaces the document with `Replace`.
VERSIONED = ("Content", "Attachments", "DocumentFormat", "TargetType", "VersionName")
# A change of one of these always replaces it.
FIXED = ("Name", "DocumentType", "Requires")


def call(operation, body):
    """Calls SSM on the gateway as the root of the account whose stack is being worked on."""
    account, region = responses.get_account_id(), responses.get_region()
    scope = f"{account}/20200101/{region}/ssm/aws4_request"
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["GATEWAY_PORT"]), timeout=30)
    connection.request("POST", "/", json.dumps(body), {
        "content-type": "application/x-amz-json-1.1", "x-amz-target": f"AmazonSSM.{operation}",
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"})
    response = connection.getresponse()
    answer = json.loads(response.read() or b"{}")
    connection.close()
    if response.status != 200:
        raise ValueError(f"{answer.get('__type', response.status)}: {answer.get('message') or answer.get('Message')}")
    return answer


def _content(props):
    content = props["Content"]
    return content if isinstance(content, str) else json.dumps(content)


def _tags(props):
    # CloudFormation's own are among them, which the API refuses.
    return {key: value for key, value in provisioners._tag_map(props.get("Tags")).items() if not key.startswith("aws:")}


def _changed(old_props, new_props, names):
    return any(old_props.get(name) != new_props.get(name) for name in names)


def _is_replaced(old_props, new_props):
    if _changed(old_props, new_props, FIXED):
        return True
    return new_props.get("UpdateMethod", "Replace") == "Replace" and _changed(old_props, new_props, VERSIONED)


def _create(logical_id, props, stack_name, *_, **__):
    name = props.get("Name") or provisioners._physical_name(stack_name, logical_id, max_len=128)
    fields = ("DocumentType", "DocumentFormat", "TargetType", "VersionName", "Attachments", "Requires")
    body = {field: props[field] for field in fields if field in props}
    tags = [{"Key": key, "Value": value} for key, value in _tags(props).items()]
    call("CreateDocument", {"Name": name, "Content": _content(props), **body, **({"Tags": tags} if tags else {})})
    return name, {}


def _update(physical_id, old_props, new_props, stack_name, logical_id=None):
    if _is_replaced(old_props, new_props):
        made = provisioners._seeded_create(_create, logical_id or physical_id, new_props, stack_name)
        provisioners._delete_predecessor(_delete, physical_id, old_props)
        return made
    if _changed(old_props, new_props, VERSIONED):
        _new_version(physical_id, new_props)
    _retag(physical_id, _tags(old_props), _tags(new_props))
    return physical_id, {}


def _new_version(name, props):
    """Makes a version, which becomes the default. A roll-back makes an old one the default again."""
    body = {field: props[field] for field in VERSIONED if field in props and field != "Content"}
    content = _content(props)
    try:
        made = call("UpdateDocument", {"Name": name, "Content": content, "DocumentVersion": "$LATEST", **body})
        version = made["DocumentDescription"]["DocumentVersion"]
    except ValueError as error:
        version = _version_with(name, content) if str(error).startswith("DuplicateDocumentContent") else None
        if version is None:
            raise
    call("UpdateDocumentDefaultVersion", {"Name": name, "DocumentVersion": version})


def _version_with(name, content):
    for version in call("ListDocumentVersions", {"Name": name, "MaxResults": 50})["DocumentVersions"]:
        number = version["DocumentVersion"]
        stored = call("GetDocument", {"Name": name, "DocumentVersion": number, "DocumentFormat": version["DocumentFormat"]})
        if stored["Content"] == content:
            return number
    return None


def _retag(name, old, new):
    changed = [{"Key": key, "Value": value} for key, value in new.items() if old.get(key) != value]
    gone = [key for key in old if key not in new]
    document = {"ResourceType": "Document", "ResourceId": name}
    if gone:
        call("RemoveTagsFromResource", {**document, "TagKeys": gone})
    if changed:
        call("AddTagsToResource", {**document, "Tags": changed})


def _delete(physical_id, *_, **__):
    try:
        call("DeleteDocument", {"Name": physical_id})
    except ValueError as error:
        if not str(error).startswith("InvalidDocument:"):
            raise


def install(require):
    """Puts the type into ministack; fails at start-up if what it rests on is not there."""
    require(provisioners, "_RESOURCE_HANDLERS", "_CUSTOM_NAME_REPLACEMENT", "_physical_name", "_seeded_create",
            "_delete_predecessor", "_tag_map")
    provisioners._RESOURCE_HANDLERS[DOCUMENT] = {
        "create": _create, "update": _update, "update_with_logical_id": True, "delete": _delete}
    provisioners._CUSTOM_NAME_REPLACEMENT[DOCUMENT] = {"name": "Name", "requires_replacement": _is_replaced}
