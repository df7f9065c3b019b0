#!/usr/bin/env python3
"""Holds every state machine against the rules of the project (ARCHITECTURE.md) and of AWS.

    python tools/check_statemachines.py [--template template.yaml] [statemachine/*.asl.json]

Prints what failed and why, then one closing line, and exits non-zero when anything failed. What it
does not do: run a machine, or ask AWS (ValidateStateMachineDefinition is the deployed test's).
"""

import argparse
import copy
import json
import re
import sys
from pathlib import Path

import asl
import comparisons
import expressions
import jsonschema
import minimal
import templates
from statelint.linter import Linter

ROOT = Path(__file__).resolve().parent.parent

# The first word of a state's name. A new verb is added here, a new noun is not.
VERBS = set("""
    Check Choose Compose Decide End Follow Give Look Pause Plan Publish Record Refuse Report Share Start Verify Wait
""".split())

# What Lambda and Step Functions themselves make of a call that did not reach an answer.
PLATFORM_ERRORS = {
    "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException", "Lambda.Unknown", "Sandbox.Timedout", "Runtime.ExitError",
    "States.Timeout",
}

# Lambda has no place for another invocation. A new account has ten places, which one join may fill for as long as
# share-documents works, 240 seconds: twice that is waited for.
THROTTLE = "Lambda.TooManyRequestsException"
PATIENCE = 480

# Calls to other services belong to functions: there they are retried, recorded and tested.
INTEGRATIONS = {"lambda:invoke", "lambda:invoke.waitForTaskToken", "sns:publish", "states:startExecution"}

RULES = []


def rule(check):
    """A rule yields a sentence for everything that breaks it; its docstring is its name."""
    RULES.append(check)
    return check


def tasks(machine):
    return [(graph, name, state) for graph, name, state in machine.states() if state["Type"] == "Task"]


def invokes(state, what):
    return what in str(state.get("Resource", "")) + str(state.get("Arguments", {}).get("FunctionName", ""))


def publishes(state):
    return state["Type"] == "Task" and (invokes(state, "PublishOutcome") or invokes(state, "sns:publish"))


@rule
def statelint_finds_nothing(machine, _template):
    """statelint finds nothing"""
    definition = copy.deepcopy(machine.definition)
    for _, _, state in asl.Machine(machine.path, "", definition).states():
        for field in ("Seconds", "MaxConcurrency", "TimeoutSeconds"):
            # JSONata is allowed here; statelint 3.1 wants the number.
            if isinstance(state.get(field), str) and asl.EXPRESSION.match(state[field]):
                state[field] = 1
    yield from (problem.strip() for problem in Linter.validate(definition))


@rule
def expressions_parse(machine, _template):
    """every JSONata expression parses and knows its names"""
    variables = {name for _, value in _objects(machine.definition) for name in value.get("Assign", {})}
    for place, expression in machine.expressions():
        for problem in expressions.problems(expression, variables):
            yield f"{place}: {problem}: {expression}"
    for place, text in asl.strings(machine.definition):
        if ("{%" in text or "%}" in text) and not asl.EXPRESSION.match(text):
            yield f"{place}: {{% %}} must enclose the whole string: {text}"


def _objects(value, place=""):
    if isinstance(value, dict):
        yield place, value
        for key, child in value.items():
            yield from _objects(child, f"{place}.{key}")
    elif isinstance(value, list):
        for child in value:
            yield from _objects(child, place)


@rule
def speaks_jsonata(machine, _template):
    """the machine speaks JSONata and has a time-out"""
    if machine.definition.get("QueryLanguage") != "JSONata":
        yield "QueryLanguage is not JSONata"
    if not isinstance(machine.definition.get("TimeoutSeconds"), int):
        yield "TimeoutSeconds is missing: a stuck execution would run for a year"
    for _, name, state in machine.states():
        if "QueryLanguage" in state:
            yield f"{name}: speaks another language than the machine"


@rule
def names_are_imperative(machine, _template):
    """state names are imperative sentences"""
    for _, name, _state in machine.states():
        if not re.fullmatch(r"[A-Z][a-z]+( [A-Za-z0-9'-]+)+", name):
            yield f"{name}: is not a sentence"
        elif name.split()[0] not in VERBS:
            yield f"{name}: {name.split()[0]} is not one of the verbs in tools/check_statemachines.py"


@rule
def states_are_reached(machine, _template):
    """every state is reached"""
    for graph in machine.graphs:
        for name in graph.states.keys() - graph.reachable(graph.start):
            yield f"{name}: no way leads here"


@rule
def tasks_time_out(machine, _template):
    """every Task has TimeoutSeconds, as a number unless somebody else answers it"""
    for _, name, state in tasks(machine):
        timeout = state.get("TimeoutSeconds")
        # The emulator evaluates JSONata for tasks that are answered only, and with the gateway's help.
        if not isinstance(timeout, int) and not (is_called_back(state) and isinstance(timeout, str)):
            yield f"{name}: TimeoutSeconds is missing or no number"


@rule
def tasks_retry_by_name(machine, _template):
    """every Task retries named errors, a bounded number of times"""
    for _, name, state in tasks(machine):
        retriers = state.get("Retry", [])
        named = {error for retrier in retriers for error in retrier["ErrorEquals"]}
        again = {error for retrier in retriers if retrier.get("MaxAttempts") for error in retrier["ErrorEquals"]}
        if not again:
            yield f"{name}: retries nothing"
        if "States.ALL" in named:
            yield f"{name}: retries States.ALL; name the errors"
        # A task that was not answered in time is not a failed call: its Catch asks again.
        wanted = PLATFORM_ERRORS - again - ({"States.Timeout"} if is_called_back(state) else set())
        if invokes(state, "lambda:invoke") and wanted:
            yield f"{name}: does not retry {', '.join(sorted(wanted))}"
        for retrier in retriers:
            if THROTTLE in retrier["ErrorEquals"] and patience(retrier) < PATIENCE:
                yield f"{name}: retries {THROTTLE} for {patience(retrier)} seconds, expected {PATIENCE} at least"
            if "MaxAttempts" not in retrier:
                yield f"{name}: says no MaxAttempts for {', '.join(retrier['ErrorEquals'])}"


def patience(retrier):
    """How long a retrier goes on, in seconds, on average: full jitter halves each wait."""
    waits, wait = 0, retrier.get("IntervalSeconds", 1)
    for _ in range(retrier.get("MaxAttempts", 3)):
        waits += min(wait, retrier.get("MaxDelaySeconds", wait))
        wait *= retrier.get("BackoffRate", 2)
    return waits // (2 if retrier.get("JitterStrategy") == "FULL" else 1)


@rule
def tasks_end_in_an_outcome(machine, _template):
    """every Task and Map catches everything, and what it catches ends in a published outcome"""
    for graph, name, state in machine.states():
        if state["Type"] not in ("Task", "Map"):
            continue
        catchers = state.get("Catch", [])
        if not catchers or catchers[-1]["ErrorEquals"] != ["States.ALL"]:
            yield f"{name}: the last Catch is not for States.ALL"
            continue
        if graph.inside:
            for catcher in catchers:
                failing = [end for end in graph.reachable(catcher["Next"]) if graph.states[end]["Type"] == "Fail"]
                if failing:
                    yield f"{name}: one failed item would fail all of {graph.inside} ({', '.join(failing)})"
            continue
        others = {other for other, candidate in graph.states.items() if publishes(candidate)} - {name}
        if name not in graph.reachable(graph.start, avoiding=others):
            continue  # it comes after the publishing
        for catcher in catchers:
            # Without this step it goes on as an execution does that never came through it.
            skipped = graph.reachable(graph.start, avoiding={name})
            if catcher["Next"] in skipped and graph.states[catcher["Next"]]["Type"] == "Task":
                continue
            silent = [end for end in graph.reachable(catcher["Next"], avoiding=others) if graph.ends(end)]
            if silent:
                yield f"{name}: from its Catch {', '.join(sorted(silent))} is reached without a published outcome"


@rule
def choices_have_a_default(machine, _template):
    """every Choice has a Default"""
    for _, name, state in machine.states():
        if state["Type"] == "Choice" and "Default" not in state:
            yield f"{name}: has no Default"


def is_called_back(state):
    return state.get("Resource", "").endswith(".waitForTaskToken")


def waits(state):
    """A Wait; or a task that somebody answers, unless its time is over first."""
    return state["Type"] == "Wait" or is_called_back(state) and "TimeoutSeconds" in state


@rule
def loops_wait_and_end(machine, _template):
    """every loop has a Wait and a bound"""
    for graph in machine.graphs:
        for cycle in graph.cycles():
            around = " > ".join([*cycle, cycle[0]])
            if not any(waits(graph.states[name]) for name in cycle):
                yield f"{around}: has no Wait"
            follows = dict(zip(cycle, [*cycle[1:], cycle[0]]))
            bounds = [edge for edge in graph.edges
                      if follows.get(edge.start) == edge.end and edge.kind == "choice" and "<" in edge.condition]
            if not bounds:
                yield f"{around}: no Choice in it lets go on only while something is below a bound"


@rule
def what_is_published_is_known_afterwards(machine, _template):
    """a variable `…Published` becomes true where the outcome is published, and not before: a failure would end it"""
    for _, name, state in machine.states():
        before = [*state.get("Choices", []), *state.get("Catch", []), *([] if publishes(state) else [state])]
        for variable in {key for part in before for key, value in part.get("Assign", {}).items() if value is True}:
            if variable.endswith("Published"):
                yield f"{name}: assigns {variable} before it is published"


@rule
def integrations_are_few(machine, _template):
    """only known integrations are used, in every partition"""
    for _, name, state in tasks(machine):
        match = re.fullmatch(r"arn:\$\{Partition\}:states:::(.+)", state["Resource"])
        if not match:
            yield f"{name}: {state['Resource']} does not begin with arn:${{Partition}}:states:::"
        elif match[1] not in INTEGRATIONS:
            yield f"{name}: {match[1]} belongs into a function"
    if "arn:aws" in machine.text:
        yield "names a partition: write ${Partition}"


@rule
def failures_have_names(machine, _template):
    """every Fail has an error name of its own and a cause"""
    seen = set()
    for _, name, state in machine.states():
        if state["Type"] != "Fail":
            continue
        if not re.fullmatch(r"[A-Z][A-Za-z]+", state.get("Error", "")):
            yield f"{name}: Error is not a word in PascalCase"
        elif state["Error"] in seen:
            yield f"{name}: {state['Error']} is another state's error too"
        seen.add(state.get("Error"))
        if "Cause" not in state:
            yield f"{name}: has no Cause"


@rule
def substitutions_match(machine, template):
    """the template fills in exactly what the definition leaves open"""
    open_ones = set(re.findall(r"\$\{(\w+)\}", machine.text))
    logical_id, substitutions = substitutions_of(machine.path, template)
    if logical_id is None:
        yield f"no resource of the template has the DefinitionUri {machine.path.name}"
        return
    yield from (f"{logical_id} does not give {name}" for name in sorted(open_ones - substitutions.keys()))
    yield from (f"{logical_id} gives {name}, which nothing uses" for name in sorted(substitutions.keys() - open_ones))


def substitutions_of(path, template):
    """The resource that a definition file belongs to, and its DefinitionSubstitutions."""
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if str(properties.get("DefinitionUri", "")).endswith(f"/{path.name}"):
            return logical_id, properties.get("DefinitionSubstitutions", {})
    return None, {}


def texts_of(path, template):
    """The substitutions that are a text of the template's Mappings: CloudFormation puts them in as they are."""
    _, substitutions = substitutions_of(path, template)
    found = {name: value["Fn::FindInMap"] for name, value in substitutions.items() if "Fn::FindInMap" in value}
    return {name: template["Mappings"][table][key][field] for name, (table, key, field) in found.items()}


@rule
def comparisons_bear_everything(machine, _template):
    """every comparison bears null, absent values and wrong types"""
    variables = {name for _, value in _objects(machine.definition) for name in value.get("Assign", {})}
    for place, expression in machine.expressions():
        if comparisons.compares(expression) and (problem := comparisons.problem(expression, variables)):
            yield f"{place}: {problem}"


@rule
def minimal_outcomes_are_whole(machine, _template):
    """the outcome composed while publish-outcome is down has every field of its schema, and the outcome's id"""
    schema = json.loads((machine.path.parent.parent / "docs/schemas/outcome.json").read_text(encoding="utf-8"))
    try:
        yield from minimal.problems(machine, jsonschema.Draft202012Validator(schema))
    except Exception as error:  # the port raises what it meets
        yield f"cannot be evaluated: {error}"


def check(paths, template_path, out=sys.stdout):
    """Applies every rule to every machine; (passed, failed)."""
    template = templates.load(template_path)
    passed = failed = 0
    for path in paths:
        try:
            machine = asl.load(path, texts_of(path, template))
        except (OSError, ValueError, KeyError) as error:
            failed += 1
            print(f"FAILED {path}: cannot be read: {error}", file=out)
            continue
        for each in RULES:
            found = list(each(machine, template))
            passed, failed = passed + (not found), failed + bool(found)
            for problem in found:
                print(f"FAILED {machine.path}: {each.__doc__}\n    {problem}", file=out)
    return passed, failed


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("machines", nargs="*", type=Path)
    arguments.add_argument("--template", type=Path, default=ROOT / "template.yaml")
    given = arguments.parse_args()
    machines = given.machines or sorted((ROOT / "statemachine").glob("*.asl.json"))
    passed, failed = check(machines, given.template)
    if not machines:
        print("FAILED there is no state machine to check")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
