"""Tests of what `cargo xtask package` leaves: a folder that deploys, and what it is made of."""

import hashlib
import json
import re
import zipfile
from pathlib import Path

import distribution
import materials
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    built = tmp_path_factory.mktemp("built")
    _, functions = distribution.relative((ROOT / "template.yaml").read_text(encoding="utf-8"))
    for name in functions:
        (built / name).mkdir()
        (built / name / "bootstrap").write_bytes(f"binary of {name}".encode())
    folder = tmp_path_factory.mktemp("made") / "dist"
    distribution.make(ROOT, built, folder)
    return built, folder, functions


def test_every_function_has_an_archive_with_one_executable(dist):
    _, folder, functions = dist
    assert sorted(functions) == sorted(path.name for path in (ROOT / "functions").iterdir() if path.is_dir())
    for name in functions:
        with zipfile.ZipFile(folder / "functions" / f"{name}.zip") as file:
            [entry] = file.infolist()
            assert (entry.filename, entry.external_attr >> 16 & 0o777) == ("bootstrap", 0o755)
            assert file.read(entry) == f"binary of {name}".encode()


def test_every_location_in_the_template_is_beside_it(dist):
    _, folder, functions = dist
    template = (folder / "template.yaml").read_text(encoding="utf-8")
    locations = re.findall(r"(?:CodeUri|DefinitionUri): (\S+)", template)
    assert len(locations) == len(functions) + 3
    assert all((folder / location).is_file() for location in locations)
    assert not re.search(r"^\s+CodeUri: target/", template, re.MULTILINE)


def test_the_sums_are_those_of_all_other_files(dist):
    _, folder, _ = dist
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    named = dict(reversed(line.split("  ", 1)) for line in lines)
    files = {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}
    del files["SHA256SUMS"]
    assert named == {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}


def test_the_same_binaries_make_the_same_archives(dist, tmp_path):
    built, folder, functions = dist
    distribution.archive(built / functions[0] / "bootstrap", tmp_path / "again.zip")
    made = (folder / "functions" / f"{functions[0]}.zip").read_bytes()
    assert (tmp_path / "again.zip").read_bytes() == made


def test_the_bill_of_materials_holds_what_is_compiled_in_and_nothing_else(dist):
    _, folder, functions = dist
    bill = json.loads((folder / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    names = {component["name"] for component in bill["components"]}
    assert {*functions, "lambda_runtime", "aws-sdk-ssm", "tokio"} <= names
    assert names.isdisjoint({"proptest", "aws-double", "gateway", "clap"}), "tests, the local AWS, the command line"
    versions = {(c["name"], c["version"]) for c in bill["components"] if c["name"] == "tokio"}
    locked = re.search(r'name = "tokio"\nversion = "([^"]+)"', (ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    assert versions == {("tokio", locked[1])}


def test_every_crate_from_elsewhere_is_there_with_its_licence(dist):
    _, folder, _ = dist
    text = (folder / "LICENSES.txt").read_text(encoding="utf-8")
    assert re.search(r"^tokio \S+: MIT$", text, re.MULTILINE)
    assert "Permission is hereby granted, free of charge" in text
    assert not re.search(r"^plan-shares ", text, re.MULTILINE)


def test_a_local_aws_has_its_programs_and_its_files_at_the_paths_of_a_checkout(dist, tmp_path):
    built, plain, _ = dist
    assert not (plain / "bin").exists() and not (plain / "local").exists(), "only where it is asked for"
    programs, folder = tmp_path / "programs", tmp_path / "dist"
    programs.mkdir()
    for name in distribution.PROGRAMS:
        (programs / name).write_bytes(f"program {name}".encode())
        (programs / name).chmod(0o755)
    distribution.make(ROOT, built, folder, programs)
    for name in distribution.PROGRAMS:
        program = folder / "bin" / name
        assert program.read_bytes() == f"program {name}".encode() and program.stat().st_mode & 0o111
    for file in [*(ROOT / distribution.EMULATOR).glob("*.py"), ROOT / distribution.REQUIREMENTS]:
        assert (folder / file.relative_to(ROOT)).read_bytes() == file.read_bytes()
    assert "  bin/relay\n" in (folder / "SHA256SUMS").read_text(encoding="utf-8")
    (programs / "gateway").unlink()
    with pytest.raises(SystemExit, match="not built: gateway; run `cargo xtask package --with-local`"):
        distribution.add_local(ROOT, programs, tmp_path / "again")


def test_what_is_not_built_is_named(tmp_path):
    with pytest.raises(SystemExit, match="not built: .*plan-shares.*cargo xtask package"):
        distribution.make(ROOT, tmp_path, tmp_path / "dist")


def test_an_unknown_function_is_named():
    with pytest.raises(SystemExit, match="no such function: nonsense"):
        materials.main(Path("/nowhere"), ["nonsense"])
