"""The validator itself: it finds what it is there to find."""

import pytest

import declared
import model


def found(service, operation, body):
    shape = declared.service_model(service).operation_model(operation).output_shape
    return list(model.violations(shape, body))


ACCOUNT = {
    "Id": "111122223333", "Arn": "arn:aws:organizations::111122223333:account/o-0123456789/111122223333",
    "Email": "a@example.com", "Name": "a", "Status": "ACTIVE", "State": "ACTIVE", "JoinedMethod": "CREATED",
    "JoinedTimestamp": 1767225600.123,
}


def account(**changes):
    return found("organizations", "DescribeAccount", {"Account": ACCOUNT | changes})


def test_an_answer_that_fits_has_no_violations():
    assert account() == []


@pytest.mark.parametrize("changes, words", [
    ({"Nonsense": 1}, "has no member Nonsense"),
    ({"Name": None}, "null"),
    ({"Name": 7}, "a string is expected"),
    ({"Id": "12"}, "does not match"),
    ({"State": "WELL"}, "is not one of"),
    ({"Name": ""}, "fewer than 1"),
    ({"JoinedTimestamp": "2026-01-01T00:00:00Z"}, "epoch seconds is expected"),
    ({"JoinedTimestamp": 1767225600123}, "not a plausible time"),
    ({"JoinedTimestamp": 1767225600.1234567}, "finer than milliseconds"),
    ({"Paths": "o-1/"}, "a list is expected"),
])
def test_what_does_not_fit_is_found(changes, words):
    [violation] = account(**changes)
    assert words in violation


def test_a_missing_required_member_and_wrong_booleans_and_integers_are_found():
    [violation] = found("ssm", "GetServiceSetting", {"ServiceSetting": []})
    assert "a structure is expected" in violation
    [violation] = found("ssm", "ListDocumentVersions", {"DocumentVersions": [{"IsDefaultVersion": "true"}]})
    assert "a boolean is expected" in violation
    shape = declared.service_model("ssm").operation_model("AddTagsToResource").input_shape
    assert any("required member Tags is missing" in text for text in model.violations(shape, {}))


def test_bounds_hold():
    [violation] = found("organizations", "DescribeHandshake", {"Handshake": {"Parties": [
        {"Id": "x" * 65, "Type": "ACCOUNT"}]}})
    assert "more than 64" in violation


def test_every_pattern_of_the_models_can_be_read():
    for service in ("organizations", "ssm"):
        shapes = declared.service_model(service)
        for name in shapes.shape_names:
            pattern = shapes.shape_for(name).metadata.get("pattern")
            if pattern:
                model.compiled(pattern)
    assert model.compiled(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$").fullmatch("Größe 1")


def test_the_examples_of_inputs_fit_the_model():
    for service in ("organizations", "ssm"):
        for operation in declared.operations(service):
            shape = declared.service_model(service).operation_model(operation).input_shape
            if shape is not None:
                assert list(model.violations(shape, declared.valid_input(service, operation))) == [], operation
                broken = declared.invalid_input(service, operation)
                constrained = bool(shape.members) and operation not in declared.UNCONSTRAINED
                assert bool(broken) == constrained, operation
                assert broken is None or list(model.violations(shape, broken)), operation
