"""`dynamodb:LeadingKeys`: the partition keys of the items that a request is about, which ministack leaves out.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html. A Scan is about no item in
particular and has no such key. Transactions are authorized item by item, under the keys of the whole request.
"""

import json
import re

from ministack.core import iam_actions
from ministack.services import dynamodb

_EQUALS = re.compile(r"([#A-Za-z_][\w.#-]*)\s*=\s*(:\w+)")

_service_context = iam_actions.dynamodb_service_context


def _partition_key(table, index=None):
    """The name of the attribute that is the partition key of a table, or of an index of it."""
    record = dynamodb._tables.get(table.rsplit("/", 1)[-1]) or {}
    schema = record.get("KeySchema") or []
    for each in [*(record.get("GlobalSecondaryIndexes") or []), *(record.get("LocalSecondaryIndexes") or [])]:
        if index is not None and each.get("IndexName") == index:
            schema = each.get("KeySchema") or []
    return next((part["AttributeName"] for part in schema if part.get("KeyType") == "HASH"), None)


def _value(attribute):
    """`{"S": "share#1"}` -> `share#1`: texts and numbers as they are, bytes in base64."""
    return next((str(value) for value in (attribute or {}).values()), None)


def _of_query(data, partition):
    names, values = data.get("ExpressionAttributeNames") or {}, data.get("ExpressionAttributeValues") or {}
    for name, value in _EQUALS.findall(data.get("KeyConditionExpression") or ""):
        if names.get(name, name) == partition:
            yield _value(values.get(value))
    legacy = (data.get("KeyConditions") or {}).get(partition) or {}
    for attribute in legacy.get("AttributeValueList") or []:
        yield _value(attribute)


def leading_keys(data):
    """The partition keys that a request names, in its order."""
    found = []
    if table := data.get("TableName"):
        partition = _partition_key(table, data.get("IndexName"))
        for item in (data.get("Key"), data.get("Item")):
            if item and partition in item:
                found.append(_value(item[partition]))
        found += _of_query(data, partition)
    for table, wanted in (data.get("RequestItems") or {}).items():
        partition = _partition_key(table)
        items = wanted.get("Keys", []) if isinstance(wanted, dict) else [
            (each.get("PutRequest") or {}).get("Item") or (each.get("DeleteRequest") or {}).get("Key") for each in wanted]
        found += [_value((item or {}).get(partition)) for item in items]
    for each in data.get("TransactItems") or []:
        for part in each.values():
            item = part.get("Key") or part.get("Item") or {}
            found.append(_value(item.get(_partition_key(part.get("TableName", "")))))
    return [key for key in found if key is not None]


def context(body):
    """ministack's condition keys of a request, and the leading keys."""
    known = _service_context(body)
    try:
        data = json.loads(body or b"{}")
        keys = leading_keys(data) if isinstance(data, dict) else []
    except (ValueError, AttributeError, TypeError):
        return known  # a body that the service refuses
    return {**known, "dynamodb:LeadingKeys": keys} if keys else known


def install(require):
    """Puts this into ministack; fails at start-up if what it replaces is not there."""
    require(iam_actions, "dynamodb_service_context")
    require(dynamodb, "_tables")
    iam_actions.dynamodb_service_context = context
