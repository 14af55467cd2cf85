"""Follow a conversation: what was asked for decides what the next numbers and words are.

A question or an announcement opens a *slot* of a kind. A slot stays open across nods and echoes, fades as the talk moves
on, and is filled by what fits it. Slots of harmless numbers (an order, a meter, the firm's own line) compete with the
others. An agent's number is personal data only if it repeats what the customer said, or is announced as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.answers import Part, answer_words, dates, emails_in_words, words_after
from reddy_lib.personal_data.cues import HARMLESS, Cue, cues_of
from reddy_lib.personal_data.fit import COMPLETE, fit
from reddy_lib.personal_data.forms import EMAIL, find_ibans, find_ids, is_card, is_phone
from reddy_lib.personal_data.runs import Line, Run, read_line, runs_of
from reddy_lib.personal_data.said import KINDS, Said
from reddy_lib.personal_data.vocabulary import Vocabulary

__all__ = ["Dialogue"]

_ENOUGH = 0.35  # of weight × fit, to be marked
_STRONG = 0.6
_AMOUNT = 0.15  # what is left of the fit of money, shares, times and counts
_SPECIFIC = {kind: at for at, kind in enumerate(("cvv", "last4", "pin", "expiry", "card", "bank", "national_id"))}
_WORDS = ("password", "name", "address", "email", "birth_date")
_ID_KINDS = ("card", "national_id", "bank", "phone", "account")
_SHORTEST_KEPT = 3  # digits of a datum by which it is known again
_NEAR = 6  # tokens between a number and the words after it that say what it is


@dataclass
class _Slot:
    """What is expected. `weight` fades; `filled`: digits that came already; `open_words`: an answer in words may follow."""

    kind: str
    weight: float
    line: int
    by_agent: bool
    item: int
    filled: int = 0
    open_words: bool = False


@dataclass
class _Memory:
    """Digits of what was said, by which it is known again."""

    personal: dict[str, str] = field(default_factory=dict)
    harmless: set[str] = field(default_factory=set)

    def kind_of(self, code: str) -> str:
        if len(code) < 2:
            return ""
        for known, kind in self.personal.items():
            if code == known or (len(code) >= _SHORTEST_KEPT and code in known):
                return kind
            if len(known) >= 4 and known in code:
                return kind
        return ""

    def is_harmless(self, code: str) -> bool:
        return len(code) >= _SHORTEST_KEPT and any(code in known or known in code for known in self.harmless)


class Dialogue:
    """One reading of a conversation. `feed` takes its lines in order; `found` is what they say."""

    def __init__(self, words: Vocabulary, *, blunt: bool = False) -> None:
        self.words = words
        self.blunt = blunt
        self.found: list[Said] = []
        self._slots: dict[str, _Slot] = {}
        self._memory = _Memory()
        self._items = 0
        self._last_kind = ""  # of the customer's last number, as long as only nods and echoes follow
        self._last_item = 0
        self._pending: list[Run] = []
        self._asked_line = -9
        self._taken: list[tuple[int, int]] = []

    # --- lines ---------------------------------------------------------------------------------------------

    def feed(self, lines: Sequence[TranscriptLine]) -> list[Said]:
        """Read lines in order and return what was found."""
        for number, line in enumerate(lines, 1):
            if line.text:
                self._read(read_line(number, line.role, line.text, self.words))
        return self.found

    def expect(self, hint: str) -> None:
        """Open slots by the name of a field ("Card number"), before its value is fed."""
        line = read_line(0, "agent", hint, self.words)
        self._open(line, cues_of(line), [])

    def _read(self, line: Line) -> None:
        self._taken = []
        runs = runs_of(line)
        if not runs and _is_nod(line):
            return
        cues = cues_of(line)
        self._forms(line, cues)
        if not line.agent or not self._slots:
            self._words_before(line, cues, runs)
        else:
            self._words_before(line, cues, runs)
        marked = self._runs(line, cues, runs)
        if self.blunt:
            self._bluntly(line, runs)
        self._fade(line, cues, marked)
        self._open(line, cues, runs)

    def _fade(self, line: Line, cues: list[Cue], marked: bool) -> None:
        if marked and not cues:
            return
        asks = any(cue.weight >= 1 or cue.kind in HARMLESS for cue in cues)
        if line.agent:
            left = 0.35 if asks else 0.75 if len(line.tokens) > 4 else 0.9
        else:
            left = 0.8
        for slot in self._slots.values():
            slot.weight *= left
            if line.agent and len(line.tokens) > 4 and asks:
                slot.open_words = False
        if line.agent and len(line.tokens) > 6:
            self._last_kind = ""

    def _open(self, line: Line, cues: list[Cue], runs: list[Run]) -> None:
        """Open slots for the lines that follow."""
        weights: dict[str, float] = {}
        for cue in cues:
            if cue.says and line.agent:
                continue
            weights[cue.kind] = weights.get(cue.kind, 0.0) + cue.weight
        if not weights:
            return
        asked = weights.pop("what", 0.0)
        if asked:
            if not weights:
                self._generic(line, runs)
                return
            best = max(weights, key=weights.__getitem__)
            if best not in HARMLESS:
                weights[best] += 0.5
        if not weights:
            return
        personal = max((w for kind, w in weights.items() if kind not in HARMLESS), default=0.0)
        for kind, weight in weights.items():
            if kind in HARMLESS and personal > weight:
                weight *= 0.6
            self._items += 1
            old = self._slots.get(kind)
            weight = min(1.0, weight)
            answered = any(run for run in runs) and not line.agent
            if old is not None and old.weight > weight:
                weight = old.weight
            filled = old.filled if old is not None and answered else 0
            slot = _Slot(kind, weight, line.number, line.agent, self._items, filled)
            if answered:
                slot.weight *= 0.7
            slot.open_words = kind in _WORDS and weight >= 0.75 and (line.agent or not line.customer) and not answered
            self._slots[kind] = slot
        if line.agent:
            self._asked_line = line.number

    def _generic(self, line: Line, runs: list[Run]) -> None:
        """Take "what's the number" as a question for what is spoken of, or else for an id."""
        if runs and not line.agent:
            return
        best = max(self._slots.values(), key=lambda slot: slot.weight, default=None)
        if best is not None and best.weight >= 0.2:
            best.weight = max(best.weight, 0.7)
            return
        self._items += 1
        self._slots["account"] = _Slot("account", 0.5, line.number, line.agent, self._items)

    # --- marks ---------------------------------------------------------------------------------------------

    def _mark(self, line: Line, begin: int, end: int, kind: str, item: int, sure: str, why: str) -> None:
        self.found.append(Said(line.number, begin, end, kind, item, sure, why))
        self._taken.append((begin, end))

    def _free(self, begin: int, end: int) -> bool:
        return not any(b < end and begin < e for b, e in self._taken)

    def _mark_run(self, line: Line, run: Run, kind: str, item: int, sure: str, why: str) -> None:
        begin = run.atoms[0].begin
        for before, after in zip(run.atoms, (*run.atoms[1:], None), strict=True):
            if after is None or any(token.text[0].isalnum() for token in line.tokens[before.last + 1 : after.index]):
                self._mark(line, begin, before.end, kind, item, sure, why)
                begin = after.begin if after is not None else 0
        if run.digits + run.letters >= 2:
            self._memory.personal[run.code] = kind

    def _new_item(self) -> int:
        self._items += 1
        return self._items

    # --- forms ---------------------------------------------------------------------------------------------

    def _forms(self, line: Line, cues: list[Cue]) -> None:
        text = line.text
        ours = any(cue.kind == "our" for cue in cues) and line.agent
        if "@" in text and not ours:
            for one in EMAIL.finditer(text):
                self._mark(line, one.start(), one.end(), "email", self._new_item(), "form", "an email address")
        if any(character.isdigit() for character in text) and not any(cue.kind == "no" for cue in cues):
            for begin, end in find_ibans(text):
                self._mark(line, begin, end, "bank", self._new_item(), "checked", "an IBAN, check digits right")
            for begin, end in find_ids(text):
                self._mark(line, begin, end, "national_id", self._new_item(), "checked", "written as a national id")

    # --- words ---------------------------------------------------------------------------------------------

    def _words_before(self, line: Line, cues: list[Cue], runs: list[Run]) -> None:
        """Mark answers in words: to what was asked in lines above, or announced in this one."""
        asked = {cue.kind for cue in cues if cue.weight >= 1 or cue.says}
        ours = any(cue.kind == "our" for cue in cues) and line.agent
        email = self._slots.get("email")
        wants = "email" in asked or (email is not None and email.weight >= _STRONG)
        if not ours:
            for part in emails_in_words(line, asked=wants):
                if self._free(part.begin, part.end):
                    self._mark(line, part.begin, part.end, "email", self._new_item(), "form", "an email address in words")
        self._birth(line, cues)
        self._expiry(line, cues)
        if line.agent:
            self._agent_names(line)
            return
        for kind in ("password", "address", "name"):
            slot = self._slots.get(kind)
            if slot is not None and slot.open_words and slot.weight >= 0.5 and line.number - slot.line <= 6:
                self._answer(line, slot, cues, runs)
        for cue in cues:
            if cue.kind in ("name", "password", "address") and (cue.says or cue.weight >= 1):
                self._announced(line, cue)

    def _answer(self, line: Line, slot: _Slot, cues: list[Cue], runs: list[Run]) -> None:
        others = [cue for cue in cues if cue.kind != slot.kind and cue.kind != "what" and cue.weight >= 1]
        stop = min((cue.first for cue in others), default=len(line.tokens))
        if stop == 0:
            return
        parts = answer_words(line, slot.kind, 0, stop)
        words = sum(1 for part in parts for token in line.tokens[part.first : part.last + 1] if token.text[0].isalnum())
        most = {"name": 8, "password": 6, "address": 24}[slot.kind]
        if not parts or words > most:
            return
        for part in parts:
            if self._free(part.begin, part.end):
                self._mark(line, part.begin, part.end, slot.kind, slot.item, "context", f"asked for in line {slot.line}")
        if slot.kind != "address" or words >= 3:
            slot.open_words = False
        self._remember_words(line, parts, slot.kind)

    def _remember_words(self, line: Line, parts: list[Part], kind: str) -> None:
        for part in parts:
            self._memory.personal.setdefault(line.text[part.begin : part.end].lower(), kind)

    def _announced(self, line: Line, cue: Cue) -> None:
        if cue.kind == "name" and not cue.says:
            return
        if cue.kind == "address":
            part = words_after(line, cue.last + 1, "address")
            if part is None or not any(c.isdigit() for c in line.text[part.begin : part.end]):
                return
        elif cue.kind == "password":
            after = line.tokens[cue.last + 1 : cue.last + 2]
            if not after or after[0].word.plain not in _IS:
                return
            part = words_after(line, cue.last + 1, "password")
        else:
            part = words_after(line, cue.last + 1, cue.kind)
        if part is not None and self._free(part.begin, part.end):
            self._mark(line, part.begin, part.end, cue.kind, self._new_item(), "context", "announced in the same line")

    def _agent_names(self, line: Line) -> None:
        """Mark what a customer said in words where the agent repeats it."""
        lower = line.text.lower()
        for said, kind in list(self._memory.personal.items()):
            if len(said) >= 5 and not said.isdigit() and said in lower and len(lower) == len(line.text):
                begin = lower.index(said)
                if self._free(begin, begin + len(said)):
                    self._mark(line, begin, begin + len(said), kind, self._new_item(), "context", "said before")

    def _birth(self, line: Line, cues: list[Cue]) -> None:
        here = any(cue.kind == "birth_date" for cue in cues)
        slot = self._slots.get("birth_date")
        asked = slot is not None and slot.weight >= _ENOUGH and not line.agent
        if not here and not asked:
            return
        for part, count, month in dates(line):
            digits = sum(c.isdigit() for c in line.text[part.begin : part.end])
            if (count >= 3 or (count == 2 and month) or digits >= 4 or (count == 2 and asked)) and self._free(part.begin, part.end):
                item = slot.item if slot is not None and asked else self._new_item()
                self._mark(line, part.begin, part.end, "birth_date", item, "context", self._why(slot, here))
                if slot is not None:
                    slot.weight *= 0.5

    def _expiry(self, line: Line, cues: list[Cue]) -> None:
        here = any(cue.kind == "expiry" and cue.weight >= 1 for cue in cues)
        slot = self._slots.get("expiry")
        asked = slot is not None and slot.weight >= _ENOUGH and not line.agent
        if not here and not asked:
            return
        for part, count, month in dates(line):
            if month and count == 2 and self._free(part.begin, part.end):
                item = slot.item if slot is not None and asked else self._new_item()
                self._mark(line, part.begin, part.end, "expiry", item, "context", self._why(slot, here))
                if slot is not None:
                    slot.weight *= 0.4

    @staticmethod
    def _why(slot: _Slot | None, here: bool) -> str:
        return "announced in the same line" if here or slot is None else f"asked for in line {slot.line}"

    # --- numbers -------------------------------------------------------------------------------------------

    def _runs(self, line: Line, cues: list[Cue], runs: list[Run]) -> bool:
        marked = False
        for at, run in enumerate(runs):
            if not self._free(run.begin, run.end):
                marked = True
                continue
            kind, sure, why, item = self._judge(line, cues, runs, at)
            if kind in HARMLESS:
                self._memory.harmless.add(run.code)
                self._pending = []
            elif kind:
                self._take(line, run, kind, item, sure, why)
                marked = True
            elif not line.agent:
                marked = self._wait(line, run) or marked
        if not marked and not runs and not line.agent:
            self._pending = []
        return marked

    def _take(self, line: Line, run: Run, kind: str, item: int, sure: str, why: str) -> None:
        self._mark_run(line, run, kind, item, sure, why)
        slot = self._slots.get(kind)
        if line.agent:
            return
        self._last_kind, self._last_item = kind, item
        if slot is None:
            return
        slot.filled = run.digits if run.after_undo else slot.filled + run.digits
        if slot.filled >= COMPLETE.get(kind, 99):
            slot.weight *= 0.5

    def _wait(self, line: Line, run: Run) -> bool:
        """Keep a number that nothing was said about, until its other parts show that it is a card's."""
        if run.amount or run.clock or run.letters or run.digits < 2:
            return False
        self._pending = [*(one for one in self._pending if run.line - one.line <= 4), run]
        code = "".join(one.code for one in self._pending)
        if len(self._pending) > 1 and is_card(code):
            item = self._new_item()
            for one in self._pending:
                said = line if one.line == line.number else self._kept_line(one)
                self._mark_run(said, one, "card", item, "checked", "parts of a number with a card's check digit")
            self._pending = []
            return True
        self._lines_of_pending[run.line] = line
        return False

    @property
    def _lines_of_pending(self) -> dict[int, Line]:
        return self.__dict__.setdefault("_pending_lines", {})

    def _kept_line(self, run: Run) -> Line:
        return self._lines_of_pending[run.line]

    def _judge(self, line: Line, cues: list[Cue], runs: list[Run], at: int) -> tuple[str, str, str, int]:
        """Return (kind, how sure, why, item) of a run; kind "" if nothing says that it is personal data."""
        run = runs[at]
        scores, here = self._scores(line, cues, runs, at)
        harmless = max((scores.pop(kind, 0.0) for kind in HARMLESS), default=0.0)
        known = self._memory.kind_of(run.code)
        if known and line.agent and not (run.amount or run.clock) and run.digits + run.letters >= 2:
            return known, "context", "repeats what was said before", self._new_item()
        if self._memory.is_harmless(run.code) and not any(kind in here for kind in scores):
            return "no", "", "", 0
        best, score = "", 0.0
        for kind, weight in scores.items():
            slot = self._slots.get(kind)
            value = weight * fit(kind, run, slot.filled if slot is not None else 0)
            if run.amount or run.clock:
                value *= _AMOUNT
            value += 0.01 * (len(_SPECIFIC) - _SPECIFIC.get(kind, len(_SPECIFIC))) if value else 0
            if value > score:
                best, score = kind, value
        if score >= _ENOUGH and score >= harmless and (not line.agent or score >= _STRONG):
            slot = self._slots.get(best)
            sure = "checked" if best == "card" and is_card(run.code) else "context"
            item = slot.item if slot is not None and best not in here else self._new_item()
            return best, sure, self._why(slot, best in here), item
        if harmless >= 0.3:
            return ("no" if run.digits + run.letters >= _SHORTEST_KEPT else ""), "", "", 0
        return self._by_form(line, runs, at, known)

    def _scores(self, line: Line, cues: list[Cue], runs: list[Run], at: int) -> tuple[dict[str, float], set[str]]:
        """Return kind → weight for a run, and the kinds that its own line speaks of."""
        run = runs[at]
        scores: dict[str, float] = {}
        here: set[str] = set()
        before = [cue for cue in cues if cue.last < run.first]
        latest = max((cue.last for cue in before if cue.kind != "what"), default=-1)
        generic = any(cue.kind == "what" for cue in before)
        for cue in before:
            if cue.kind == "what":
                continue
            used = any(cue.last < other.first < run.first and not other.amount for other in runs[:at])
            near = cue.last == latest
            weight = cue.weight * (1.0 if near else 0.75) * (0.6 if used and not near else 0.8 if used else 1.0)
            if generic and cue.weight < 1:
                weight += 0.4
            scores[cue.kind] = min(1.0, scores.get(cue.kind, 0.0) * 0.5 + weight)
            here.add(cue.kind)
        following = runs[at + 1].first if at + 1 < len(runs) else len(line.tokens)
        for cue in cues:
            if run.last < cue.first <= run.last + _NEAR and cue.last < following and cue.kind != "what":
                between = line.tokens[run.last + 1 : cue.first]
                if any(token.text in ".?!;" and not token.glued for token in between[1:]) or any(
                    token.word.plain in _AND for token in between[:1]
                ):
                    continue
                if at + 1 < len(runs) and following - cue.last <= 4:
                    continue
                scores[cue.kind] = max(scores.get(cue.kind, 0.0), 0.75 * cue.weight)
                here.add(cue.kind)
        for kind, slot in self._slots.items():
            if line.agent and slot.kind not in HARMLESS:
                continue
            weight = slot.weight * (0.6 if here and kind not in here and not (here <= {kind}) else 1.0)
            scores[kind] = max(scores.get(kind, 0.0), weight)
        if not line.agent and self._last_kind and _is_bare(line, runs):
            scores[self._last_kind] = max(scores.get(self._last_kind, 0.0), 0.7)
        return scores, here

    def _by_form(self, line: Line, runs: list[Run], at: int, known: str) -> tuple[str, str, str, int]:
        run = runs[at]
        if run.amount or run.clock:
            return "", "", "", 0
        if line.agent:
            fresh = self._last_kind and run.digits >= 2 and (_is_bare(line, runs) or "?" in line.text)
            if fresh:
                return self._last_kind, "context", "repeats what was said before", self._new_item()
            return "", "", "", 0
        if known:
            return known, "context", "repeats what was said before", self._new_item()
        if not run.letters and is_card(run.code):
            return "card", "checked", "a card's length and check digit", self._new_item()
        if not run.letters and run.digits in (15, 16) and run.code[0] in "3456":
            return "card", "form", "as long as a card's number", self._new_item()
        international = run.first > 0 and line.tokens[run.first - 1].word.plain in ("+", "plus", "piu", "mas", "mais")
        spoken = run.digits in range(9, 13) and (international or run.code[0] == "0" or run.digits >= 10)
        if spoken and not run.letters and is_phone(run.code, self.words.languages, international=international):
            return "phone", "form", "written as a phone number", self._new_item()
        if self._last_kind and _is_bare(line, runs) and run.digits >= 1:
            return self._last_kind, "context", "goes on from the line before", self._last_item
        return "", "", "", 0

    def _bluntly(self, line: Line, runs: list[Run]) -> None:
        for run in runs:
            if run.digits >= 3 and self._free(run.begin, run.end):
                self._mark_run(line, run, "account", self._new_item(), "form", "three digits or more")


_IS = frozenset("is s was ist lautet war est c es era e ea is and und : = reads".split())
_AND = frozenset("and und et y e en og".split())


def _is_nod(line: Line) -> bool:
    """Return whether a line says only that one listens."""
    words = [token.word for token in line.tokens if token.text[0].isalnum()]
    return len(words) <= 5 and all(word.nod for word in words)


def _is_bare(line: Line, runs: list[Run]) -> bool:
    """Return whether a line is a number and little else."""
    inside = {index for run in runs for index in range(run.first, run.last + 1)}
    words = [token.word for index, token in enumerate(line.tokens) if index not in inside and token.text[0].isalnum()]
    return sum(not (word.skip or word.filler or word.nod or word.small) for word in words) <= 1 and len(words) <= 7


def _unused() -> tuple[str, ...]:
    return (*KINDS, *_ID_KINDS)
