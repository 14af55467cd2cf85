"""What an agent said last, as a question whose words are in no list: a bare number after it may be its whole answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reddy_lib.personal_data.bare_numbers import kind_by_length
from reddy_lib.personal_data.cues import HARMLESS
from reddy_lib.personal_data.line_hints import has_cue
from reddy_lib.personal_data.runs import Run, runs_of
from reddy_lib.personal_data.tokens import Line, read_line
from reddy_lib.personal_data.vocabulary import CUE, FIGURES, NUMBER, Vocabulary
from reddy_lib.personal_data.weights import Sign

__all__ = ["LastQuestion"]

_ANSWER_WITHIN = 6  # lines
_BEHIND_CARD = 2  # lines
_A_NUMBER = 3  # digits; with fewer, a question says how many digits it means


class LastQuestion:
    """The agent's most recent line. `line`: its number in the conversation, 0 before any."""

    def __init__(self, words: Vocabulary) -> None:
        self.line = 0
        self._words = words
        self._text = ""
        self._harmless = False
        self._unsure = False  # the words were not read, and may speak of a thing

    def passed(self, number: int, text: str, hint: int, *, behind: bool) -> None:
        """Note words that were not read. `hint`: what they may mean; `behind`: they follow a number."""
        cue = bool(hint & CUE)
        self._unsure = cue and (behind or bool(hint & (NUMBER | FIGURES)))
        self.line, self._text, self._harmless = number, text, cue and not self._unsure

    def read(self, line: Line, signs: Sequence[Sign]) -> None:
        """Note words that were read."""
        self.line, self._text, self._unsure = line.number, line.text, False
        self._harmless = any(sign.kind in HARMLESS for sign in signs)

    def of_a_thing(self) -> bool:
        """Return whether the words ask for the number of a thing, or for a time."""
        if self._unsure:
            self._unsure, self._harmless = False, has_cue(self._text, self._words.things)
        return self._harmless

    def answered(self, line: Line, run: Run, *, card: int, paying: bool, known: Callable[[str], str]) -> str:
        """Return the kind of a number that is the whole answer; "" if it may be a count, a time or a date.

        Args:
            card: the line in which a card's number was told to its end.
            paying: a card's number was told a few lines before.
            known: returns the kind of a number that was said before, "" if it was not.
        """
        behind_card = card > self.line and line.number - card <= _BEHIND_CARD
        if not behind_card and (
            self.of_a_thing() or not self.line or line.number - self.line > _ANSWER_WITHIN
        ):
            return ""
        if not behind_card and (not run.spelled or _is_dated(line, run)):
            return ""
        kind = kind_by_length(run, paying=paying)
        return "" if kind and not behind_card and self._tells_number(known) else kind

    def _tells_number(self, known: Callable[[str], str]) -> bool:
        """Return whether the words tell a price, a time or a number themselves, other than one that the customer said."""
        line = read_line(self.line, "agent", self._text, self._words)
        return any(
            run.amount or run.clock or run.digits >= _A_NUMBER
            for run in runs_of(line)
            if not any(map(known, run.readings))
        )


def _is_dated(line: Line, run: Run) -> bool:
    """Return whether a month is named beside a number."""
    beside = line.parts[max(0, run.first - 1) : run.last + 2]
    return any(token.word.month for token in beside)
