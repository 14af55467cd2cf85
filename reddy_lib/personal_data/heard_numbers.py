"""The numbers that are said in a conversation, as digits: to find one that is known, however it was said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.line_hints import SOME, hint_of
from reddy_lib.personal_data.runs import runs_of
from reddy_lib.personal_data.tokens import read_line
from reddy_lib.personal_data.vocabulary import guess_languages, vocabulary

__all__ = ["heard_numbers"]

_GOES_ON = 4  # lines from one part of a number to the next


def heard_numbers(lines: Sequence[TranscriptLine]) -> Iterator[str]:
    """Yield the digits of what each side says one after the other, in words or figures; what others say between is left
    out, so that a number that is said in parts is one."""
    words = vocabulary(guess_languages([line.text for line in lines]))
    hints = [hint_of(line.text, words) for line in lines]
    said: dict[str, list[tuple[int, str, str]]] = {}
    for number, (line, hint) in enumerate(zip(lines, hints, strict=True), 1):
        if hint & SOME:
            for run in runs_of(read_line(number, line.role, line.text, words)):
                if run.digits and not run.letters:
                    said.setdefault(line.role, []).append((number, run.code, run.counted))
    for parts in said.values():
        yield from _joined([(number, code) for number, code, _ in parts])
        if any(code != counted for _, code, counted in parts):
            yield from _joined([(number, counted) for number, _, counted in parts])


def _joined(parts: Sequence[tuple[int, str]]) -> Iterator[str]:
    whole, last = "", 0
    for number, digits in parts:
        if whole and number - last > _GOES_ON:
            yield whole
            whole = ""
        whole, last = whole + digits, number
    if whole:
        yield whole
