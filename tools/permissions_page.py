"""Writes docs/permissions.md: role by role and statement by statement, what may be done, to what, when, and why."""

import policies

HEAD = """\
# Permissions

Made by `tools/check_uses.py --write` from the templates, the code and `tools/permissions.yaml`; `cargo xtask test` holds it
against them. Every permission is in AWS's Service Authorization Reference for that resource and those conditions, and has
something that uses it. A statement's resource and condition are written in its first row; `${…}` is filled in by
CloudFormation, and a name without `arn:` is a resource of the same template.
"""

INTRODUCTIONS = {
    "template.yaml": "The hub account.",
    "management-account.yaml": "The management account, where it is not the hub.",
    "ops-items.yaml": "The hub account, where OpsCenter is used.",
    "owner-account.yaml": "Every account that owns runbooks.",
    "target-account.yaml": "Every account whose alarms are answered.",
}


def render(uses):
    """The whole page."""
    parts = [HEAD]
    for file in dict.fromkeys(each.file for each in uses.statements):
        of_file = [each for each in uses.statements if each.file == file]
        parts.append(f"## {file}\n\n{INTRODUCTIONS.get(file, '')}\n".replace("\n\n\n", "\n"))
        for owner in dict.fromkeys(each.owner for each in of_file if each.kind != "resource"):
            parts.append(role(uses, [each for each in of_file if each.owner == owner]))
        parts.append(resource_policies([each for each in of_file if each.kind == "resource"]))
    parts.append(outside(uses))
    return "\n".join(part for part in parts if part)


def role(uses, statements):
    """The section of one role or managed policy."""
    owner, template = statements[0].owner, statements[0].template
    properties = template["Resources"][owner]["Properties"]
    lines = [f"### {owner}", ""]
    lines += [f"{text(properties['Description'])}.", ""] if "Description" in properties else []
    for statement in statements:
        if statement.kind == "trust":
            lines.append(f"Taken on by {principal(statement)}{when(statement, ', where ')}.")
    attached = [text(each) for each in policies.resolve_names(properties.get("ManagedPolicyArns", []))]
    if attached:
        lines += ["", "Also attached: " + ", ".join(attached) + "."]
    lines += ["", "| statement | action | resource | condition | used by |", "|---|---|---|---|---|"]
    for statement in statements:
        if statement.kind == "identity":
            for index, action in enumerate(statement.actions):
                first = index == 0
                never = "" if statement.effect == "Allow" else "never "
                lines.append(row(statement.sid or statement.policy if first else "", f"{never}`{action}`",
                                 resources(statement) if first else "", when(statement) if first else "",
                                 "; ".join(uses.why(statement, action))))
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def resource_policies(statements):
    """The section of the policies that stand at queues, topics, buses, bucket and key."""
    if not statements:
        return ""
    lines = ["### Policies of resources", "", "| policy | effect | principal | action | condition |", "|---|---|---|---|---|"]
    for statement in statements:
        actions = ", ".join(f"`{action}`" for action in statement.actions)
        lines.append(row(f"{statement.owner} {statement.sid}".strip(), statement.effect, principal(statement), actions, when(statement)))
    return "\n".join(lines) + "\n"


def outside(uses):
    """What to add for the runbooks that the roles are not made for."""
    lines = ["## Runbooks that need more", "",
             "The roles that runbooks run under do not hold all that these need. To use one, write a managed policy with these actions,",
             "on the resources that you mean, and give its ARN to `ServiceRolePolicyArns` of the hub's stack, and to",
             "`ExecutionRolePolicyArns` of the target account's.", "", "| runbook | why not by default | actions to add |", "|---|---|---|"]
    has = {action for each in uses.statements if each.owner == "ServiceRole" for action in each.actions}
    for entry in uses.exceptions["outside"]:
        needs = ", ".join(f"`{action}`" for action in sorted(uses.runbook_needs(entry["runbook"])) if action not in has)
        lines.append(row(entry["runbook"], entry["reason"], needs))
    optional = [each for each in uses.exceptions["implied"] if each.get("optional")]
    lines += [row(each["runbook"], each["reason"], ", ".join(f"`{action}`" for action in each["actions"])) for each in optional]
    return "\n".join(lines) + "\n"


def row(*cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def text(value):
    """A value of a template as a reader sees it."""
    if isinstance(value, dict):
        (function, argument), = value.items()
        if function == "Fn::Sub":
            value = argument if isinstance(argument, str) else argument[0]
        elif function == "Fn::GetAtt":
            value = argument[0] if argument[1] == "Arn" else ".".join(argument)
        elif function == "Fn::If":
            value = " or ".join(text(each) for each in policies.branches({function: argument}))
        elif function == "Ref" and argument.startswith("AWS::"):
            value = f"${{{argument}}}"
        else:
            value = argument if isinstance(argument, str) else str(argument)
    return str(value).replace("${AWS::", "${").replace(".Arn}", "}")


def resources(statement):
    values = policies.as_list(statement.body.get("Resource", []))
    return ", ".join("everything" if value == "*" else f"`{text(value)}`" for value in values)


def when(statement, before=""):
    asked = [f"{operator} `{key}`: {', '.join(f'`{text(each)}`' for each in policies.as_list(value))}"
             for operator, keys in statement.body.get("Condition", {}).items() for key, value in keys.items()]
    return before + " and ".join(asked) if asked else ""


def principal(statement):
    named = statement.body.get("Principal", "")
    if isinstance(named, str):
        return "everybody" if named == "*" else named
    return ", ".join(f"`{text(each)}`" for values in named.values() for each in policies.as_list(values))
