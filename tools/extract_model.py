"""Writes the part of a botocore model that a crate of the local AWS serves.

Usage: python tools/extract_model.py local/documents/model/ssm-documents.json [OPERATION ...]

The file's name begins with botocore's name of the service, up to the first hyphen. Operations named are added to those
that the file has; a new file without any gets them all. Documentation strings are left out; nothing else is changed.
botocore is distributed under the Apache License 2.0.
"""

import gzip
import json
import pathlib
import sys

import botocore


def undocumented(value):
    if isinstance(value, dict):
        return {k: undocumented(v) for k, v in value.items() if k != "documentation" or not isinstance(v, str)}
    return value


def references(shape):
    yield from (member["shape"] for member in shape.get("members", {}).values())
    yield from (shape[part]["shape"] for part in ("member", "key", "value") if part in shape)


def extract(model, names):
    """The operations and every shape they reach."""
    operations, wanted, shapes = {}, [], {}
    for name in names:
        operation = model["operations"][name]
        operations[name] = {
            "input": operation.get("input", {}).get("shape"),
            "output": operation.get("output", {}).get("shape"),
            "errors": [error["shape"] for error in operation.get("errors", [])],
        }
        wanted += [shape for shape in (operations[name]["input"], operations[name]["output"]) if shape]
        wanted += operations[name]["errors"]
    while wanted:
        name = wanted.pop()
        if name not in shapes:
            shapes[name] = undocumented(model["shapes"][name])
            wanted += references(shapes[name])
    return operations, shapes


def main(target, *names):
    target = pathlib.Path(target)
    service = target.stem.split("-")[0]
    folder = max((pathlib.Path(botocore.__file__).parent / "data" / service).iterdir())
    model = json.loads(gzip.decompress((folder / "service-2.json.gz").read_bytes()))
    known = json.loads(target.read_text())["operations"] if target.exists() else {}
    operations, shapes = extract(model, {*known, *names} or model["operations"])
    lines = [f'{{"source": "botocore {botocore.__version__}, {service} {folder.name}",', '"operations": {']
    lines.append(",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(operations.items())))
    lines.append('},\n"shapes": {')
    lines.append(",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(shapes.items())))
    lines.append("}}\n")
    target.write_text("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
