"""The word check finds every phrase of its list, where people read it and nowhere else."""

import io
import tomllib

import check_words
import pytest

SETTINGS = tomllib.loads((check_words.ROOT / "tools/phrases.toml").read_text(encoding="utf-8"))
ALL = check_words.Words({**SETTINGS, "pending": []})


def found(name, text):
    return [(one.phrase, one.line) for one in ALL.look(name, text)]


@pytest.mark.parametrize("phrase", SETTINGS["phrase"], ids=lambda phrase: phrase["name"])
def test_every_phrase_is_found_in_its_example(phrase):
    name = phrase["name"]
    assert phrase["example"] and phrase["instead"]
    assert (name, 1) in found("README.md", phrase["example"])
    assert (name, 2) in found("x.rs", f"//! A file.\n/// {phrase['example']}\nfn f() {{}}\n")
    assert (name, 1) in found("x.rs", f'fn f() {{ fail("{phrase["example"]}") }}\n')
    assert (name, 1) in found("x.py", f"# {phrase['example']}\n")
    assert (name, 2) in found("x.yaml", f"a: b\nDescription: {phrase['example']}\n")


def test_a_phrase_is_found_across_the_end_of_a_line():
    assert found("README.md", "This is\nno batch.") == [("is no", 1)]
    assert found("x.rs", "/// This is\n/// no batch of anything.\n") == [("is no", 1)]
    assert found("x.rs", 'let x = "this is \\\n    no batch";') == [("is no", 1)]
    assert found("x.py", "x = 1\n# This is\n# no batch.\n") == [("is no", 2)]


def test_code_is_not_prose():
    assert found("README.md", "`told` and\n```sh\nwhoever rings\n```\nhttps://example.com/told") == []
    assert found("x.rs", "fn told(rings: u8) -> bool { 'b' == 'c' && rings > 0 }\n") == []
    assert found("x.py", "told = rings\n") == []


def test_what_is_plain_english_passes():
    for text in ("There is no rule.", "It is no longer there.", "No rule was found.", "A strong string of trying things."):
        assert found("README.md", text) == []


def test_a_short_comment_is_found_and_one_with_a_fact_is_not():
    assert found("x.rs", "/// Its name.\nfn a() {}\n") == [("short-doc", 1)]
    assert found("x.rs", "/// Epoch seconds: UTC.\nfn a() {}\n/// At most 50.\nfn b() {}\n") == []
    assert found("x.rs", "/// Its name.\n/// Never empty.\nfn a() {}\n") == []


def test_words_of_others_are_quoted():
    assert found("x.rs", '// words: quoted\nlet aws = "AWS is no friend";\nlet ours = "AWS is no friend";\n') == [("is no", 3)]
    assert found("README.md", "It says: is no friend <!-- words: quoted -->") == []


def test_a_folder_that_is_pending_is_checked_for_the_rest(tmp_path):
    words = check_words.Words({**SETTINGS, "pending": [{"path": "docs/", "phrases": ["told"]}]})
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/x.md").write_text("Whoever was told.")
    (tmp_path / "README.md").write_text("Whoever was told.")
    out = io.StringIO()
    assert words.check(tmp_path, out) == (2, 3)
    assert "README.md:1: `told` (told)" in out.getvalue() and "docs/x.md:1: `told`" not in out.getvalue()


def test_the_project_passes_and_no_exception_is_idle():
    out = io.StringIO()
    read, phrases = check_words.load().check(check_words.ROOT, out)
    assert read > 500 and phrases == 0, out.getvalue()
    names = {phrase["name"] for phrase in SETTINGS["phrase"]} | {"short-doc"}
    for entry in SETTINGS.get("pending", []):
        assert set(entry["phrases"]) <= names, f"{entry} names an unknown phrase"
    for exception in SETTINGS["quoting"]:
        assert (check_words.ROOT / exception["path"]).exists(), f"{exception['path']} does not exist"
