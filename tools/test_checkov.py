"""What checkov finds is repaired or has a reason, and a reason that is not needed any more is found."""

import json

import check_checkov
import pytest

FOUND = ("CKV_AWS_18", "Ensure the S3 bucket has access logging enabled", "template.yaml", "Bucket")
ACCEPTED = {"check": "CKV_AWS_18", "resources": ["Bucket"], "reason": "Only functions write to it."}


def judged(findings, *accepted):
    return list(check_checkov.judge(findings, list(accepted)))


def test_a_finding_with_a_reason_may_stay():
    assert judged([FOUND], ACCEPTED) == []
    assert judged([FOUND], ACCEPTED | {"resources": ["Buck*"]}) == []


@pytest.mark.parametrize("entry", [{"check": "CKV_AWS_21"}, {"resources": ["Table"]}])
def test_a_finding_without_a_reason_fails(entry):
    (said, stale) = judged([FOUND], ACCEPTED | entry)
    assert said.startswith("template.yaml: Bucket: CKV_AWS_18, Ensure") and "does not find this any more" in stale


def test_a_reason_that_nothing_needs_fails():
    assert judged([], ACCEPTED) == ["tools/checkov.yaml: CKV_AWS_18, Bucket: checkov does not find this any more: remove it"]
    (said,) = judged([FOUND], ACCEPTED | {"resources": ["Bucket", "Table"]})
    assert "CKV_AWS_18, Table" in said


def test_an_entry_without_a_reason_fails():
    assert judged([FOUND], ACCEPTED | {"reason": " "}) == ["tools/checkov.yaml: CKV_AWS_18: write the reason"]


def test_a_report_is_read_and_a_template_that_cannot_be_read_is_an_error():
    check = {"check_id": FOUND[0], "check_name": FOUND[1], "file_path": "/template.yaml", "resource": "AWS::S3::Bucket.Bucket"}
    report = {"results": {"failed_checks": [check], "parsing_errors": []}, "summary": {"passed": 7}}
    assert check_checkov.read(json.dumps(report)) == ([FOUND], 7)
    report["results"]["parsing_errors"] = ["/template.yaml"]
    with pytest.raises(ValueError, match="could not read"):
        check_checkov.read(json.dumps(report))
