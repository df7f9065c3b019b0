#!/usr/bin/env python3
"""Holds what the roles are granted against what is done under them, in both directions, and docs/permissions.md against both.

    python tools/check_uses.py [--root FOLDER] [--write]

`--write` rewrites docs/permissions.md. Prints what is wrong and what to do, then one closing line, and exits non-zero
when anything failed. Exceptions are in tools/permissions.yaml, each with its reason.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import permissions_page
import policies
import runbook_calls
import templates
import uses

ROOT = Path(__file__).resolve().parent.parent
PAGE = "docs/permissions.md"
RUNBOOK_ROLES = ("ServiceRole", "ExecutionRole")


class Uses:
    """Why each permission of each role is granted, from the feeds and the exceptions; and what is amiss."""

    def __init__(self, root):
        self.root = root
        self.exceptions = templates.plain(root / "tools/permissions.yaml")
        self.needed = set()  # the exceptions that explained something, as (section, index, action)
        self.problems = []
        self.known = {}
        self.runbooks = {path.stem: runbook_calls.needs(path) for path in sorted((root / "runbooks").glob("*.yaml")) if not path.stem.endswith(".test")}
        self.statements = [each for path in files(root) for each in policies.statements(path)]

    def section(self, name, key, value, action):
        """The reason that a section of the exceptions gives for an action, or None."""
        for index, entry in enumerate(self.exceptions[name]):
            if {"*", value} & set(policies.as_list(entry[key])) and action in entry["actions"]:
                self.needed.add((name, index, action))
                return entry["reason"]
        return None

    def why(self, statement, action):
        """Sentences that say what uses an action under the owner of a statement."""
        key = (statement.file, statement.owner, statement.sid, action)
        if key not in self.known:
            self.known[key] = self.find_uses(statement, action) or self.people(statement)
        return self.known[key]

    def people(self, statement):
        """The reason why people have a statement of a policy for them, as a list."""
        for index, entry in enumerate(self.exceptions["people"]):
            if (entry["policy"], entry["statement"]) == (statement.owner, statement.sid):
                self.needed.add(("people", index))
                return [entry["reason"]]
        return []

    def find_uses(self, statement, action):
        template, owner = statement.template, statement.owner
        name = uses.kebab(owner.removesuffix("Role"))
        found = [f"`{path}`" for path in uses.calls(self.root, name, action)] if name in uses.crates(self.root) else []
        machine = template["Resources"].get(owner.removesuffix("Role") + "StateMachine")
        if machine:
            found += [f"state *{state}*" for state in self.tasks(machine).get(action, [])]
        if owner in RUNBOOK_ROLES:
            found += self.runbook_steps(owner, action)
            reason = self.section("automation", "roles", owner, action)
            found += [reason] if reason else []
        elif not found and template["Resources"][owner]["Type"] == "AWS::IAM::Role":
            found += self.from_outside(template, owner, action)
        if not found:
            reason = self.section("services", "roles", name, action)
            found = [reason] if reason else []
        return found

    def definition(self, machine):
        return json.loads((self.root / machine["Properties"]["DefinitionUri"]).read_text(encoding="utf-8"))

    def tasks(self, machine):
        return uses.tasks(self.definition(machine))

    def resources(self, file, owner, action):
        """The ARN patterns on which an action is granted to an owner."""
        return {each for statement in self.statements if (statement.file, statement.owner) == (file, owner)
                and statement.kind == "identity" and action in statement.actions for each in statement.resources}

    def from_outside(self, template, owner, action):
        """What uses a role that functions of another account, or rules, take on."""
        functions = uses.trusted_functions(self.root, template["Resources"][owner])
        found = [f"{function}: `{path}`" for function in functions for path in uses.calls(self.root, function, action)]
        rules = uses.rule_targets(template, owner, action)
        return found + [f"rule {rule}" for rule in rules]

    def covered(self, role):
        """The runbooks that a role is made for. Approvals are asked for in the hub's account only."""
        outside = {each["runbook"] for each in self.exceptions["outside"]}
        inside = [name for name in self.runbooks if name not in outside]
        return [name for name in inside if role == "ServiceRole" or "sns:Publish" not in self.runbooks[name]]

    def runbook_needs(self, name):
        """The permissions of a runbook with their steps, those that AWS asks for beside its calls included."""
        found = {action: [f"{name}: {', '.join(steps)}"] for action, steps in self.runbooks.get(name, {}).items()}
        for entry in self.exceptions["implied"]:
            if entry["runbook"] == name and not entry.get("optional"):
                found |= {action: [f"{name}: {entry['reason']}"] for action in entry["actions"]}
        return found

    def runbook_steps(self, role, action):
        return [why for name in self.covered(role) for why in self.runbook_needs(name).get(action, [])]

    def check(self):
        """Fills in `problems`."""
        granted = {}
        for statement in self.statements:
            if statement.kind != "identity":
                continue
            for action in statement.actions:
                granted.setdefault((statement.file, statement.owner), set()).add(action)
                if not self.why(statement, action):
                    self.problems.append(f"{statement.place(action)}: {action}: nothing uses it: remove it, or say in "
                                         "tools/permissions.yaml who asks for it")
        for (file, owner), actions in granted.items():
            self.check_machine(file, owner, actions)
            if owner in RUNBOOK_ROLES:
                self.check_runbooks(file, owner, actions)
        self.check_outside()
        for name in self.runbooks:
            self.check_text(name)
        self.check_stale()

    def check_machine(self, file, owner, actions):
        template = next(each.template for each in self.statements if each.file == file)
        machine = template["Resources"].get(owner.removesuffix("Role") + "StateMachine")
        for action, states in (self.tasks(machine) if machine else {}).items():
            if action not in actions:
                self.problems.append(f"{file}: {owner}: {action}: the state {states[0]} uses it: grant it")
        if machine:
            filled = machine["Properties"]["DefinitionSubstitutions"]
            called = {arn for name in uses.invoked(self.definition(machine)) for arn in policies.resolve(template, filled[name])}
            self.same(f"{file}: {owner}: lambda:InvokeFunction", self.resources(file, owner, "lambda:InvokeFunction"), called)

    def same(self, place, granted, used):
        """Reports the resources that are granted and not used, and the other way round."""
        for arn in sorted(granted - used):
            self.problems.append(f"{place}: {arn}: nothing uses it: remove it")
        for arn in sorted(used - granted):
            self.problems.append(f"{place}: {arn}: it is used: grant it")

    def check_runbooks(self, file, role, actions):
        for name in self.covered(role):
            for action, why in self.runbook_needs(name).items():
                if action not in actions:
                    self.problems.append(f"{file}: {role}: {action}: {why[0]} needs it: grant it, or list the runbook "
                                         "under `outside` in tools/permissions.yaml")
        documents = {each.rpartition("document/")[2] for each in self.resources(file, role, "ssm:SendCommand") if ":document/" in each}
        commands = {each for name in self.covered(role) for each in runbook_calls.commands(self.root / f"runbooks/{name}.yaml")}
        self.same(f"{file}: {role}: ssm:SendCommand of the document", documents, commands)

    def check_outside(self):
        answers = "\n".join(path.read_text(encoding="utf-8") for path in (self.root / "rules").rglob("*.yaml"))
        for entry in self.exceptions["outside"]:
            name = entry["runbook"]
            if name not in self.runbooks:
                self.problems.append(f"tools/permissions.yaml: outside: {name} does not ship any more: remove it")
            if re.search(rf"\b{name}\b", answers):
                self.problems.append(f"tools/permissions.yaml: outside: {name} answers an alarm: its role has to hold what it needs")

    def check_text(self, name):
        """The permissions that a runbook's description names are those that it needs."""
        text = templates.plain(self.root / f"runbooks/{name}.yaml")["description"]
        paragraph = text.partition("**Permissions:**")[2].partition("\n\n")[0]
        said = set(re.findall(r"`([a-z0-9-]+:[A-Z]\w+)`", paragraph))
        implied = [each for each in self.exceptions["implied"] if each["runbook"] == name]
        needed = set(self.runbooks[name]) | {action for each in implied for action in each["actions"]}
        for action in sorted(needed - said):
            self.problems.append(f"runbooks/{name}.yaml: its description does not name {action}, which it needs: add it")
        for action in sorted(said - needed):
            self.problems.append(f"runbooks/{name}.yaml: its description names {action}, which nothing in it needs: remove it")

    def check_stale(self):
        for name in ("services", "automation"):
            for index, entry in enumerate(self.exceptions[name]):
                for action in entry["actions"]:
                    if (name, index, action) not in self.needed:
                        self.problems.append(f"tools/permissions.yaml: {name}: {action}: explains nothing any more: remove it")
        for index, entry in enumerate(self.exceptions["people"]):
            if ("people", index) not in self.needed:
                self.problems.append(f"tools/permissions.yaml: people: {entry['policy']} has no statement {entry['statement']}: remove it")
        for name, entries in self.exceptions.items():
            for entry in entries:
                if not str(entry.get("reason", "")).strip():
                    self.problems.append(f"tools/permissions.yaml: {name}: an entry without reason: {entry}")


def files(root):
    return [root / "template.yaml", *sorted((root / "stacks").glob("*.yaml"))]


def check(root, out=sys.stdout, write=False):
    """Checks the project under `root`; how many permissions were checked, and how many problems there are."""
    seen = Uses(root)
    seen.check()
    page = permissions_page.render(seen)
    if write:
        (root / PAGE).write_text(page, encoding="utf-8")
    elif not (root / PAGE).exists() or (root / PAGE).read_text(encoding="utf-8") != page:
        seen.problems.append(f"{PAGE} is not what the templates say: run tools/check_uses.py --write")
    for problem in seen.problems:
        print(f"FAILED {problem}", file=out)
    return sum(len(each.actions) for each in seen.statements if each.kind == "identity"), len(seen.problems)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--root", type=Path, default=ROOT)
    arguments.add_argument("--write", action="store_true", help=f"rewrite {PAGE}")
    given = arguments.parse_args()
    checked, failed = check(given.root, write=given.write)
    print(f"{checked} permissions of roles checked, {failed} problems")
    return 1 if failed or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
