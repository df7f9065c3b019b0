"""Credentials for those who act on behalf of others: the keys behind an access key, and sessions of roles that an
AWS service assumes. ministack's own AssumeRole serves principals only.
"""

import json
import time

from ministack.core import iam_evaluator as iam
from ministack.core.arn import parse_arn
from ministack.services import iam as iam_service
from ministack.services import sts

NEEDED = ((iam, "_service_principal_matches", "evaluate_trust_policy", "EvalContext"),
          (iam_service, "_roles", "_access_keys"),
          (sts, "_sessions", "register_session", "_session_expired", "_role_id", "_gen_session_access_key",
           "_gen_secret", "_gen_session_token"))


def role_of(arn):
    """The role of an ARN, path included; `None` if there is none."""
    try:
        spec = parse_arn(arn)
    except ValueError:
        return None
    role = iam_service._roles.get_scoped(spec.account_id, None, spec.resource.rsplit("/", 1)[-1])
    return role if role is not None and role.get("Arn") == arn else None


def trusts(role, service, context):
    """Whether a role's trust policy lets a service assume it. Of the allowing statements only those that name the
    service count: the evaluator's stand-in for a service is an account's root."""
    account = parse_arn(role["Arn"]).account_id
    question = iam.EvalContext(
        principal_arn=f"arn:aws:iam::{account}:root", principal_type="Service", principal_account=account,
        action="sts:AssumeRole", resource_arn=role["Arn"], region="", service_context=context)
    document = role.get("AssumeRolePolicyDocument") or "{}"
    document = json.loads(document) if isinstance(document, str) else document
    statements = document.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    named = [s for s in statements if iam._service_principal_matches(s.get("Principal"), service)
             or s.get("Effect") == "Deny"]
    named = [{**s, "Principal": "*"} for s in named]
    return iam.evaluate_trust_policy({"Statement": named}, question.principal_arn, question)


def owner_of(access_key):
    """The account of a user's access key; `None` if no user has it."""
    return next((account for account, key in iam_service._access_keys._data if key == access_key), None)


def keys(request):
    """{accessKey} -> the keys to sign with, as its owner has them."""
    access_key = request["accessKey"]
    session = sts._sessions.get(access_key)
    if session is not None:
        if sts._session_expired(session):
            return {"error": {"code": "ExpiredTokenException",
                              "message": "The security token included in the request is expired"}}
        return {"accessKeyId": access_key, "secretAccessKey": session["SecretAccessKey"],
                "sessionToken": session["SessionToken"]}
    account = owner_of(access_key)
    if account is None:
        return {"error": {"code": "UnrecognizedClientException",
                          "message": "The security token included in the request is invalid."}}
    stored = iam_service._access_keys.get_scoped(account, None, access_key)
    return {"accessKeyId": access_key, "secretAccessKey": stored["SecretAccessKey"], "sessionToken": None}


def assume(request):
    """{role, service, sourceArn, sourceAccount, session, seconds} -> the keys of a session that the service opened."""
    role = role_of(request["role"])
    context = {"aws:sourcearn": request["sourceArn"], "aws:sourceaccount": request["sourceAccount"]}
    if role is None or not trusts(role, request["service"], context):
        return {"denied": {"role": request["role"], "exists": role is not None}}
    spec = parse_arn(request["role"])
    name, session = spec.resource.rsplit("/", 1)[-1], request["session"]
    arn = f"arn:{spec.partition}:sts::{spec.account_id}:assumed-role/{name}/{session}"
    access_key, secret, token = sts._gen_session_access_key(), sts._gen_secret(), sts._gen_session_token()
    expiration = time.time() + request.get("seconds", 3600)
    sts.register_session(access_key, {
        "Arn": arn, "UserId": f"{sts._role_id(request['role'])}:{session}", "SecretAccessKey": secret,
        "SessionToken": token, "Expiration": expiration, "AccountId": spec.account_id,
        "PrincipalType": "AssumedRole", "SourceAccessKeyId": None, "SourcePrincipalArn": request["service"],
        "SessionTags": [], "SessionPolicies": None})
    return {"accessKeyId": access_key, "secretAccessKey": secret, "sessionToken": token, "arn": arn,
            "expiration": int(expiration)}


def install(require):
    """Replaces nothing; fails at start-up if what this uses is not there."""
    for owner, *names in NEEDED:
        require(owner, *names)
