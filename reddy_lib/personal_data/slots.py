"""Slots: what is expected at a point of a conversation, and what was said before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reddy_lib.personal_data.cues import HARMLESS
from reddy_lib.personal_data.fit import COMPLETE
from reddy_lib.personal_data.runs import Run
from reddy_lib.personal_data.tokens import Line
from reddy_lib.personal_data.weights import Sign

__all__ = ["WORDS", "Memory", "Slot", "Slots"]

WORDS = ("password", "name", "address")
"""Kinds whose answers are words."""
_ASKS = 0.75  # weight from which a line asks for words
_MAY_ASK = 0.45  # for an address: an answer has to look like one then
_SHORT = 4  # tokens of a line that changes no subject
_KNOWN = 3  # digits by which a number is known again
_OLD_HARMLESS = 0.8


@dataclass
class Slot:
    """What is expected. `weight` fades; `filled`: digits that came already; `words`: an answer in words may follow, and any
    words are one if `certain`."""

    kind: str
    weight: float
    line: int
    item: int
    filled: int = 0
    words: bool = False
    certain: bool = True
    role: str = ""


class Slots:
    """The open slots, one of a kind at most."""

    def __init__(self) -> None:
        self._open: dict[str, Slot] = {}
        self._items = 0

    def new_item(self) -> int:
        """Return the number of a new datum."""
        self._items += 1
        return self._items

    def get(self, kind: str, *, least: float = 0.0) -> Slot | None:
        """Return the slot of a kind if its weight is at least this."""
        slot = self._open.get(kind)
        return slot if slot is not None and slot.weight >= least else None

    def all(self) -> Sequence[Slot]:
        return tuple(self._open.values())

    def in_words(self) -> bool:
        """Return whether an answer in words is expected."""
        return any(slot.words for slot in self._open.values())

    def fade(self, line: Line, signs: Sequence[Sign]) -> None:
        """Let slots fade with a line that filled none of them."""
        asks = any(sign.weight >= _ASKS for sign in signs)
        if line.agent:
            left = 0.35 if asks else 0.75 if len(line.parts) > _SHORT else 0.9
        else:
            left = 0.85
        for slot in self._open.values():
            slot.weight *= left
            if line.agent and asks and len(line.parts) > _SHORT:
                slot.words = False

    def pass_by(self, *, agent: bool, words: int) -> None:
        """Let slots fade with a line that was not read because nothing in it matters."""
        for slot in self._open.values():
            slot.weight *= 0.75 if agent and words > _SHORT else 0.85

    def open(self, line: Line, signs: Sequence[Sign], runs: Sequence[Run]) -> None:
        """Open slots for the lines that follow."""
        if not signs:
            return
        weights: dict[str, float] = {}
        for sign in signs:
            if not (sign.says and line.agent):
                weights[sign.kind] = min(1.0, weights.get(sign.kind, 0.0) + sign.weight)
        asked = weights.pop("what", 0.0)
        if asked and not weights:
            self._ask_for_number(line, runs)
        personal = max((weight for kind, weight in weights.items() if kind not in HARMLESS), default=0.0)
        said = {sign.kind for sign in signs if sign.says}
        answered = bool(runs) and not line.agent
        for kind, weight in weights.items():
            if kind in HARMLESS and personal:
                weight *= _OLD_HARMLESS
            old = self._open.get(kind)
            slot = Slot(kind, weight, line.number, self.new_item())
            if old is not None:
                slot.weight = max(weight, old.weight)
                slot.filled, slot.item = (old.filled, old.item) if answered else (0, slot.item)
            if answered:
                slot.weight *= 0.7
            least = _MAY_ASK if kind == "address" else _ASKS
            slot.words = (
                kind in WORDS and weight >= least and not line.customer and not answered and kind not in said
            )
            slot.role = line.role
            slot.certain = weight >= _ASKS
            self._open[kind] = slot

    def _ask_for_number(self, line: Line, runs: Sequence[Run]) -> None:
        """Take "what's the number" as a question for what is spoken of, or else for an id."""
        if runs and not line.agent:
            return
        best = max(self._open.values(), key=lambda slot: slot.weight, default=None)
        if best is not None and best.weight >= 0.2:
            best.weight = max(best.weight, 0.7)
        elif line.agent or not line.customer:
            self._open["account"] = Slot("account", 0.5, line.number, self.new_item())

    def fill(self, kind: str, run: Run) -> None:
        """Count digits that came into a slot; one that is full fades."""
        slot = self._open.get(kind)
        if slot is None:
            return
        slot.filled = run.digits if run.after_undo else slot.filled + run.digits
        if slot.filled >= COMPLETE.get(kind, 99):
            slot.weight *= 0.5


class Memory:
    """What was said before, by which it is known again: digits, words of the customer's, and dates (kind and words)."""

    def __init__(self) -> None:
        self.numbers: dict[str, str] = {}
        self.words: dict[str, str] = {}
        self.dates: list[tuple[str, frozenset[str]]] = []
        self.harmless: set[str] = set()
        self._items: dict[int, str] = {}

    def add(self, item: int, digits: str, kind: str) -> None:
        """Keep the next digits of an item: an agent may repeat all its parts in one go."""
        if item:
            self._items[item] = self._items.get(item, "") + digits
            self.numbers.setdefault(self._items[item], kind)

    def kind_of(self, code: str) -> str:
        """Return the kind of a number that is, or is a part of, one that was said before; "" if there is none."""
        if len(code) < 2:
            return ""
        for known, kind in self.numbers.items():
            if (
                code == known
                or (len(code) >= _KNOWN and code in known)
                or (len(known) > _KNOWN and known in code)
            ):
                return kind
        return ""

    def is_harmless(self, code: str) -> bool:
        return len(code) >= _KNOWN and any(code in known or known in code for known in self.harmless)

    def has_words_in(self, text: str) -> bool:
        """Return whether a text has words that were said before."""
        lower = text.lower()
        return any(said in lower for said in self.words)

    def resembles(self, code: str, kind: str) -> bool:
        """Return whether half of the digits were said before: what a listener misheard."""
        half = max(2, (len(code) + 1) // 2)
        parts = {code[at : at + half] for at in range(len(code) - half + 1)}
        return any(part in known for known, of in self.numbers.items() if of == kind for part in parts)
