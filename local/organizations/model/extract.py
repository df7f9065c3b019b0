"""Writes organizations.json: botocore's model of AWS Organizations without its documentation.

Usage: python extract.py (with botocore installed). Nothing else is changed.
botocore is distributed under the Apache License 2.0.
"""

import gzip
import json
import pathlib

import botocore

TRAITS = ("type", "members", "required", "member", "key", "value", "enum", "min", "max", "pattern", "exception")


def undocumented(shape):
    kept = {trait: shape[trait] for trait in TRAITS if trait in shape}
    if "members" in kept:
        kept["members"] = {name: member["shape"] for name, member in kept["members"].items()}
    for part in ("member", "key", "value"):
        if part in kept:
            kept[part] = kept[part]["shape"]
    return kept


source = pathlib.Path(botocore.__file__).parent / "data/organizations/2016-11-28/service-2.json.gz"
model = json.loads(gzip.decompress(source.read_bytes()))
operations = {
    name: {
        "input": operation.get("input", {}).get("shape"),
        "output": operation.get("output", {}).get("shape"),
        "errors": [error["shape"] for error in operation["errors"]],
    }
    for name, operation in sorted(model["operations"].items())
}
shapes = {name: undocumented(shape) for name, shape in sorted(model["shapes"].items())}


def lines(entries):
    return ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items())


pathlib.Path(__file__).with_name("organizations.json").write_text(
    f'{{"source": "botocore {botocore.__version__}, organizations 2016-11-28",\n'
    f'"operations": {{\n{lines(operations)}\n}},\n"shapes": {{\n{lines(shapes)}\n}}}}\n'
)
