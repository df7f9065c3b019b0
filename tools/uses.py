"""What the roles of the templates are used for, read from the code that runs under them.

- a function's role: the calls in the crates that the function is built from;
- a state machine's role: the tasks of the machine;
- the roles that runbooks run under: the calls of every step and script of the runbooks;
- the roles in other accounts: the functions and EventBridge rules that use them.

The calls are found in the text of the code, so a crate that several functions are built from may hold a call that only
one of them makes. What a role really asks for is recorded by the end-to-end tests (tests/tests/iam.rs).
"""

import re
import tomllib
from functools import lru_cache

SOURCES = ("functions", "suite")

# How the code names the client of a service, where that is not its prefix.
CLIENTS = {"states": "sfn", "tag": "tagging", "sts": "assume"}


def snake(operation):
    """The name of an operation in the Rust SDK: `ListOrganizationalUnitsForParent` is `list_organizational_units_for_parent`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", operation).lower()


@lru_cache(maxsize=4)
def _crates(folders):
    found = {}
    for folder in folders:
        for manifest in sorted(folder.glob("*/Cargo.toml")):
            read = tomllib.loads(manifest.read_text(encoding="utf-8"))
            found[read["package"]["name"]] = (manifest.parent, list(read.get("dependencies", {})))
    return found


def _folders(root):
    return tuple((root / folder).resolve() for folder in SOURCES)


def crates(root):
    """The folder of every crate of the deployed half, and the crates that it is built from."""
    return _crates(_folders(root))


def built_from(known, name):
    """The names of the crates that a crate is built from, itself first."""
    seen, waiting = [], [name]
    while waiting:
        each = waiting.pop(0)
        if each in known and each not in seen:
            seen.append(each)
            waiting += known[each][1]
    return seen


def has_sdk(dependencies):
    """Whether a crate can call AWS at all: the domain's crates contain no SDK."""
    return any(dependency.startswith("aws-") for dependency in dependencies)


@lru_cache(maxsize=64)
def sources(folder):
    """The text of each source file of a crate, without its tests, by its path from the project's root."""
    found = {}
    for path in sorted((folder / "src").rglob("*.rs")):
        if "tests" in path.parts or path.stem.endswith("tests") or path.stem == "testing":
            continue
        text = path.read_text(encoding="utf-8").split("#[cfg(test)]\nmod tests {")[0]
        found[path.relative_to(folder.parent.parent).as_posix()] = text
    return found


def calls(root, function, action):
    """The source files, in what a function is built from, that make the call for an action."""
    return _calls(_folders(root), function, action)


@lru_cache(maxsize=1024)
def _calls(folders, function, action):
    prefix, _, operation = action.partition(":")
    call = re.compile(rf'\.{snake(operation)}\(|"{operation}"')
    client = re.compile(CLIENTS.get(prefix, prefix), re.IGNORECASE)
    known = _crates(folders)
    return [path for crate in built_from(known, function) if has_sdk(known[crate][1])
            for path, text in sources(known[crate][0]).items() if call.search(text) and client.search(text)]


# What a task of a state machine asks for, by the end of its resource.
TASKS = {"lambda:invoke": "lambda:InvokeFunction", "lambda:invoke.waitForTaskToken": "lambda:InvokeFunction",
         "sns:publish": "sns:Publish", "states:startExecution": "states:StartExecution"}


def tasks(definition):
    """The permissions that a state machine needs: each with the names of the states that need it."""
    found = {}
    for name, state in _states(definition):
        if state["Type"] == "Task":
            found.setdefault(TASKS[state["Resource"].split(":::")[1]], []).append(name)
    return found


def invoked(definition):
    """The substitutions that name the functions which a state machine calls, e.g. `PlanSharesFunctionArn`."""
    found = {state["Arguments"]["FunctionName"] for _, state in _states(definition)
             if state["Type"] == "Task" and TASKS[state["Resource"].split(":::")[1]] == "lambda:InvokeFunction"}
    return {name.removeprefix("${").removesuffix("}") for name in found}


def _states(part):
    for name, state in part["States"].items():
        yield name, state
        for inner in [state.get("ItemProcessor"), *state.get("Branches", [])]:
            yield from _states(inner) if inner else ()


# What EventBridge asks for at a target, by a part of the target's ARN.
TARGETS = {"events:PutEvents": "event-bus", "ssm:CreateOpsItem": ":opsitem"}


def rule_targets(template, role, action):
    """The EventBridge rules of a template that need an action under a role for one of their targets."""
    under, part = {"Fn::GetAtt": [role, "Arn"]}, TARGETS.get(action)
    return [name for name, resource in template["Resources"].items() if part and resource["Type"] == "AWS::Events::Rule"
            for target in resource["Properties"]["Targets"] if target.get("RoleArn") == under and part in str(target["Arn"])]


def trusted_functions(root, role):
    """The functions whose roles may take on a role, from its trust policy."""
    named = re.findall(r"-([a-z][a-z-]+)'|'(\w+)Role'", str(role["Properties"]["AssumeRolePolicyDocument"]))
    return [name for each in named for name in [each[0] or kebab(each[1])] if name in crates(root)]


def kebab(logical_id):
    """`RouteEvents` is `route-events`."""
    return re.sub(r"(?<!^)([A-Z])", r"-\1", logical_id).lower()
