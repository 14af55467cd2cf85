"""Counted sentences agree with their number."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reddy_lib.plurals import agreeing
from reddy_lib.transcripts import read_transcript

ROOT = Path(__file__).resolve().parents[1]
SCREENS = sorted([*ROOT.glob("pages/*.py"), *ROOT.glob("reddy_lib/ui/**/*.py")])
NOUN = re.compile(r" (?:(?:ready|held|further|more|other|earlier) )?(?!was|is|has|as|this)[a-z]+s\b")
NEVER_ONE = {
    "calls matches",
    "places: nothing",
    "files",
    "tables with",
    "sheets, one",
    "names without",
    "seconds from",
    "times",
}
"""How texts begin that are shown for two and more alone."""


def counted_texts(source: str) -> Iterator[tuple[int, str]]:
    """The line of each number that a plural follows, and the words after it; not where a condition chose the plural."""
    tree = ast.parse(source)
    chosen = {
        id(arm) for node in ast.walk(tree) if isinstance(node, ast.IfExp) for arm in (node.body, node.orelse)
    }
    for text in ast.walk(tree):
        if not isinstance(text, ast.JoinedStr) or id(text) in chosen:
            continue
        for number, after in zip(text.values, text.values[1:], strict=False):
            if not isinstance(number, ast.FormattedValue) or not isinstance(after, ast.Constant):
                continue
            counts = "len(" in ast.unparse(number.value)[:4] or (
                number.format_spec is not None and "," in ast.unparse(number.format_spec)
            )
            if counts and NOUN.match(str(after.value)):
                yield number.lineno, str(after.value).strip()


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 calls are left"), (1, "1 call is left"), (1234, "1,234 calls are left")]
)
def test_the_words_agree_with_the_number(count: int, said: str) -> None:
    assert agreeing(count, "call is left", "calls are left") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no speaker at all", "The line does not name a speaker: no role was guessed."),
        ("no speaker\nat all", "None of the 2 lines names a speaker: no role was guessed."),
    ],
)
def test_lines_without_speakers_are_counted_as_one_says_it(text: str, said: str) -> None:
    found = {one.code: one.message for one in read_transcript(text).findings}
    assert found["transcript-no-speakers"] == said


def test_no_text_on_a_page_says_1_calls() -> None:
    assert list(counted_texts('f"{len(rows):,} ready calls can be sent"')) == [(1, "ready calls can be sent")]
    assert list(counted_texts('"1 call" if n == 1 else f"{n:,} calls"')) == []
    found = {
        f"{path.name}: {words}"
        for path in SCREENS
        for _, words in counted_texts(path.read_text(encoding="utf-8"))
        if not words.startswith(tuple(NEVER_ONE))
    }
    assert found == set()
