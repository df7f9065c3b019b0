#!/usr/bin/env python3
"""Makes a folder that can be deployed from anywhere, without a checkout and without Rust.

    python tools/distribution.py BUILT FOLDER [PROGRAMS]

BUILT holds `<function>/bootstrap` for every function of template.yaml. FOLDER is made anew: template.yaml with code
locations relative to it, `functions/*.zip`, `statemachine/`, `stacks/`, `runbooks/`, `rules/`, the bill of materials, licences,
and SHA256SUMS over all of it. The same binaries make the same archives. `cargo xtask package` calls it.

PROGRAMS holds `relay`, `xtask` and `gateway`. With it FOLDER also has what a local AWS needs: these in `bin/`, and the emulator and
the list of its Python packages where a checkout has them.
"""

import hashlib
import re
import shutil
import sys
import zipfile
from pathlib import Path

import materials

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"(?m)^(\s+CodeUri:) target/lambda/([a-z-]+)/$")
FOLDERS = ("statemachine", "stacks", "runbooks", "rules")
# What a local AWS is started from: its programs, and files at the paths that a checkout has them at.
PROGRAMS = ("relay", "xtask", "gateway")
EMULATOR, REQUIREMENTS = "local/gateway/emulator", "tools/requirements.txt"
# The earliest time that an archive can hold: archives do not differ by when they were made.
TIME = (1980, 1, 1, 0, 0, 0)


def archive(binary, into):
    """A Lambda archive of one executable."""
    entry = zipfile.ZipInfo("bootstrap", TIME)
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(into, "w") as file:
        file.writestr(entry, binary.read_bytes(), compresslevel=9)


def relative(template):
    """The template with code locations beside it, and the functions that it names."""
    functions = [name for _, name in CODE.findall(template)]
    return CODE.sub(r"\1 functions/\2.zip", template), functions


def sums(folder):
    """One line a file, as `sha256sum --check` reads them."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder)}\n" for file in files]
    return "".join(lines)


def lay_out(root, folder):
    """Makes the folder with everything but the functions and what describes them; the functions that belong there."""
    template, functions = relative((root / "template.yaml").read_text(encoding="utf-8"))
    if not functions:
        sys.exit(f"{root}/template.yaml names no function below target/lambda")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "functions").mkdir(parents=True)
    for name in FOLDERS:
        shutil.copytree(root / name, folder / name)
    (folder / "template.yaml").write_text(template, encoding="utf-8")
    return functions


def add_local(root, programs, folder):
    """Adds what a local AWS needs; exits with what is missing."""
    missing = [name for name in PROGRAMS if not (programs / name).is_file()]
    if missing:
        sys.exit(f"not built: {', '.join(missing)}; run `cargo xtask package --with-local`")
    (folder / "bin").mkdir()
    for name in PROGRAMS:
        shutil.copy(programs / name, folder / "bin" / name)
    shutil.copytree(root / EMULATOR, folder / EMULATOR, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / REQUIREMENTS).parent.mkdir()
    shutil.copy(root / REQUIREMENTS, folder / REQUIREMENTS)


def make(root, built, folder, programs=None):
    """Makes the folder; exits with what is missing."""
    _, functions = relative((root / "template.yaml").read_text(encoding="utf-8"))
    missing = [name for name in functions if not (built / name / "bootstrap").is_file()]
    if missing:
        sys.exit(f"not built: {', '.join(missing)}; run `cargo xtask package`")
    for name in lay_out(root, folder):
        archive(built / name / "bootstrap", folder / "functions" / f"{name}.zip")
    if programs:
        add_local(root, programs, folder)
    shutil.copy(root / "LICENSE", folder)
    materials.main(folder, functions)
    (folder / "SHA256SUMS").write_text(sums(folder), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    make(ROOT, *map(Path, sys.argv[1:]))
