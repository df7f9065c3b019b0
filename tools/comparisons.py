"""Evaluates the expressions of a state machine that compare, with null, nothing and values of wrong types.

JSONata's `<` and its kin refuse everything but two numbers or two texts, and a Choice has no Catch: the execution would
end without an outcome. The machine's own clock, name and Map index are what Step Functions says they are; everything
else came in from outside or from a function.
"""

import itertools
import math
import random
import re

from jsonata.utils import Utils

import minimal

NOTHING = object()
VALUES = [NOTHING, None, True, -1.5, 7, "text", "2026-01-02T03:04:05.000Z", [], ["text"], [1], {}, {"a": 1}]
# What Step Functions itself says.
TRUSTED = {"execution": minimal.COMMON["execution"]}
# Compared with each other: all ways to combine three paths would take minutes.
MOST = 500


def compares(expression):
    bare = re.sub(r"'(?:[^'\\]|\\.)*'|/(?:[^/\\\n]|\\.)+/", "''", expression)
    return re.search(r"[<>]", bare) is not None


def paths(expression, variables):
    """The paths read of variables that are not trusted, the longest ones: `started.run.at`."""
    found = set(re.findall(r"\$((?:%s)(?:\.[A-Za-z_]\w*)*)" % "|".join(sorted(variables)), expression))
    return sorted(path for path in found if not any(other.startswith(f"{path}.") for other in found))


def _set(world, path, value):
    *parents, last = path.split(".")
    for name in parents:
        world = world.setdefault(name, {})
    if value is not NOTHING:
        world[last] = value


def _inner(value):
    """Utils' null inside of a value as well: the port takes None for "undefined"."""
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, dict):
        return {name: _inner(child) for name, child in value.items()}
    return value


def problem(expression, variables):
    """The first of the samples that an expression does not bear, as a sentence; `None` if it bears all."""
    # What the template fills in is a number wherever something is compared with it.
    expression = re.sub(r"\$\{\w+\}", "5", expression).replace("$states.input", "$input_")
    compiled = minimal.compiled(expression)
    read = paths(expression, (variables - TRUSTED.keys()) | {"input_"})
    # Where a function writes a time as text, the text is a time.
    given = [[value for value in VALUES if value != "text" or f"$toMillis(${path})" not in expression] for path in read]
    # The texts that a path is compared with, often enough that what comes after an `and` is reached.
    for path, values in zip(read, given, strict=True):
        values += 12 * re.findall(r"\$%s = '([^']*)'" % re.escape(path), expression)
    samples = itertools.product(*given)
    if math.prod(len(values) for values in given) > MOST:
        dice = random.Random(expression)
        samples = [[dice.choice(values) for values in given] for _ in range(MOST)]
    for sample in samples:
        world = {}
        for path, value in zip(read, sample, strict=True):
            _set(world, path, value)
        try:
            compiled.evaluate(None, {**TRUSTED, **{name: _inner(value) for name, value in world.items()}})
        except Exception as error:  # the port raises what it meets
            shown = ", ".join(f"${path} is {'absent' if value is NOTHING else repr(value)}"
                              for path, value in zip(read, sample, strict=True))
            return f"{type(error).__name__}: {error}: {shown.replace('input_', 'states.input')}"
    return None
