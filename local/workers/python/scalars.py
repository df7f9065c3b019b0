"""Scalars as the API's model types them: runbooks write `"true"` and `"3"` for Booleans and numbers, at any depth of an
input (`CloudWatchOutputConfig.CloudWatchOutputEnabled: "true"` is in AWS's own samples), and numbers where an API takes text.

What does not fit is left as it is, for botocore to refuse in its own words.
"""


def fitted(value, shape):
    """The value with every scalar in it converted to the type that the shape has at its place."""
    convert = _CONVERTERS.get(shape.type_name)
    return convert(value, shape) if convert else value


def _structure(value, shape):
    if not isinstance(value, dict) or getattr(shape, "is_document_type", False):
        return value
    members = shape.members
    return {name: fitted(part, members[name]) if name in members else part for name, part in value.items()}


def _list(value, shape):
    return [fitted(item, shape.member) for item in value] if isinstance(value, list) else value


def _map(value, shape):
    return {name: fitted(part, shape.value) for name, part in value.items()} if isinstance(value, dict) else value


def _boolean(value, _shape):
    return {"true": True, "false": False}.get(value.strip().lower(), value) if isinstance(value, str) else value


def _whole(value, _shape):
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.removeprefix("-").isdecimal() else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _fraction(value, _shape):
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _text(value, _shape):
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value


_CONVERTERS = {"structure": _structure, "list": _list, "map": _map, "boolean": _boolean, "integer": _whole, "long": _whole,
               "float": _fraction, "double": _fraction, "string": _text}
