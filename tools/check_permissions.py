#!/usr/bin/env python3
"""Holds every permission of the templates against AWS's Service Authorization Reference.

    python tools/check_permissions.py [--root FOLDER]

Prints what is wrong and what to do, then one closing line, and exits non-zero when anything failed. Exceptions are
in tools/permissions.yaml, each with its reason; one that explains nothing any more fails, too.
"""

import argparse
import difflib
import sys
from pathlib import Path

import policies
import reference
import templates

ROOT = Path(__file__).resolve().parent.parent


class Exceptions:
    """The exceptions of tools/permissions.yaml under `reference`, and which of them were needed."""

    def __init__(self, entries):
        self.entries = entries
        self.used = set()

    def explain(self, action, problem):
        """Whether an exception says why an action has this problem."""
        found = [index for index, each in enumerate(self.entries)
                 if each["action"] == action and each["problem"] == problem]
        self.used.update(found)
        return bool(found)

    def stale(self):
        for index, each in enumerate(self.entries):
            if index not in self.used:
                yield (f"tools/permissions.yaml: {each['action']}: {each['problem']}: nothing has this problem any more: "
                       "remove the exception")
            if not str(each.get("reason", "")).strip():
                yield f"tools/permissions.yaml: {each['action']}: write the reason"


def check_statement(said, statement, exceptions):
    """Yields a sentence for everything in a statement that AWS's reference contradicts."""
    if statement.effect != "Allow":
        return
    for action in statement.actions:
        place = f"{statement.place(action)}: {action}"
        if "*" in action:
            if statement.kind == "identity" or not exceptions.explain(action, "family of actions"):
                yield f"{place}: a family of actions: name each action that is needed"
        elif said.action(action) is None:
            if not exceptions.explain(action, "unknown action"):
                near = difflib.get_close_matches(action, said.actions(action.partition(":")[0]), 1)
                meant = f"did you mean {near[0]}? " if near else ""
                yield f"{place}: no such action in the reference: {meant}correct the name or remove the action"
        else:
            yield from check_resources(said, statement, action, exceptions)
            for operator, key in statement.keys:
                if not said.takes_key(action, key):
                    yield (f"{place}: the condition {operator} {key} is unknown to this action, so it never holds (or always, "
                           "with IfExists or ForAllValues): remove it or give the action a statement of its own")
    for resource in statement.resources if statement.kind == "identity" else []:
        known = [action for action in statement.actions if said.action(action)]
        if known and resource not in ("*", None) and not any(matches(said, each, resource) for each in known):
            if not all(exceptions.explain(each, "resource") for each in known):
                yield f"{statement.place()}: {resource}: no action of the statement takes this resource: remove it"


def check_resources(said, statement, action, exceptions):
    """Yields a sentence where an identity policy's resources do not fit an action."""
    if statement.kind != "identity":
        return
    place, types = f"{statement.place(action)}: {action}", said.resource_types(action)
    takes = ", ".join(sorted(types)) or "none"
    resources = statement.resources
    if "*" in resources and types:
        if not exceptions.explain(action, "everything"):
            yield f'{place}: Resource is "*", and the action takes resources ({takes}): name them'
    elif not types and any(each != "*" for each in resources):
        if not exceptions.explain(action, "resource"):
            yield f'{place}: the action takes no resources: write Resource: "*" in a statement of its own'
    elif types and None not in resources and not any(matches(said, action, each) for each in resources):
        yield f"{place}: takes resources of the types {takes}; {', '.join(resources)} is of another type: correct the ARN"


def matches(said, action, resource):
    return resource is None or any(reference.arns_overlap(resource, each) for each in said.resource_types(action).values())


def check_required(said, statements, exceptions):
    """Yields a sentence for every type that an action must name, and that no statement of its owner names."""
    granted = {}
    for statement in statements:
        if statement.kind == "identity" and statement.effect == "Allow":
            for action in statement.actions:
                granted.setdefault((statement.owner, action), []).append(statement)
    for (_, action), where in granted.items():
        resources = [each for statement in where for each in statement.resources]
        for kind in sorted(said.required_types(action)) if said.action(action) else []:
            arn = said.resource_types(action)[kind]
            if None in resources or any(reference.arns_overlap(each, arn) for each in resources):
                continue
            if not exceptions.explain(action, f"required type {kind}"):
                yield f"{where[0].place(action)}: {action}: also needs a resource of the type {kind}, {arn}: add it"


def check(root, out=sys.stdout):
    """Checks the templates under `root`; how many permissions were checked, and how many problems there are."""
    files = [root / "template.yaml", *sorted((root / "stacks").glob("*.yaml"))]
    said = reference.load()
    written = templates.plain(root / "tools/permissions.yaml")
    exceptions = Exceptions(written["reference"])
    found, checked = [], 0
    for path in files:
        statements = list(policies.statements(path))
        checked += sum(len(each.actions) for each in statements if each.effect == "Allow")
        for statement in statements:
            found += check_statement(said, statement, exceptions)
        found += check_required(said, statements, exceptions)
    found += exceptions.stale()
    for problem in found:
        print(f"FAILED {problem}", file=out)
    return checked, len(found)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--root", type=Path, default=ROOT)
    checked, failed = check(arguments.parse_args().root)
    print(f"{checked} permissions checked, {failed} problems")
    return 1 if failed or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
