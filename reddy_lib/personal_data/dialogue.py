"""Follow a conversation: what was asked for decides what the next numbers and words are.

A question or an announcement opens a *slot* of a kind. A slot stays open across nods and echoes, fades as the talk moves
on, and is filled by what fits it. Slots of harmless numbers (an order, a meter, the firm's own line) compete with the
others. An agent's number is personal data only if it repeats what the customer said, or is announced as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.announcing import announced
from reddy_lib.personal_data.answers import (
    Part,
    count_words,
    emails_in_words,
)
from reddy_lib.personal_data.bare_numbers import by_form, is_date, long_number
from reddy_lib.personal_data.confirming import (
    CONFIRMED,
    asks_to_confirm,
    confirmed_address,
    confirmed_number,
    without_confirming,
)
from reddy_lib.personal_data.cues import HARMLESS, cues_of
from reddy_lib.personal_data.echoes import (
    dates_again,
    pieces_of_name,
    pieces_of_place,
    words_again,
    words_of_date,
)
from reddy_lib.personal_data.fit import fit, is_card_run, kind_behind_card, parted
from reddy_lib.personal_data.forms import (
    EMAIL,
    HANDLE,
    find_ibans,
    find_ids,
    is_card,
    is_firms_email,
    may_be_id,
)
from reddy_lib.personal_data.last_question import LastQuestion
from reddy_lib.personal_data.line_hints import is_nod
from reddy_lib.personal_data.line_shapes import (
    counts_a_thing,
    follows,
    is_bare,
    is_pronoun,
    is_pure,
)
from reddy_lib.personal_data.number_words import word_set
from reddy_lib.personal_data.parsing import Parsed, parsed
from reddy_lib.personal_data.passwords import written_around
from reddy_lib.personal_data.runs import Run
from reddy_lib.personal_data.said import Said, kinds_at
from reddy_lib.personal_data.scoring import scores_of
from reddy_lib.personal_data.skimming import skim
from reddy_lib.personal_data.slots import Memory, Slot, Slots
from reddy_lib.personal_data.spoken_dates import dates, is_date_of
from reddy_lib.personal_data.tokens import Line, read_line
from reddy_lib.personal_data.vocabulary import AT, FIGURES, Vocabulary
from reddy_lib.personal_data.weights import Sign, asks_other, is_yours, of_the_number, signs_of, speaks_of
from reddy_lib.personal_data.word_answers import answer_parts

__all__ = ["Dialogue"]

_ENOUGH = 0.35  # of weight × fit, to be marked
_STRONG = 0.6
_CLEAR = 0.75  # of a sign that needs no other
_WHOLE = 0.9  # of fit: it is that and nothing beside it
_AMOUNT = 0.15  # what is left of the fit of money, shares, times and counts
_SPECIFIC = ("national_id", "bank", "card", "expiry", "pin", "last4", "cvv")  # of two that fit, the later
_NEAR = 6  # tokens between a number and the words after it that say what it is
_ANSWER_WITHIN = 6  # lines
_TOLD = word_set("phone email address")  # kinds of which a firm has its own
_DATES = ("birth_date", "expiry")
_PAYING = 14  # lines
_LONG = frozenset(("card", "national_id", "bank", "phone", "account"))
_FEW, _IN_PASSING = 3, 0.4  # digits of a number in the middle of a sentence, and what is left of its fit
_OF_A_THING = 0.5  # what is left of the fit of a number with a noun right behind it, in a sentence
_SHORTEST_CARD = 13  # digits
_PIECES = 8  # lines over which a card is told in pieces
_WHOLE_CARD = 15  # digits with which a card's number is told
_TOLD_CARD = 0.4  # what is left of the weight of its slot then
_REPEATS_WITHIN = 2  # lines
_KEPT = 4  # digits of what an agent tells, by which it is known again


class _Verdict(NamedTuple):
    """What a number is. `kind`: "" if nothing says so."""

    kind: str = ""
    sure: str = ""
    why: str = ""
    item: int = 0


_NOTHING = _Verdict()


class Dialogue:
    """One reading of a conversation. `feed` takes its lines in order; `found` is what they say."""

    def __init__(self, words: Vocabulary, *, blunt: bool = False) -> None:
        self.words = words
        self.blunt = blunt
        self.found: list[Said] = []
        self._slots = Slots()
        self._memory = Memory()
        self._last = _NOTHING  # of the customer's last number, as long as only nods and echoes follow
        self._question = LastQuestion(words)
        self._piece = (-99, "")  # line and digits of the customer's last number
        self._card_line = -99  # where one was told to its end
        self._paid_line = -99  # where a card's number was said
        self._pending: list[tuple[Line, Run]] = []
        self._taken: list[tuple[int, int]] = []

    def feed(self, lines: Sequence[TranscriptLine]) -> list[Said]:
        """Read lines in order and return what was found."""
        hints, telling, echoing, behind, read = skim(lines, self.words)
        memory = self._memory
        expected = bool(self._slots.all())
        for number, (line, hint) in enumerate(zip(lines, hints, strict=True), 1):
            if not line.text:
                continue
            if (
                expected
                or number in telling
                or ((memory.numbers or memory.dates) and number in echoing)
                or (memory.words and memory.has_words_in(line.text))
            ):
                self._read(read.get(number) or parsed(number, line, hint, self.words), hint)
            elif telling:
                self._pass(number, line, hint, behind=number in behind)
        return self.found

    def _pass(self, number: int, line: TranscriptLine, hint: int, *, behind: bool) -> None:
        """Let slots fade with a line that is not read. `behind`: it follows a number."""
        if is_nod(line.text):
            return
        words = line.text.count(" ") + 1
        agent = line.role == "agent"
        self._slots.pass_by(agent=agent, words=words)
        if agent:
            self._question.passed(number, line.text, hint, behind=behind)
            if words > _NEAR:
                self._last = _NOTHING

    def expect(self, hint: str) -> None:
        """Open slots by the name of a field ("Card number"), before its value is fed."""
        kept = self.words.names.get(hint)
        if kept is None:
            line = read_line(0, "agent", hint, self.words)
            kept = self.words.names[hint] = (line.parts, signs_of(line, cues_of(line), []))
        line, signs = Line(0, "agent", hint, kept[0]), kept[1]
        last = max((sign.last for sign in signs), default=0)
        # "Customer phone" is a phone: what comes last says what it is.
        signs = [sign for sign in signs if sign.weight >= 1 or sign.last == last]
        self._slots.open(line, [sign._replace(weight=1.0, says=False) for sign in signs], [])

    def expected(self) -> frozenset[str]:
        """Return the kinds that are expected."""
        return frozenset(slot.kind for slot in self._slots.all())

    def expects_name(self) -> bool:
        """Return whether a name is expected, and no number."""
        return {slot.kind for slot in self._slots.all()} <= {"name", "account"} and (
            self._slots.get("name", least=_STRONG) is not None
        )

    def _read(self, said: Parsed, hint: int) -> None:
        self._taken = []
        line, runs, signs, nod = said
        if nod:
            return
        if speaks_of(signs, "expiry") and not self._pays(line, signs):
            signs = [sign for sign in signs if sign.kind != "expiry" or sign.weight >= _CLEAR]
        if line.agent and self._last.kind:
            signs = of_the_number(line, signs, self._last.kind)
        if hint & (AT | FIGURES):
            self._forms(line, signs)
        self._dates(line, signs)
        if hint & AT:
            self._emails(line, signs)
        if line.agent:
            signs = without_confirming(line, signs, self.words) if runs else signs
            self._echoes(line, of_a_thing=speaks_of(signs, "no"))
            self._confirmed(line, signs)
            if speaks_of(signs, "password"):
                self._answers(line, signs, runs, ("password",))
            marked = bool(runs) and self._numbers(line, signs, runs)
            if self._taken:  # what is confirmed may be corrected
                again = {
                    said.kind for said in self.found if said.line == line.number and said.why == CONFIRMED
                }
                signs = [*signs, *(Sign(0, 0, kind, 0.8, says=False) for kind in again)]
        else:
            marked = self._answers(line, signs, runs, ("password",))
            numbered = [sign for sign in signs if sign.kind != "password"] if self._taken else signs
            marked = (bool(runs) and self._numbers(line, numbered, runs)) or marked
            marked = self._answers(line, signs, runs, ("name", "address")) or marked
        if self.blunt:
            self._bluntly(line, runs)
        if not marked or signs:
            self._slots.fade(line, signs)
        if line.agent and not marked and (len(line.parts) > _NEAR or asks_other(signs, self._last.kind)):
            self._last = _NOTHING
        if line.agent and self._card_was_told(line):  # "turn the card round" asks for what else is on it
            others = any(sign.kind not in (*HARMLESS, "card") for sign in signs)
            signs = [
                sign._replace(weight=_TOLD_CARD * sign.weight) if others and sign.kind == "card" else sign
                for sign in signs
            ]
        self._slots.open(line, signs, runs)
        told = self._slots.get("card") if self._card_line == line.number else None
        if told is not None:
            told.weight *= _TOLD_CARD
        if line.agent:
            self._question.read(line, signs)

    def _pays(self, line: Line, signs: Sequence[Sign]) -> bool:
        """Return whether a card is spoken of: "the date" may be a flight's otherwise."""
        paying = line.number - self._paid_line <= _PAYING or self._slots.get("card") is not None
        return paying or any(sign.kind in ("card", "cvv", "last4") for sign in signs)

    # --- marks ---------------------------------------------------------------------------------------------

    def _mark(self, line: Line, begin: int, end: int, kind: str, item: int, sure: str, why: str) -> None:
        self.found.append(Said(line.number, begin, end, kind, item, sure, why))
        self._taken.append((begin, end))

    def _mark_new(self, line: Line, begin: int, end: int, kind: str, sure: str, why: str) -> None:
        self._mark(line, begin, end, kind, self._slots.new_item(), sure, why)

    def _free(self, begin: int, end: int) -> bool:
        return not any(b < end and begin < e for b, e in self._taken)

    def _mark_run(self, line: Line, run: Run, verdict: _Verdict) -> None:
        for begin, end in run.pieces_in(line):
            whole = written_around(line, begin, end) if verdict.kind in ("pin", "password") else None
            if whole is not None:
                (begin, end), verdict = whole, verdict._replace(kind="password")
            self._mark(line, begin, end, verdict.kind, verdict.item, verdict.sure, verdict.why)
        if run.digits + run.letters >= 2:
            for reading in run.readings:
                self._memory.numbers[reading] = verdict.kind
        if verdict.kind == "card":
            self._paid_line = line.number

    # --- forms and words -----------------------------------------------------------------------------------

    def _forms(self, line: Line, signs: Sequence[Sign]) -> None:
        text = line.text
        if "@" in text and not (line.agent and speaks_of(signs, "our")):
            firms = line.agent and not (is_yours(line) or self._email_is_known(line))
            for one in (*EMAIL.finditer(text), *HANDLE.finditer(text)):
                if is_firms_email(one[0], agent=firms):
                    continue
                self._mark_new(line, one.start(), one.end(), "email", "form", "an email address")
        if may_be_id(text) and not speaks_of(signs, "no"):
            for begin, end in find_ibans(text):
                self._mark_new(line, begin, end, "bank", "checked", "an IBAN with right check digits")
            for begin, end in find_ids(text):
                self._mark_new(line, begin, end, "national_id", "checked", "written as a national id")

    def _emails(self, line: Line, signs: Sequence[Sign]) -> None:
        if line.agent and speaks_of(signs, "our"):
            return
        slot = self._slots.get("email", least=_ENOUGH)
        asked = slot is not None or speaks_of(signs, "email")
        for part in emails_in_words(line, asked=asked):
            firms = line.agent and not (is_yours(line) or self._email_is_known(line))
            if is_firms_email(line.text[part.begin : part.end], agent=firms):
                continue
            if self._free(part.begin, part.end):
                item = slot.item if slot is not None and not line.agent else self._slots.new_item()
                self._mark(line, part.begin, part.end, "email", item, "form", "an email address in words")

    def _email_is_known(self, line: Line) -> bool:
        """Return whether an email address was asked for or told, or the line asks whether it is right."""
        told = any(said.kind == "email" for said in self.found)
        return told or self._slots.get("email") is not None or asks_to_confirm(line, self.words)

    def _dates(self, line: Line, signs: Sequence[Sign]) -> None:
        for kind in _DATES if signs or self._slots.all() else ():
            here = any(sign.kind == kind and sign.weight >= 1 for sign in signs)
            slot = None if line.agent else self._slots.get(kind, least=_ENOUGH)
            if not here and slot is None:
                continue
            whole = False
            for part, count, month in dates(line):
                fits = is_date_of(kind, line, part, count, month=month, asked=slot is not None, more=whole)
                if fits and self._free(part.begin, part.end):
                    whole = True
                    item = slot.item if slot is not None else self._slots.new_item()
                    self._mark(line, part.begin, part.end, kind, item, "context", _why(slot, here=here))
                    if not line.agent:
                        self._memory.dates.append((kind, words_of_date(line, part)))
                    if slot is not None:
                        slot.weight *= 0.5

    def _answers(self, line: Line, signs: Sequence[Sign], runs: Sequence[Run], kinds: Sequence[str]) -> bool:
        """Mark answers in words: to what was asked in lines above, or announced in this one."""
        marked = False
        for kind in kinds if self._slots.in_words() else ():
            slot = self._slots.get(kind, least=_ENOUGH)
            if slot is not None and slot.certain and slot.weight < _STRONG:
                slot = None  # the talk has moved on
            if slot is not None and slot.words and line.number - slot.line <= _ANSWER_WITHIN:
                marked = self._answer(line, slot, signs, runs) or marked
        for sign in signs:
            part = announced(line, sign) if sign.kind in kinds else None
            if part is not None and (sign.kind == "address" or self._free(part.begin, part.end)):
                why = "announced in the same line"
                self._mark_new(line, part.begin, part.end, sign.kind, "context", why)
                self._remember(line, part, sign.kind)
        return marked

    def _answer(self, line: Line, slot: Slot, signs: Sequence[Sign], runs: Sequence[Run]) -> bool:
        here = [said for said in self.found if said.line == line.number]
        parts = answer_parts(line, slot, signs, runs, here)
        for part in parts:
            if slot.kind == "address" or kinds_at(here, line.number, part.begin, part.end) <= {slot.kind}:
                self._mark(line, part.begin, part.end, slot.kind, slot.item, "context", _why(slot))
                self._remember(line, part, slot.kind)
        if parts:
            slot.words = slot.kind == "address" and count_words(line, parts) <= 2
            slot.weight *= 0.7
        return bool(parts)

    def _remember(self, line: Line, part: Part, kind: str) -> None:
        if part.end - part.begin >= _KEPT:
            self._memory.words[line.text[part.begin : part.end].lower()] = kind
        if kind == "address":
            self._memory.words.update((piece, kind) for piece in pieces_of_place(line, part))
        if kind == "name":
            self._memory.words.update((piece, kind) for piece in pieces_of_name(line, part))

    def _echoes(self, line: Line, *, of_a_thing: bool) -> None:
        """Mark what a customer said in words, and dates, where the agent repeats it."""
        said = self._memory
        for begin, end, kind in (*words_again(line, said.words), *dates_again(line, said.dates, of_a_thing)):
            if self._free(begin, end):
                self._mark_new(line, begin, end, kind, "context", "said before")

    def _confirmed(self, line: Line, signs: Sequence[Sign]) -> None:
        """Mark an address that an agent asks to confirm."""
        if speaks_of(signs, "our") or speaks_of(signs, "no"):
            return
        part = confirmed_address(line, self.words)
        if part is not None and self._free(part.begin, part.end):
            self._mark_new(line, part.begin, part.end, "address", "form", CONFIRMED)
            self._remember(line, part, "address")

    # --- numbers -------------------------------------------------------------------------------------------

    def _numbers(self, line: Line, signs: Sequence[Sign], runs: Sequence[Run]) -> bool:
        marked = False
        for at, run in enumerate(runs):
            if self._taken and not self._free(run.begin, run.end):
                marked = True
                continue
            verdict = self._judge(line, signs, runs, at)
            if verdict.kind in HARMLESS:
                self._memory.harmless.update(run.readings)
                self._pending = []
            elif verdict.kind:
                self._take(line, run, verdict)
                marked = True
                if verdict.sure == "form" and not line.agent:
                    self._wait(line, runs, run)
            elif self._wait(line, runs, run):
                marked = True
            elif line.agent and run.digits > _KEPT:
                self._memory.harmless.update(run.readings)
        if runs and not marked and not line.agent and any(run.digits > 2 for run in runs):
            self._last = _NOTHING
        return marked

    def _take(self, line: Line, run: Run, verdict: _Verdict) -> None:
        one = line.agent or (verdict.kind != "card" and fit(verdict.kind, run) >= _WHOLE)
        card = verdict.kind == "card" or self._card_was_told(line)
        parts = [] if one else parted(run, [*self._open_kinds(), verdict.kind], card=card)
        if parts:
            for kind, part in parts:
                slot = self._slots.get(kind)
                item = verdict.item if kind == verdict.kind or slot is None else slot.item
                self._mark_run(line, part, verdict._replace(kind=kind, item=item))
                self._slots.fill(kind, part)
        else:
            self._mark_run(line, run, verdict)
            if not line.agent:
                self._slots.fill(verdict.kind, run)
        if not line.agent:
            self._last = verdict
            if not parts:
                self._memory.add(verdict.item, run.counted, verdict.kind)
            self._piece = (line.number, run.code)
            slot = self._slots.get("card")
            told = run if not parts else parts[0][1]
            if verdict.kind == "card" and (
                is_card_run(told) or (slot is not None and slot.filled >= _WHOLE_CARD)
            ):
                self._last = _NOTHING
                self._card_line = line.number

    def _card_was_told(self, line: Line) -> bool:
        return line.number - self._paid_line <= _ANSWER_WITHIN

    def _open_kinds(self) -> list[str]:
        return [slot.kind for slot in self._slots.all() if slot.weight >= _ENOUGH]

    def _wait(self, line: Line, runs: Sequence[Run], run: Run) -> bool:
        """Keep a number that nothing was said about, until its other parts show that it is a card's."""
        if (
            run.amount
            or run.clock
            or run.letters
            or run.digits < 2
            or (line.agent and not is_bare(line, runs))
        ):
            return False
        self._pending = [
            *(one for one in self._pending if line.number - one[0].number <= _PIECES),
            (line, run),
        ]
        parts = [(said, one) for said, one in self._pending if said.role == line.role]
        if len(parts) < 2 or not is_card("".join(one.counted for _, one in parts)):
            return False
        item = self._slots.new_item()
        for said, one in parts:
            self._mark_run(
                said, one, _Verdict("card", "checked", "its parts have a card's check digit", item)
            )
        self._pending = []
        return True

    def _judge(self, line: Line, signs: Sequence[Sign], runs: Sequence[Run], at: int) -> _Verdict:
        """Return what a number is."""
        run = runs[at]
        if is_pronoun(line, run):
            return _NOTHING
        counted = run.amount or run.clock
        dated = is_date(line.text[run.begin : run.end])
        scores, here = scores_of(line, signs, runs, at, self._slots, self._last.kind)
        harmless = max((scores.pop(kind, 0.0) for kind in HARMLESS), default=0.0)
        known = next(filter(None, map(self._memory.kind_of, run.readings)), "")
        if line.agent and not counted and self._repeats_piece(line, runs, run):
            known = self._last.kind
        if known and line.agent and not counted:
            return _Verdict(known, "context", "repeats what was said before", self._slots.new_item())
        if self._memory.is_harmless(run.code) and not here - set(HARMLESS):
            return _Verdict("no")
        if kind := self._behind_card(line, runs, at, here):
            return _Verdict(kind, "context", "right after a card number", self._slots.new_item())
        piece = not counted and not line.agent and is_pure(line, runs)
        bare = is_bare(line, runs) or (at + 1 < len(runs) and runs[at + 1].after_undo)
        best, score = "", 0.0
        for kind, weight in scores.items():
            if line.agent and kind in _TOLD and not is_yours(line):
                continue
            slot = self._slots.get(kind)
            if slot is not None and slot.words and slot.certain and kind not in here and not piece:
                continue  # it is a part of an answer in words
            value = (
                weight
                * fit(kind, run, slot.filled if slot is not None else 0, piece=piece)
                * (_AMOUNT if counted or (dated and kind in _LONG) else 1.0)
            )
            if run.digits + run.letters <= _FEW and kind in _LONG and not bare:
                value *= _IN_PASSING
            elif not bare and kind not in here and counts_a_thing(line, run):
                value *= _OF_A_THING
            value += 0.01 * (_SPECIFIC.index(kind) + 1) if value and kind in _SPECIFIC else 0.0
            if value > score:
                best, score = kind, value
        if score >= _ENOUGH and score >= harmless and (not line.agent or score >= _STRONG):
            slot = None if best in here else self._slots.get(best)
            sure = "checked" if best == "card" and is_card_run(run) else "context"
            if slot is None and best not in here and self._last.kind == best and sure != "checked":
                return self._last._replace(why="continues the line before")
            item = slot.item if slot is not None else self._slots.new_item()
            short = not signs or len(line.parts) <= _NEAR
            if not line.agent and self._last.kind == best and best in here and short:
                item = self._last.item
            return _Verdict(best, sure, _why(slot, here=best in here), item)
        parts = (
            [] if line.agent or counted else parted(run, self._open_kinds(), card=self._card_was_told(line))
        )
        if parts:
            return _Verdict(
                parts[0][0], "context", _why(self._slots.get(parts[0][0])), self._slots.new_item()
            )
        if harmless >= (_STRONG if is_card_run(run) else 0.3):
            return _Verdict("no" if run.digits + run.letters > 2 else "")
        return _NOTHING if counted else self._by_form(line, signs, runs, run, known)

    def _behind_card(self, line: Line, runs: Sequence[Run], at: int, here: set[str]) -> str:
        """Return the kind of an expiry date or a code that follows a card's number in its line ("and 08/27 and 317")."""
        told = self._paid_line == line.number and any(run.digits >= _SHORTEST_CARD for run in runs[:at])
        if not told or here - {"card", *HARMLESS}:
            return ""
        if not follows(line, runs[at - 1], runs[at]):
            return ""
        return "" if counts_a_thing(line, runs[at]) else kind_behind_card(runs[at])

    def _repeats_piece(self, line: Line, runs: Sequence[Run], run: Run) -> bool:
        """Return whether an agent's line is nothing but the digits that the customer said right before."""
        number, code = self._piece
        near = line.number - number <= _REPEATS_WITHIN
        return bool(self._last.kind) and code == run.code and near and is_pure(line, runs)

    def _by_form(
        self, line: Line, signs: Sequence[Sign], runs: Sequence[Run], run: Run, known: str
    ) -> _Verdict:
        """Return what a number is of which nothing was said."""
        new = self._slots.new_item
        if line.agent:
            heard = self._last.kind or ("card" if run.digits >= _KEPT and self._card_was_told(line) else "")
            if heard and run.digits > 1 and self._memory.resembles(run.code, heard):
                # What the customer says next may correct it ("no, six seven").
                self._last = _Verdict(
                    heard, "context", "repeats what was said before, with a difference", new()
                )
                return self._last
            if is_card_run(run):
                return _Verdict("card", "checked", "a card's length and check digit", new())
            kind = "" if speaks_of(signs, "our") else confirmed_number(line, run, self.words)
            return _Verdict(kind, "form", CONFIRMED, new()) if kind else _NOTHING
        if known:
            return _Verdict(known, "context", "repeats what was said before", new())
        if run.letters:
            return _NOTHING
        if found := by_form(line, run, self.words.languages):
            return _Verdict(*found, new())
        if not is_bare(line, runs):
            return _NOTHING
        if self._last.kind:
            return self._last._replace(why="continues the line before")
        paying = line.number - self._paid_line <= _PAYING
        if kind := self._question.answered(
            line, run, card=self._card_line, paying=paying, known=self._memory.kind_of
        ):
            return _Verdict(kind, "form", f"the whole answer to line {self._question.line}", new())
        if is_date(line.text[run.begin : run.end]) and self._question.of_a_thing():
            return _NOTHING
        found = long_number(run)
        return _Verdict(*found, new()) if found else _NOTHING

    def _bluntly(self, line: Line, runs: Sequence[Run]) -> None:
        for run in runs:
            if run.digits > 2 and self._free(run.begin, run.end):
                verdict = _Verdict("account", "form", "three digits or more", self._slots.new_item())
                self._mark_run(line, run, verdict)


def _why(slot: Slot | None, *, here: bool = False) -> str:
    return "announced in the same line" if here or slot is None else f"asked for in line {slot.line}"
