#!/usr/bin/env python3
"""What the functions are made of: a CycloneDX bill of materials, and the licences of every crate in them.

    python tools/materials.py FOLDER FUNCTION...

Writes sbom.cdx.json and LICENSES.txt into FOLDER, from cargo: the crates that are compiled into the named
functions, as Cargo.lock pins them. `cargo xtask package` calls it.
"""

import json
import subprocess
import sys
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parent.parent
# Both architectures have the same crates.
TARGET = "aarch64-unknown-linux-gnu"
TEXTS = ("LICENSE*", "LICENCE*", "COPYING*", "NOTICE*", "license*")


def metadata():
    """Cargo's packages and their resolved dependencies."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def compiled(cargo, functions):
    """The ids of all packages in the functions, and for each the ids that it uses."""
    members = {package["name"] for package in cargo["packages"] if package["source"] is None}
    if missing := sorted(set(functions) - members):
        sys.exit(f"no such function: {', '.join(missing)}")
    chosen = [part for name in functions for part in ("--package", name)]
    command = ["cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}", *chosen]
    tree = subprocess.run([*command, "--target", TARGET], cwd=ROOT, check=True, capture_output=True, text=True)
    inside = {tuple(line.split()[:2]) for line in tree.stdout.splitlines() if line}
    ids = {
        package["id"]
        for package in cargo["packages"]
        if (package["name"], f"v{package['version']}") in inside
    }
    return {
        node["id"]: [used for used in node["dependencies"] if used in ids]
        for node in cargo["resolve"]["nodes"]
        if node["id"] in ids
    }


def bill(packages, uses, functions):
    """The CycloneDX document, as text. The same input makes the same text but for its serial number and time."""
    licences = LicenseFactory()
    components = {}
    for key in sorted(uses, key=lambda key: (packages[key]["name"], packages[key]["version"])):
        package = packages[key]
        ours = package["source"] is None
        components[key] = Component(
            name=package["name"],
            version=package["version"],
            type=ComponentType.APPLICATION if package["name"] in functions else ComponentType.LIBRARY,
            purl=None if ours else PackageURL("cargo", None, package["name"], package["version"]),
            bom_ref=f"{package['name']}@{package['version']}",
            description=package["description"],
            licenses=[licences.make_from_string(package["license"])] if package["license"] else [],
        )
    document = Bom(components=components.values())
    for key, component in components.items():
        document.register_dependency(component, [components[used] for used in uses[key]])
    return make_outputter(document, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)


def licences(packages, uses):
    """Every crate from elsewhere with its licence and the texts that it brings."""
    parts = []
    for key in sorted(uses, key=lambda key: (packages[key]["name"], packages[key]["version"])):
        package = packages[key]
        if package["source"] is None:
            continue
        folder = Path(package["manifest_path"]).parent
        files = sorted({file for pattern in TEXTS for file in folder.glob(pattern) if file.is_file()})
        head = f"{package['name']} {package['version']}: {package['license'] or 'see its texts'}"
        texts = [file.read_text(encoding="utf-8", errors="replace").strip() for file in files]
        parts.append("\n\n".join([head, *texts]))
    rule = "\n\n" + "-" * 80 + "\n\n"
    return rule.join(parts) + "\n"


def main(folder, functions):
    """Writes both files."""
    cargo = metadata()
    packages = {package["id"]: package for package in cargo["packages"]}
    uses = compiled(cargo, functions)
    (folder / "sbom.cdx.json").write_text(bill(packages, uses, functions), encoding="utf-8")
    (folder / "LICENSES.txt").write_text(licences(packages, uses), encoding="utf-8")
    print(f"{len(uses)} crates in the bill of materials")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])
