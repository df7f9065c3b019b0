"""Holds an answer's body, as it was on the wire, against the service model that botocore ships.

Stricter than botocore's own parser, which ignores what it does not know: every member must be in the
model, no member may be null, required members must be there, and types, enumerations, patterns and
bounds hold.
"""

import base64
import binascii
import functools
import re
import sys
import unicodedata

# Answers of the local AWS are not older than AWS and not from a far future.
EARLIEST, LATEST = 946_684_800, 4_102_444_800  # 2000-01-01, 2100-01-01


def violations(shape, value, path="$"):
    """Yields each way in which `value` breaks `shape` (a shape of `botocore.model`)."""
    if value is None:
        yield f"{path}: null; AWS leaves the member out"
        return
    yield from _CHECKS[shape.type_name](shape, value, path)


def _structure(shape, value, path):
    if not isinstance(value, dict):
        yield _wrong_type(path, "a structure", value)
        return
    members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
    for name in shape.required_members:
        if name not in value:
            yield f"{path}: required member {name} is missing"
    for name, member in value.items():
        if name in members:
            yield from violations(members[name], member, f"{path}.{name}")
        else:
            yield f"{path}: the model's {shape.name} has no member {name}"
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"{path}: a union has exactly one member, not {sorted(value)}"


def _list(shape, value, path):
    if not isinstance(value, list):
        yield _wrong_type(path, "a list", value)
        return
    yield from _bounds(shape, len(value), path, "items")
    for index, item in enumerate(value):
        yield from violations(shape.member, item, f"{path}[{index}]")


def _map(shape, value, path):
    if not isinstance(value, dict):
        yield _wrong_type(path, "a map", value)
        return
    yield from _bounds(shape, len(value), path, "entries")
    for key, item in value.items():
        yield from violations(shape.key, key, f"{path}.{key} (key)")
        yield from violations(shape.value, item, f"{path}.{key}")


def _string(shape, value, path):
    if not isinstance(value, str):
        yield _wrong_type(path, "a string", value)
        return
    yield from _bounds(shape, len(value), path, "characters")
    pattern = shape.metadata.get("pattern")
    # Executions of a shared document show its ARN under a shape that has names only.
    shared = shape.name == "DocumentName" and value.startswith("arn:")
    if pattern and not shared and not compiled(pattern).fullmatch(value):
        yield f"{path}: {value!r} does not match {pattern}"
    known = shape.metadata.get("enum")
    # DescribeDocument returns the types that parameters have; the model names String and StringList only.
    described = shape.name == "DocumentParameterType"
    if known and value not in known and not described:
        yield f"{path}: {value!r} is not one of {known}"


def _integer(shape, value, path):
    if not isinstance(value, int) or isinstance(value, bool):
        yield _wrong_type(path, "an integer", value)
        return
    yield from _bounds(shape, value, path, "")


def _float(shape, value, path):
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        yield _wrong_type(path, "a number", value)
        return
    yield from _bounds(shape, value, path, "")


def _boolean(shape, value, path):
    if not isinstance(value, bool):
        yield _wrong_type(path, "a boolean", value)


def _timestamp(shape, value, path):
    """The JSON protocols write epoch seconds, with milliseconds at most."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        yield _wrong_type(path, "epoch seconds", value)
    elif not EARLIEST <= value <= LATEST:
        yield f"{path}: {value} is not a plausible time in epoch seconds"
    elif round(value * 1000) != value * 1000 and abs(round(value * 1000) - value * 1000) > 1e-3:
        yield f"{path}: {value} is finer than milliseconds"


def _blob(shape, value, path):
    if not isinstance(value, str):
        yield _wrong_type(path, "base64", value)
        return
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error as error:
        yield f"{path}: {error}"


_CHECKS = {
    "structure": _structure, "list": _list, "map": _map, "string": _string, "character": _string,
    "integer": _integer, "long": _integer, "float": _float, "double": _float, "boolean": _boolean,
    "timestamp": _timestamp, "blob": _blob,
}


# AWS itself sends these longer, or emptier, than its model says: parameters that are JSON, executions without any.
UNBOUNDED = {"AutomationParameterMap", "AutomationParameterValue", "AutomationParameterValueList"}


def _bounds(shape, number, path, unit):
    if shape.name in UNBOUNDED:
        return
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and number < low:
        yield f"{path}: {number} {unit} are fewer than {low}".replace("  ", " ")
    if high is not None and number > high:
        yield f"{path}: {number} {unit} are more than {high}".replace("  ", " ")


def _wrong_type(path, expected, value):
    return f"{path}: {expected} is expected, not {value!r}"


@functools.cache
def compiled(pattern):
    """A pattern of the model, which is a Java regular expression, for Python."""
    # The model has no room for one of AWS's own actions: waitForAwsResourceProperty has 26 letters.
    pattern = pattern.replace("^aws:[a-zA-Z]{3,25}$", "^aws:[a-zA-Z]{3,26}$")
    pattern = re.sub(r"\\p\{([LZNPM])\}", lambda match: _category(match[1]), pattern)
    # Java reads `\w-` in a class as two alternatives, Python as a broken range.
    return re.compile(pattern.replace(r"\w-\/", r"\w\-/"), re.ASCII)


@functools.cache
def _category(letter):
    """The characters of a general category, as ranges for a character class."""
    ranges, start, last = [], None, None
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code))[0] == letter:
            start = code if start is None else start
            last = code
        elif start is not None:
            ranges.append((start, last))
            start = None
    return "".join(re.escape(chr(low)) + ("-" + re.escape(chr(high)) if high > low else "") for low, high in ranges)
