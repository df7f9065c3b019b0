"""Plain English: finds the phrases of `tools/phrases.toml` in what somebody reads.

That is: Markdown outside of code, comments and texts in Rust and Python, and whole YAML and JSON files that people read
(templates, rules, runbooks, schemas, state machines). Names of functions and variables are not looked at: Rust's
compiler and clippy hold those.

A line that has to quote somebody else's words, or the line above it, says `words: quoted`.
"""

import bisect
import io
import re
import sys
import tokenize
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

RUST_TEXT = re.compile(
    r"""(?P<comment>//[^\n]*(?:\n[ \t]*//[^\n]*)*|/\*.*?\*/)
      | (?<!\w)b?r(?P<hashes>\#*)".*?"(?P=hashes)
      | b?"(?:\\.|[^"\\])*"
      | '(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.)|[^'\\\n])'(?!\w)""",
    re.S | re.X,
)
RUST_DOC = re.compile(r"(?:^[ \t]*///[^\n]*\n)+", re.M)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`|https?://[^\s)>\"]+", re.S | re.M)
MARGIN = re.compile(r"^[ \t]*(?:///?|//!|[#>|*-]+)", re.M)
QUOTED = "words: quoted"


class Found(NamedTuple):
    """One phrase at one place."""

    path: str
    line: int
    phrase: str
    text: str
    instead: str

    def __str__(self):
        return f"{self.path}:{self.line}: `{self.text}` ({self.phrase}): {self.instead}"


class Words:
    """The phrases, the files they are looked for in, and the exceptions."""

    def __init__(self, settings):
        self.phrases = [
            (phrase["name"], re.compile(phrase["find"], re.I), phrase["instead"]) for phrase in settings["phrase"]
        ]
        self.folders = settings["folders"]
        self.quoting = [exception["path"] for exception in settings["quoting"]]
        self.pending = {entry["path"]: set(entry["phrases"]) for entry in settings.get("pending", [])}
        self.short_docs = settings["short_docs"]

    def check(self, root, out=sys.stdout):
        """Prints what was found and returns how many files were read and how many phrases were found."""
        read, found = 0, 0
        for path in self.files(root):
            name = path.relative_to(root).as_posix()
            read += 1
            for one in self.look(name, path.read_text(encoding="utf-8")):
                found += 1
                print(one, file=out)
        return read, found

    def files(self, root):
        """Every file to look at, in order."""
        for folder in self.folders:
            paths = [root / folder] if (root / folder).is_file() else sorted((root / folder).rglob("*"))
            for path in paths:
                name = path.relative_to(root).as_posix()
                if path.suffix in READERS and path.is_file() and not name.startswith(tuple(self.quoting)):
                    yield path

    def look(self, name, text):
        """The phrases in one file's text."""
        pending = set().union(*(phrases for path, phrases in self.pending.items() if name.startswith(path)), set())
        suffix = Path(name).suffix
        lines = text.splitlines()

        def quoted(line):
            return QUOTED in lines[line - 1] or (line > 1 and QUOTED in lines[line - 2])

        for start, piece in READERS[suffix](text):
            for phrase, pattern, instead in self.phrases:
                if phrase in pending:
                    continue
                for match in pattern.finditer(piece.text):
                    line = text.count("\n", 0, start + piece.offset(match.start())) + 1
                    if not quoted(line):
                        yield Found(name, line, phrase, match.group().strip(), instead)
        if suffix == ".rs" and "short-doc" not in pending:
            yield from self.short(name, text, quoted)

    def short(self, name, text, quoted):
        """Doc comments that are too short to say more than the name below them."""
        for match in RUST_DOC.finditer(text):
            comment = " ".join(line.strip().removeprefix("///") for line in match.group().splitlines())
            line = text.count("\n", 0, match.start()) + 1
            words = comment.split()
            if len(words) <= self.short_docs["words"] and not re.search(r"[`\d:]", comment) and not quoted(line):
                yield Found(name, line, "short-doc", " ".join(words), self.short_docs["instead"])


class Prose:
    """What is left of a piece of text without code, links and margins, its words one space apart: a phrase is found
    across the end of a line, but not across an empty one."""

    def __init__(self, text):
        text = MARGIN.sub(blank, CODE.sub(blank, text))
        self.text, self.starts, self.words = "", [], []
        end = 0
        for match in re.finditer(r"[^\s\\]+", text):
            self.text += "\n" if text.count("\n", end, match.start()) > 1 else " "
            self.starts.append(len(self.text))
            self.words.append(match.start())
            self.text += match.group()
            end = match.end()

    def offset(self, position):
        """Where in the piece the word begins that `position` of `text` is in, or comes before."""
        word = max(bisect.bisect_right(self.starts, position + 1) - 1, 0)
        return self.words[word]


def blank(match):
    """Spaces in place of the match, so that offsets and lines stay what they were."""
    return re.sub(r"[^\n]", " ", match.group())


def whole(text):
    yield 0, Prose(text)


def rust(text):
    for match in RUST_TEXT.finditer(text):
        yield match.start(), Prose(match.group())


def python(text):
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    block, begin = "", None
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        start = starts[token.start[0] - 1] + token.start[1]
        if token.type == tokenize.COMMENT:
            if begin is None or text[begin + len(block) : start].strip():
                if begin is not None:
                    yield begin, Prose(block)
                begin = start
            block = text[begin : start + len(token.string)]
        elif token.type in (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)):
            yield start, Prose(token.string)
    if begin is not None:
        yield begin, Prose(block)


READERS = {".md": whole, ".yaml": whole, ".yml": whole, ".json": whole, ".toml": whole, ".rs": rust, ".py": python}


def load(root=ROOT):
    return Words(tomllib.loads((root / "tools/phrases.toml").read_text(encoding="utf-8")))


def main():
    read, found = load().check(ROOT)
    print(f"words: {read} files read, {found} phrases found")
    return 1 if found or not read else 0


if __name__ == "__main__":
    sys.exit(main())
