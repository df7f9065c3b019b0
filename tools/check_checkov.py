#!/usr/bin/env python3
"""Holds the templates against checkov; what it finds and may stay is in tools/checkov.yaml, with a reason each.

    python tools/check_checkov.py PATH_OF_CHECKOV

Prints what failed and what to do, then one closing line, and exits non-zero when anything failed.
"""

import argparse
import json
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


def judge(findings, accepted):
    """Yields a sentence for each finding that is not accepted, and for each entry that accepts nothing or has no reason.

    Findings are (check, its name, file, logical id).
    """
    needed = set()
    for check, name, file, resource in findings:
        index = next((index for index, entry in enumerate(accepted) if entry["check"] == check
                      and any(fnmatchcase(resource, glob) for glob in entry["resources"])), None)
        if index is None:
            yield f"{file}: {resource}: {check}, {name}: repair it, or say in tools/checkov.yaml why it stays"
        else:
            needed.add(index)
            needed.update((index, glob) for glob in accepted[index]["resources"] if fnmatchcase(resource, glob))
    for index, entry in enumerate(accepted):
        for glob in entry["resources"]:
            if (index, glob) not in needed:
                yield f"tools/checkov.yaml: {entry['check']}, {glob}: checkov does not find this any more: remove it"
        if not str(entry.get("reason", "")).strip():
            yield f"tools/checkov.yaml: {entry['check']}: write the reason"


def read(output):
    """The findings and the number of checks that passed, from checkov's JSON."""
    report = json.loads(output)
    results = report["results"]
    if results.get("parsing_errors"):
        raise ValueError(f"checkov could not read {results['parsing_errors']}")
    findings = [(each["check_id"], each["check_name"], each["file_path"].lstrip("/"), each["resource"].rpartition(".")[2])
                for each in results["failed_checks"]]
    return findings, report["summary"]["passed"]


def run(checkov, root):
    files = [root / "template.yaml", *sorted((root / "stacks").glob("*.yaml"))]
    # Without downloads: the checks of this release are what counts.
    command = [checkov, "--framework", "cloudformation", "--skip-download", "--compact", "--quiet", "--output", "json"]
    ran = subprocess.run([*command, *(argument for file in files for argument in ("--file", str(file)))],
                         cwd=root, capture_output=True, text=True, check=False)
    if not ran.stdout.strip():
        raise ValueError(f"checkov said nothing: {ran.stderr.strip()}")
    return read(ran.stdout)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("checkov", type=Path)
    findings, passed = run(arguments.parse_args().checkov, ROOT)
    accepted = yaml.safe_load((ROOT / "tools/checkov.yaml").read_text(encoding="utf-8"))
    problems = list(judge(findings, accepted))
    for problem in problems:
        print(f"FAILED {problem}")
    print(f"checkov: {passed} passed, {len(findings)} found, {len(problems)} problems")
    return 1 if problems or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
