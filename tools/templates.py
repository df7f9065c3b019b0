"""Reads CloudFormation templates as plain data: `!Ref x` is `{"Ref": "x"}`, `!Sub x` is `{"Fn::Sub": "x"}`."""

from functools import lru_cache
from pathlib import Path

import yaml


# The C parser where PyYAML was built with it: ten times as fast.
PlainLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Located(dict):
    """A mapping that knows the line of the file on which it begins."""

    line = 0


class _Loader(PlainLoader):
    pass


def _mapping(loader, node):
    data = Located()
    data.line = node.start_mark.line + 1
    yield data
    data.update(loader.construct_mapping(node))


def _tag(loader, suffix, node):
    construct = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence,
                 yaml.MappingNode: loader.construct_mapping}[type(node)]
    value = construct(node) if isinstance(node, yaml.ScalarNode) else construct(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load(path):
    """The template at `path`."""
    return _parse(Path(path).read_text(encoding="utf-8"))


def plain(path):
    """A YAML file without CloudFormation's tags."""
    return yaml.load(Path(path).read_text(encoding="utf-8"), Loader=PlainLoader)


@lru_cache(maxsize=8)
def _parse(text):
    return yaml.load(text, Loader=_Loader)
