"""Each kind of data is found whole, and as what it is, in the words that people use in each language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data import find_personal_data

_FILE = Path(__file__).with_name("phrasings.txt")
_MARKED = re.compile(r"\{(\w+):([^}]*)\}")
_DIALOGUES = [line for line in _FILE.read_text("utf8").splitlines() if line and not line.startswith("#")]


def read(dialogue: str) -> tuple[list[TranscriptLine], dict[tuple[int, int], str]]:
    """Return the lines of a dialogue, and (line, character) → kind of its letters and digits that have to be marked."""
    lines: list[TranscriptLine] = []
    wanted: dict[tuple[int, int], str] = {}
    for number, turn in enumerate(dialogue.split("|")[1:], 1):
        text = ""
        last = 2
        for one in _MARKED.finditer(turn):
            text += turn[last : one.start()]
            wanted.update({(number, len(text) + at): one[1] for at, c in enumerate(one[2]) if c.isalnum()})
            text += one[2]
            last = one.end()
        lines.append(TranscriptLine({"A": "agent", "C": "customer"}[turn[0]], text + turn[last:]))
    return lines, wanted


@pytest.mark.parametrize("dialogue", _DIALOGUES)
def test_what_is_personal_is_marked_and_nothing_else(dialogue: str) -> None:
    lines, wanted = read(dialogue)
    found = {
        (said.line, at): said.kind
        for said in find_personal_data(lines)
        for at in range(said.begin, said.end)
        if lines[said.line - 1].text[at].isalnum()
    }
    assert found == wanted
