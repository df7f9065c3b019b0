"""`events:source` and `events:detail-type`: the events that a PutEvents is about, which ministack leaves out.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html. AWS authorizes each entry by itself; here a
call whose entries differ has a key with several values, which a condition for one value does not match.
"""

import json

from ministack.core import iam_actions

KEYS = {"events:source": "Source", "events:detail-type": "DetailType"}


def keys(body):
    """The condition keys of a PutEvents."""
    try:
        entries = json.loads(body or b"{}").get("Entries") or []
        found = {key: sorted({entry[field] for entry in entries if entry.get(field)}) for key, field in KEYS.items()}
    except (ValueError, AttributeError, TypeError):
        return {}  # a body that the service refuses
    return {key: values[0] if len(values) == 1 else values for key, values in found.items() if values}


def install(require):
    """Puts this into ministack, around what another extension put there; fails at start-up if that is not there."""
    require(iam_actions, "request_tag_context")
    before = iam_actions.request_tag_context

    def context(service, iam_action, body, *rest, **more):
        known = before(service, iam_action, body, *rest, **more)
        return {**known, **keys(body)} if iam_action == "events:PutEvents" else known
    iam_actions.request_tag_context = context
