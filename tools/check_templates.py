#!/usr/bin/env python3
"""Holds the templates against cfn-lint (.cfnlintrc) and against what no linter knows of this project.

    python tools/check_templates.py [--root FOLDER]

Prints what failed and why, then one closing line, and exits non-zero when anything failed. What roles
may do is checked by check_permissions.py.
"""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import templates

ROOT = Path(__file__).resolve().parent.parent

# CloudFormation takes a template of this size inside a request; larger ones only by way of S3. The hub's
# goes that way with its functions; what other accounts need may be deployed by hand.
LARGEST = {"template.yaml": 1_000_000}
LARGEST_IN_A_REQUEST = 51_200

# The lowest that Lambda knows: functions choose by LogLevel themselves, and write metrics at every level.
LOG_LEVEL = "TRACE"

RULES = []


def rule(check):
    """A rule yields a sentence for everything that breaks it; its docstring is its name."""
    RULES.append(check)
    return check


def as_list(value):
    return value if isinstance(value, list) else [value]


def of_type(template, kind):
    return {name: resource.get("Properties", {}) for name, resource in template["Resources"].items()
            if resource["Type"] == kind}


@rule
def cfn_lint_finds_nothing(files):
    """cfn-lint finds nothing"""
    # By its command line, so that .cfnlintrc counts here as it does in an editor.
    linted = subprocess.run([Path(sys.executable).with_name("cfn-lint"), "--format", "parseable", *files],
                            cwd=files[0].parent, capture_output=True, text=True, check=False)
    yield from linted.stdout.splitlines()
    if linted.returncode and not linted.stdout:
        yield linted.stderr.strip()


@rule
def partitions_are_open(files):
    """no template names a partition"""
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"arn:aws|\.amazonaws\.com\.cn", line):
                yield f"{path.name}:{number}: write ${{AWS::Partition}}: {line.strip()}"


@rule
def templates_fit_into_a_request(files):
    """every template fits into what CloudFormation takes"""
    for path in files:
        largest = LARGEST.get(path.name, LARGEST_IN_A_REQUEST)
        if path.stat().st_size > largest:
            yield f"{path.name}: {path.stat().st_size} bytes, over {largest}"


@rule
def templates_need_no_yaml_aliases(files):
    """no template uses YAML's anchors or merges: CloudFormation reads none"""
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"(^|[:\-\s])[&*][A-Za-z][\w-]*\s*$|<<:", line.split("#")[0].split('"')[0]):
                yield f"{path.name}:{number}: {line.strip()}"


@rule
def services_are_no_deputies_of_others(files):
    """what a service may do here it may do for this account only, or for this organization"""
    for path in files:
        template = templates.load(path)
        documents = [(name, p["PolicyDocument"]) for kind in ("SQS::QueuePolicy", "SNS::TopicPolicy")
                     for name, p in of_type(template, f"AWS::{kind}").items()]
        documents += [(name, p["KeyPolicy"]) for name, p in of_type(template, "AWS::KMS::Key").items()]
        documents += [(name, p["AssumeRolePolicyDocument"]) for name, p in of_type(template, "AWS::IAM::Role").items()]
        for name, document in documents:
            for statement in document["Statement"]:
                principal = statement.get("Principal") if "Principal" in statement else {}
                services = as_list(principal.get("Service", [])) if isinstance(principal, dict) else []
                # Lambda sends no aws:SourceArn when it assumes a function's role.
                if services and services != ["lambda.amazonaws.com"]:
                    condition = str(statement.get("Condition"))
                    if "aws:SourceAccount" not in condition and "aws:SourceOrgID" not in condition:
                        yield f"{path.name}: {name}: {', '.join(services)} without aws:SourceAccount"


@rule
def stores_are_closed(files):
    """queues and topics are encrypted, and refuse plain HTTP as the bucket does"""
    for path in files:
        template = templates.load(path)
        policies = {kind: of_type(template, f"AWS::{kind}Policy") for kind in ("SQS::Queue", "SNS::Topic", "S3::Bucket")}
        for kind, target in (("SQS::Queue", "Queues"), ("SNS::Topic", "Topics"), ("S3::Bucket", "Bucket")):
            for name, properties in of_type(template, f"AWS::{kind}").items():
                if kind != "S3::Bucket" and not {"KmsMasterKeyId", "SqsManagedSseEnabled"} & properties.keys():
                    yield f"{path.name}: {name}: is not encrypted"
                refusing = [policy for policy in policies[kind].values()
                            if {"Ref": name} in as_list(policy[target])
                            and any(s.get("Effect") == "Deny" and "aws:SecureTransport" in str(s.get("Condition"))
                                    for s in policy["PolicyDocument"]["Statement"])]
                if not refusing:
                    yield f"{path.name}: {name}: takes plain HTTP"


@rule
def functions_are_alike(files):
    """every function has a role and a log group of its own, the log group a retention, its own code, and every line it writes"""
    for path in files:
        template = templates.load(path)
        logs = of_type(template, "AWS::Logs::LogGroup")
        for name, properties in logs.items():
            if "RetentionInDays" not in properties:
                yield f"{path.name}: {name}: keeps logs for ever"
        roles = []
        for name, properties in of_type(template, "AWS::Serverless::Function").items():
            stem = name.removesuffix("Function")
            kebab = re.sub(r"(?<!^)([A-Z])", r"-\1", stem).lower()
            roles.append(str(properties.get("Role")))
            if properties.get("Role") != {"Fn::GetAtt": [f"{stem}Role", "Arn"]}:
                yield f"{path.name}: {name}: its role is not {stem}Role"
            if properties.get("LoggingConfig", {}).get("LogGroup") != {"Ref": f"{stem}Logs"}:
                yield f"{path.name}: {name}: its log group is not {stem}Logs"
            if properties.get("LoggingConfig", {}).get("ApplicationLogLevel") != LOG_LEVEL:
                yield f"{path.name}: {name}: Lambda leaves out what the function wrote: ApplicationLogLevel is not {LOG_LEVEL}"
            if properties.get("CodeUri") != f"target/lambda/{kebab}/":
                yield f"{path.name}: {name}: its code is not target/lambda/{kebab}/"
        yield from (f"{path.name}: {role} serves two functions" for role in set(roles) if roles.count(role) > 1)


@rule
def rules_may_call_functions(files):
    """a rule is let into a function by its ARN alone"""
    for path in files:
        for name, properties in of_type(templates.load(path), "AWS::Lambda::Permission").items():
            if properties["Principal"] != "events.amazonaws.com":
                continue
            if "SourceArn" not in properties:
                yield f"{path.name}: {name}: any rule may call the function"
            # EventBridge guide, "Troubleshooting": with it the function is not called. The ARN names the account.
            if "SourceAccount" in properties:
                yield f"{path.name}: {name}: EventBridge may not be let in with SourceAccount"


@rule
def shared_runbooks_may_be_started_by_all(files):
    """a role that may start runbooks may start those of AllowedSharedRunbookArns too"""
    action = "ssm:StartAutomationExecution"
    for name, properties in of_type(templates.load(files[0]), "AWS::IAM::Role").items():
        written = [each for policy in properties.get("Policies", []) for each in policy["PolicyDocument"]["Statement"]]
        written = [each["Fn::If"][1] if "Fn::If" in each else each for each in written]
        starts = [statement for statement in written if action in as_list(statement["Action"])]
        resources = str([statement["Resource"] for statement in starts])
        # The execution role may start what any account has.
        if starts and "AllowedSharedRunbookArns" not in resources and ":ssm:*:*:document/*" not in resources:
            yield f"{files[0].name}: {name} may start runbooks, but not those of AllowedSharedRunbookArns"


@rule
def messages_outlast_functions(files):
    """a message stays invisible for as long as the function that takes it may run: Lambda refuses less"""
    for path in files:
        template = templates.load(path)
        for name, properties in of_type(template, "AWS::Serverless::Function").items():
            for event in properties.get("Events", {}).values():
                if event["Type"] != "SQS":
                    continue
                queue = template["Resources"][event["Properties"]["Queue"]["Fn::GetAtt"][0]]["Properties"]
                seconds = queue["VisibilityTimeout"]
                if isinstance(seconds, dict):
                    seconds = template["Parameters"][seconds["Ref"]].get("MinValue", 0)
                if seconds < properties["Timeout"]:
                    yield f"{path.name}: {name} runs for up to {properties['Timeout']} seconds, its messages return after {seconds}"


@rule
def targets_lose_nothing(files):
    """every target of a rule has a dead-letter queue and a retry policy"""
    for path in files:
        for name, properties in of_type(templates.load(path), "AWS::Events::Rule").items():
            for target in properties["Targets"]:
                for field in ("DeadLetterConfig", "RetryPolicy"):
                    if field not in target:
                        yield f"{path.name}: {name}: target {target['Id']} has no {field}"


@rule
def what_stands_twice_is_the_same(files):
    """what the hub's template and another stack both say, they say alike"""
    by_name = {path.name: templates.load(path) for path in files}
    hub = by_name["template.yaml"]["Resources"]
    owner = by_name["owner-account.yaml"]["Resources"]
    events = by_name["management-account.yaml"]["Resources"]
    ours, theirs = hub["ShareRole"]["Properties"], owner["ShareRole"]["Properties"]
    for field in ("RoleName", "Policies", "MaxSessionDuration"):
        if ours[field] != theirs[field]:
            yield f"owner-account.yaml: {field} of ShareRole differs from template.yaml"
    target = by_name["target-account.yaml"]["Resources"]["ExecutionRole"]["Properties"]
    for name, policies in (("ServiceRole", ["runbooks"]), ("ExecutionRole", ["runbooks", "automation"])):
        for policy in policies:
            found = [next(each for each in role["Policies"] if each["PolicyName"] == policy)
                     for role in (hub[name]["Properties"], target)]
            if found[0] != found[1]:
                yield f"target-account.yaml: policy {policy} of ExecutionRole differs from {name} of template.yaml"
    ours = hub["OrganizationEventsRule"]["Properties"]["EventPattern"]
    theirs = events["ForwardingRule"]["Properties"]["EventPattern"]
    for field in ("source", "detail-type", "detail"):
        if ours[field] != theirs[field]:
            yield f"management-account.yaml: {field} of the pattern differs from template.yaml"


@rule
def forwarding_does_not_loop(files):
    """the forwarding rule takes only events of its own account, and is absent where it would meet itself"""
    resources = next(templates.load(path) for path in files if path.name == "management-account.yaml")["Resources"]
    forwarding = resources["ForwardingRule"]
    if forwarding["Properties"]["EventPattern"].get("account") != [{"Ref": "AWS::AccountId"}]:
        yield "management-account.yaml: ForwardingRule: takes events of other accounts"
    if "Condition" not in forwarding:
        yield "management-account.yaml: ForwardingRule: stands even in the hub itself"


# How the types of resources that have names call them, and what AWS takes (the services' API references).
NAMES = {
    "AWS::CloudWatch::Alarm": ("AlarmName", 255), "AWS::CloudWatch::Dashboard": ("DashboardName", 255),
    "AWS::Logs::QueryDefinition": ("Name", 255), "AWS::Events::EventBusPolicy": ("StatementId", 64),
    "AWS::Events::Rule": ("Name", 64), "AWS::IAM::Role": ("RoleName", 64), "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", 128),
    "AWS::KMS::Alias": ("AliasName", 256),
    "AWS::Logs::LogGroup": ("LogGroupName", 512), "AWS::SNS::Topic": ("TopicName", 256), "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::Serverless::Function": ("FunctionName", 64), "AWS::Serverless::StateMachine": ("Name", 80),
}
ID = "${InstallationId}"
# The longest prefix of roles (RoleNamePrefix), and the longest Region: ap-northeast-1.
PREFIX, REGION = 10, 14


def names(files):
    """(file, logical id, type, name) of every resource whose name is not CloudFormation's choice."""
    for path in files:
        for logical_id, resource in templates.load(path)["Resources"].items():
            prop, _ = NAMES.get(resource["Type"], (None, None))
            if name := resource.get("Properties", {}).get(prop):
                text = name if isinstance(name, str) else name.get("Fn::Sub", str(name))
                yield path.name, logical_id, resource["Type"], text


@rule
def installations_do_not_meet(files):
    """two installations can live side by side: names carry the id, fit with the longest one, and belong to one only"""
    for path in files:
        template = templates.load(path)
        parameter = template["Parameters"]["InstallationId"]
        if f"{{0,{PREFIX}}}" not in template["Parameters"]["RoleNamePrefix"]["AllowedPattern"]:
            yield f"{path.name}: RoleNamePrefix may be longer than {PREFIX}"
        if parameter["AllowedPattern"] != templates.load(files[0])["Parameters"]["InstallationId"]["AllowedPattern"]:
            yield f"{path.name}: InstallationId has another pattern than in template.yaml"
        for place, text in texts(template["Resources"]):
            # In common on purpose: each says there what it claims, and sees the others.
            # The source of the events is one for all installations, as AWS's are; `resources` says whose an event is.
            if parameter["Default"] in text.replace("runbook-relay/claims", "") and not place.endswith((".events:source", ".EventPattern.source")):
                yield f"{path.name}: {place}: another installation would have {text} too"
            if re.search(re.escape(ID) + r"[\w-]*\*", text):
                yield f"{path.name}: {place}: {text} means names of other installations too"
    # The longest id that any of the templates takes: they may differ while one of them is wrong.
    patterns = [templates.load(path)["Parameters"]["InstallationId"]["AllowedPattern"] for path in files]
    longest = "x" * (2 + max(int(re.search(r"\{0,(\d+)\}", pattern)[1]) for pattern in patterns))
    suffixes = {}
    for file, logical_id, kind, name in names(files):
        if ID not in name:
            yield f"{file}: {logical_id}: the name {name} lacks {ID}"
            continue
        filled = name.replace(ID, longest).replace("${RoleNamePrefix}", "x" * PREFIX).replace("${AWS::Region}", "x" * REGION)
        if len(filled) > NAMES[kind][1]:
            yield f"{file}: {logical_id}: {name} may be longer than {NAMES[kind][1]} characters"
        suffixes.setdefault((kind, name.split(ID)[0]), {})[name.split(ID)[1]] = f"{file}: {logical_id}"
    for of_kind in suffixes.values():
        for suffix, place in of_kind.items():
            for other in of_kind.keys() - {suffix}:
                if suffix.endswith(other):
                    yield f"{place}: {suffix} ends with {other}: two installations could have one name"


def texts(value, place=""):
    """Every text of a template that becomes part of a resource, with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, child in value.items():
            if key not in ("AlarmDescription", "Description"):
                yield from texts(child, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for child in value:
            yield from texts(child, place)


def documented(path):
    """Parameter and default from the tables of docs/parameters.md, by the template that the heading above them names."""
    found, template, shown = {}, None, False
    for line in path.read_text(encoding="utf-8").splitlines():
        # A comment in a command that is shown is not a heading.
        shown ^= line.startswith("```")
        if line.startswith("#") and not shown:
            named = re.search(r"[\w-]+\.yaml", line)
            template = named and named[0]
        elif template and (row := re.match(r"\| `(\w+)` \| `?([^|`]+?)`? \| ", line)):
            found.setdefault(template, {})[row[1]] = row[2]
    return found


@rule
def parameters_are_documented(files):
    """every parameter is described, is in one group of the console, and is in docs/parameters.md with its default"""
    tables = documented(files[0].parent / "docs/parameters.md")
    for path in files:
        template = templates.load(path)
        parameters, table = template["Parameters"], tables.get(path.name, {})
        groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        grouped = [name for group in groups for name in group["Parameters"]]
        for name, parameter in parameters.items():
            if not parameter.get("Description", "").endswith("."):
                yield f"{path.name}: {name}: its description is not a sentence"
            if grouped.count(name) != 1:
                yield f"{path.name}: {name} is in {grouped.count(name)} groups of AWS::CloudFormation::Interface"
            default = str(parameter.get("Default", "required")) or "empty"
            if table.get(name) != default:
                yield f"docs/parameters.md: {path.name}: {name}: expected the default {default}, found {table.get(name)}"
        for name in sorted({*grouped, *table} - parameters.keys()):
            yield f"{path.name} has no parameter {name}"


@rule
def the_example_deploys(files):
    """docs/deploy.md and samconfig.example.toml name the same capabilities, and no samconfig.toml is tracked"""
    root = files[0].parent
    example = tomllib.loads((root / "samconfig.example.toml").read_text(encoding="utf-8"))
    given = set(example["default"]["deploy"]["parameters"]["capabilities"].split())
    said = set(re.findall(r"`(CAPABILITY_\w+)`", (root / "docs/deploy.md").read_text(encoding="utf-8")))
    if given != said:
        yield f"samconfig.example.toml has {', '.join(sorted(given))}, docs/deploy.md {', '.join(sorted(said))}"
    # `sam deploy --guided` writes it: what is tracked would change with each deployment.
    if "/samconfig.toml" not in (root / ".gitignore").read_text(encoding="utf-8").splitlines():
        yield ".gitignore does not name /samconfig.toml"


@rule
def sam_build_takes_what_is_built(files):
    """`sam build` compiles no function: cargo has built it"""
    for path in files:
        for name, resource in templates.load(path)["Resources"].items():
            if resource["Type"] == "AWS::Serverless::Function" and resource.get("Metadata") != {"SkipBuild": True}:
                yield f"{path.name}: {name}: expected Metadata: {{SkipBuild: true}}, without which sam build asks for a Makefile"


def statements(value):
    """Every statement of the policies in a part of a template."""
    if isinstance(value, dict):
        if "Effect" in value and "Action" in value:
            yield value
        for child in value.values():
            yield from statements(child)
    elif isinstance(value, list):
        for child in value:
            yield from statements(child)


@rule
def the_organizations_policy_is_what_the_roles_read(files):
    """stacks/organization-policy.json lets a hub that is not the management account read what its roles read, and no more"""
    root = files[0].parent
    [granted] = json.loads((root / "stacks/organization-policy.json").read_text(encoding="utf-8"))["Statement"]
    used = set()
    # Any account of the organization may call DescribeHandshake, and a resource policy does not take it
    # (https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeHandshake.html).
    everybody = {"organizations:DescribeHandshake"}
    for role in of_type(templates.load(files[0]), "AWS::IAM::Role").values():
        for statement in statements(role):
            actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            used |= {action for action in actions if action.startswith("organizations:")}
    if granted["Action"] != sorted(used - everybody):
        yield f"stacks/organization-policy.json: expected the actions {', '.join(sorted(used - everybody))}"


@rule
def wrong_parameters_fail_at_once(files):
    """a parameter that makes no sense is refused before anything is created, in a sentence"""
    for path in files:
        for name, parameter in templates.load(path)["Parameters"].items():
            if "AllowedValues" in parameter:
                continue  # CloudFormation lists them
            numeric = parameter["Type"] == "Number"
            wanted = ("MinValue", "MaxValue") if numeric else ("AllowedPattern",)
            yield from (f"{path.name}: {name} has no {field}" for field in wanted if field not in parameter)
            # CloudFormation puts before it: "Parameter NAME failed to satisfy constraint:".
            if not re.fullmatch(r"must .+[.]", parameter.get("ConstraintDescription", "")):
                yield f"{path.name}: {name}: its ConstraintDescription is not the end of a sentence that begins with must"


@rule
def an_existing_role_fits_behind_a_slash(files):
    """the name of a role that exists already has its path, and a slash before it is refused: ARNs put one there"""
    fits = {"": True, "Role": True, "path/to/Role": True, "x" * 64: True, "x" * 65: False, "/Role": False, "/path/Role": False}
    for path in files:
        parameter = templates.load(path)["Parameters"].get("ExistingExecutionRoleName")
        for text, wanted in fits.items() if parameter else []:
            if bool(re.fullmatch(parameter["AllowedPattern"], text)) != wanted:
                yield f"{path.name}: ExistingExecutionRoleName {'refuses' if wanted else 'takes'} {text!r}"


@rule
def variables_mean_the_same_everywhere(files):
    """an environment variable has the same value in every function that has it"""
    seen = {}
    for path in files:
        for name, properties in of_type(templates.load(path), "AWS::Serverless::Function").items():
            for variable, value in properties.get("Environment", {}).get("Variables", {}).items():
                if seen.setdefault(variable, value) != value:
                    yield f"{path.name}: {name}: {variable} is {value}, elsewhere {seen[variable]}"


def check(root, out=sys.stdout):
    """Applies every rule to the templates under `root`; (passed, failed)."""
    files = [root / "template.yaml", *sorted((root / "stacks").glob("*.yaml"))]
    passed = failed = 0
    for each in RULES:
        try:
            found = list(each(files))
        except (OSError, KeyError, TypeError, AttributeError, StopIteration, templates.yaml.YAMLError) as error:
            found = [f"cannot be checked: {type(error).__name__}: {error}"]
        passed, failed = passed + (not found), failed + bool(found)
        for problem in found:
            print(f"FAILED {each.__doc__}\n    {problem}", file=out)
    return passed, failed


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--root", type=Path, default=ROOT)
    passed, failed = check(arguments.parse_args().root)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
