"""Read a line as a whole: its tokens, the numbers in it, and what its words speak of."""

from __future__ import annotations

from typing import NamedTuple

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.cues import cues_of, without_cues
from reddy_lib.personal_data.line_hints import RUNS, SOME
from reddy_lib.personal_data.line_shapes import is_nod_line
from reddy_lib.personal_data.runs import Run, may_spell, runs_of
from reddy_lib.personal_data.tokens import Line, read_line
from reddy_lib.personal_data.vocabulary import CUE, LETTER, Vocabulary
from reddy_lib.personal_data.weights import Sign, signs_of

__all__ = ["Parsed", "parsed"]

_REPEATED = 600  # characters: longer lines are rarely said twice


class Parsed(NamedTuple):
    """A line with its runs and signs. `nod`: it says nothing but "yes, go on"."""

    line: Line
    runs: list[Run]
    signs: list[Sign]
    nod: bool


def parsed(number: int, said: TranscriptLine, hint: int, words: Vocabulary) -> Parsed:
    """Return a line with its runs and signs. `hint`: of its words, see `line_hints`."""
    text = said.text
    agent = said.role == "agent"
    if not hint & SOME:  # one that says no number may be said in many calls
        kept = words.parsed.get((text, agent))
        if kept is not None:
            parts, signs, nod = kept
            return Parsed(Line(number, said.role, text, parts), [], signs, nod)
    signs = []
    line = read_line(number, said.role, text, words)
    runs = runs_of(line) if hint & RUNS or (hint & LETTER and may_spell(text)) else []
    nod = not runs and is_nod_line(line)
    if not nod and hint & CUE:
        cues = cues_of(line)
        runs = without_cues(runs, cues) if cues and runs else runs
        signs = signs_of(line, cues, [run.first for run in runs])
    if not (hint & SOME or runs) and len(text) <= _REPEATED:
        words.keep_line((text, agent), (line.parts, signs, nod))
    return Parsed(line, runs, signs, nod)
