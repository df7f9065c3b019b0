"""OpsItems of OpsCenter, which ministack lacks, as far as a rule or a person needs them: create, get, describe.

Words and limits are those of the service's model. An OpsItem whose dedup string is that of an open one is not made again
(OpsCenter guide, "Reducing duplicate OpsItems").
"""

import json
import uuid

from ministack.core import responses
from ministack.services import ssm

LONGEST = {"Title": 1024, "Description": 2048, "Source": 128, "Category": 64, "Severity": 64}
REQUIRED = ("Description", "Source", "Title")
DEDUP = "/aws/dedup"
OPEN = ("Open", "InProgress", "Pending")
SHOWN = ("Title", "Source", "Severity", "Category", "Priority", "Status", "OpsItemId", "OperationalData", "CreatedBy",
         "CreatedTime", "LastModifiedBy", "LastModifiedTime")

_items = responses.AccountRegionScopedDict()


def _refused(code, message, **more):
    status, headers, body = responses.error_response_json(code, message, 400)
    return status, headers, json.dumps(json.loads(body) | more).encode() if more else body


def _wrong(data):
    """Why an OpsItem cannot be made so; `None` if it can."""
    for name, longest in LONGEST.items():
        text = data.get(name)
        if (name in REQUIRED or text is not None) and not (isinstance(text, str) and text.strip() and len(text) <= longest):
            return f"{name} is expected to have 1 to {longest} characters."
    for key, value in (data.get("OperationalData") or {}).items():
        if not str(value.get("Value") or "").strip():
            return f"The value of the operational data {key} is empty."
    return None


def _dedup(item):
    return (item.get("OperationalData") or {}).get(DEDUP, {}).get("Value")


def _create(data):
    why = _wrong(data)
    if why:
        return _refused("OpsItemInvalidParameterException", why)
    same = [item for item in _items.values() if _dedup(data) and _dedup(item) == _dedup(data)
            and item["Source"] == data["Source"] and item["Status"] in OPEN]
    if same:
        return _refused("OpsItemAlreadyExistsException", "The OpsItem already exists.", OpsItemId=same[0]["OpsItemId"])
    ident, now = f"oi-{uuid.uuid4().hex[:12]}", ssm._now_epoch()
    arn = f"arn:aws:ssm:{responses.get_region()}:{responses.get_account_id()}:opsitem/{ident}"
    author = f"arn:aws:iam::{responses.get_account_id()}:root"
    _items[ident] = {name: value for name, value in data.items() if value is not None and name not in ("Tags", "AccountId")} | {
        "OpsItemId": ident, "OpsItemArn": arn, "Status": "Open", "Version": "1", "CreatedTime": now, "LastModifiedTime": now,
        "CreatedBy": author, "LastModifiedBy": author}
    return responses.json_response({"OpsItemId": ident, "OpsItemArn": arn})


def _get(data):
    item = _items.get(data.get("OpsItemId"))
    if item is None:
        return _refused("OpsItemNotFoundException", f"OpsItem with id {data.get('OpsItemId')} does not exist.")
    return responses.json_response({"OpsItem": item})


def _fits(item, wanted):
    """Whether an OpsItem fits a filter, whose values are alternatives."""
    key, values = wanted["Key"], wanted["Values"]
    if key == "OperationalData":
        pairs = [json.loads(value) for value in values]
        data = item.get("OperationalData") or {}
        return any(data.get(pair["key"], {}).get("Value") == pair["value"] for pair in pairs)
    if key == "OperationalDataKey":
        return any(value in (item.get("OperationalData") or {}) for value in values)
    held = str(item.get(key, ""))
    return any(value in held if wanted["Operator"] == "Contains" else value == held for value in values)


def _describe(data):
    """All of them on one page."""
    filters = data.get("OpsItemFilters") or []
    found = [item for item in _items.values() if all(_fits(item, wanted) for wanted in filters)]
    return responses.json_response({"OpsItemSummaries": [
        {name: item[name] for name in SHOWN if name in item} for item in found]})


_OPERATIONS = {"CreateOpsItem": _create, "GetOpsItem": _get, "DescribeOpsItems": _describe}


def install(require):
    """Puts all this into ministack; fails at start-up if what it rests on is not there."""
    require(ssm, "handle_request", "_now_epoch")
    if hasattr(ssm, "_create_ops_item"):
        raise SystemExit("relay_opsitems: ministack knows OpsItems by now: delete this file")
    others, precise = ssm.handle_request, ssm._now_epoch
    ssm._now_epoch = lambda: round(precise(), 3)  # AWS's times have milliseconds

    async def handle(method, path, headers, body, query_params):
        operation = _OPERATIONS.get(headers.get("x-amz-target", "").rsplit(".", 1)[-1])
        if operation is None:
            return await others(method, path, headers, body, query_params)
        return operation(json.loads(body or b"{}"))

    ssm.handle_request = handle
