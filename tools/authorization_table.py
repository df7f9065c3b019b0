#!/usr/bin/env python3
"""Writes AWS's Service Authorization Reference as the compact table that `relay runbook policy` reads.

    python tools/authorization_table.py [--check]

The table has the services that botocore has a client for; the source is tools/reference.py's. `--check` compares the
table with the one in the repository and exits non-zero if they differ. One line each:

    = PREFIX CLIENT[,CLIENT]     a prefix of permissions, and the names of its clients in botocore
    @ TYPE ARN                   a resource type of the prefix
    NAME[!] [TYPE[*],…]          an action; `!`: it hands a role over (iam:PassRole); `*`: every permission names this type
    ~ OPERATION NAME             an operation whose permission has another name
    ? WAITER OPERATION           a waiter of the client
"""

import argparse
import sys
from pathlib import Path

import botocore.exceptions
import botocore.session
import reference

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "local/workbench/src/policy/reference.txt"

# Clients whose permissions have another prefix than the name that requests are signed for.
PREFIXES = {
    "cloudwatch": "cloudwatch", "elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing", "sesv2": "ses",
    "resource-groups": "resource-groups", "resourcegroupstaggingapi": "tag", "ce": "ce", "cur": "cur",
    "application-autoscaling": "application-autoscaling", "docdb": "rds", "neptune": "rds", "opensearch": "es",
}

# Operations whose permission is named otherwise, or that have none of their own: "Actions defined by …" of each service,
# and the operation's page in its API reference.
RENAMED = {
    "s3": {
        "ListBuckets": "ListAllMyBuckets", "HeadObject": "GetObject", "HeadBucket": "ListBucket",
        "ListObjects": "ListBucket", "ListObjectsV2": "ListBucket", "ListObjectVersions": "ListBucketVersions",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock", "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock", "DeleteObjects": "DeleteObject", "CopyObject": "PutObject",
        "GetBucketEncryption": "GetEncryptionConfiguration", "PutBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketEncryption": "PutEncryptionConfiguration", "DeleteBucketTagging": "PutBucketTagging",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration", "GetBucketNotificationConfiguration": "GetBucketNotification",
        "PutBucketNotificationConfiguration": "PutBucketNotification", "GetBucketReplication": "GetReplicationConfiguration",
        "PutBucketReplication": "PutReplicationConfiguration", "DeleteBucketReplication": "PutReplicationConfiguration",
        "GetBucketCors": "GetBucketCORS", "PutBucketCors": "PutBucketCORS", "DeleteBucketCors": "PutBucketCORS",
        "CreateMultipartUpload": "PutObject", "UploadPart": "PutObject", "CompleteMultipartUpload": "PutObject",
        "ListMultipartUploads": "ListBucketMultipartUploads", "ListParts": "ListMultipartUploadParts",
        "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration", "GetObjectLockConfiguration":
        "GetBucketObjectLockConfiguration", "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "SelectObjectContent": "GetObject",
    },
    "lambda": {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"},
    "dynamodb": {
        "BatchExecuteStatement": "PartiQLSelect", "ExecuteStatement": "PartiQLSelect", "TransactGetItems": "GetItem",
        "TransactWriteItems": "PutItem", "ListTables": "ListTables",
    },
    "cloudwatch": {},
    "sts": {"GetCallerIdentity": "GetCallerIdentity"},
    "sns": {"PublishBatch": "Publish"},
    "sqs": {
        "SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage",
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    },
    "kms": {"ReEncrypt": "ReEncryptFrom"},
    "resourcegroupstaggingapi": {},
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="compare only")
    arguments = parser.parse_args()
    text = table(reference.load(), botocore.session.get_session())
    if not arguments.check:
        TABLE.write_text(text, encoding="utf-8")
        print(f"{TABLE.relative_to(ROOT)}: {len(text.splitlines()):,} lines, {len(text) // 1024} KB")
        return 0
    if TABLE.read_text(encoding="utf-8") == text:
        print("the table of permissions is current")
        return 0
    print(f"{TABLE.relative_to(ROOT)} is not what the reference says: run python tools/authorization_table.py")
    return 1


def table(known, session):
    lines = []
    for prefix, clients in sorted(clients_of(known, session).items()):
        lines.append(f"= {prefix} {','.join(sorted(clients))}")
        lines += section(known, session, prefix, sorted(clients))
    return "\n".join(lines) + "\n"


def clients_of(known, session):
    """The clients of botocore by the prefix of their permissions."""
    found = {}
    for client in session.get_available_services():
        signed = session.get_service_model(client).signing_name
        candidates = [PREFIXES.get(client), client, signed, client.replace("-", "")]
        prefix = next((each for each in candidates if each and known.actions(each)), None)
        if prefix:
            found.setdefault(prefix, []).append(client)
    return found


def section(known, session, prefix, clients):
    """The lines of one prefix."""
    service = known.services[prefix]
    kinds = {kind for name in service["privileges"] for kind in resource_types(service, name)}
    for kind in sorted(kinds):
        yield f"@ {kind} {service['resources'][kind]['arn']}"
    names = {name.lower() for name in service["privileges"]}
    for name in sorted(service["privileges"]):
        types = resource_types(service, name)
        passes = any("iam:PassRole" in said["dependent_actions"]
                     for said in service["privileges"][name]["resource_types"].values())
        described = ",".join(kind + "*" * said["required"] for kind, said in sorted(types.items()))
        yield f"{name}{'!' * passes} {described}".rstrip()
    renamed = {operation: name for client in clients for operation, name in RENAMED.get(client, {}).items()}
    for operation, name in sorted(renamed.items()):
        if operation != name and operation.lower() != name.lower():
            if name.lower() not in names:
                raise SystemExit(f"{prefix}:{name} is not in the reference: correct RENAMED")
            yield f"~ {operation} {name}"
    waiters = {}
    for client in clients:
        try:
            model = session.get_waiter_model(client)
        except (botocore.exceptions.UnknownServiceError, botocore.exceptions.DataNotFoundError):
            continue
        for waiter in model.waiter_names:
            waiters[botocore.xform_name(waiter)] = model.get_waiter(waiter).operation
    for waiter, operation in sorted(waiters.items()):
        yield f"? {waiter} {operation}"


def resource_types(service, name):
    """The resource types of an action that have an ARN."""
    types = service["privileges"][name]["resource_types"]
    return {kind: said for kind, said in types.items() if kind in service["resources"]}


def unnamed(known, session):
    """Operations without a permission of their name, to be looked up: for maintainers of RENAMED."""
    for prefix, clients in clients_of(known, session).items():
        names = {each.partition(":")[2].lower() for each in known.actions(prefix)}
        for client in clients:
            for operation in session.get_service_model(client).operation_names:
                if operation.lower() not in names and operation not in RENAMED.get(client, {}):
                    yield f"{client}:{operation}"


if __name__ == "__main__":
    sys.exit(main())
