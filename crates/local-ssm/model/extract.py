"""Writes ssm-documents.json: the part of botocore's SSM model that this crate serves.

Usage: python extract.py (with botocore installed). Documentation strings are left out; nothing else is changed.
botocore is distributed under the Apache License 2.0.
"""

import gzip
import json
import pathlib

import botocore

OPERATIONS = """
AddTagsToResource CreateDocument DeleteDocument DescribeDocument DescribeDocumentPermission GetDocument
GetServiceSetting ListDocumentMetadataHistory ListDocumentVersions ListDocuments ListTagsForResource
ModifyDocumentPermission RemoveTagsFromResource ResetServiceSetting UpdateDocument
UpdateDocumentDefaultVersion UpdateDocumentMetadata UpdateServiceSetting
""".split()


def undocumented(value):
    if isinstance(value, dict):
        return {k: undocumented(v) for k, v in value.items() if k != "documentation" or not isinstance(v, str)}
    return value


def references(shape):
    yield from (member["shape"] for member in shape.get("members", {}).values())
    yield from (shape[part]["shape"] for part in ("member", "key", "value") if part in shape)


source = pathlib.Path(botocore.__file__).parent / "data/ssm/2014-11-06/service-2.json.gz"
model = json.loads(gzip.decompress(source.read_bytes()))
operations, wanted = {}, []
for name in OPERATIONS:
    operation = model["operations"][name]
    operations[name] = {
        "input": operation["input"]["shape"],
        "output": operation["output"]["shape"],
        "errors": [error["shape"] for error in operation["errors"]],
    }
    wanted += [operations[name]["input"], operations[name]["output"], *operations[name]["errors"]]
shapes = {}
while wanted:
    name = wanted.pop()
    if name not in shapes:
        shapes[name] = undocumented(model["shapes"][name])
        wanted += references(shapes[name])

lines = ['{"source": "botocore %s, ssm 2014-11-06",' % botocore.__version__, '"operations": {']
lines.append(",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(operations.items())))
lines.append('},\n"shapes": {')
lines.append(",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(shapes.items())))
lines.append("}}\n")
(pathlib.Path(__file__).parent / "ssm-documents.json").write_text("\n".join(lines))
