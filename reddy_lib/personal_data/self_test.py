"""Measure the finder on real conversations: plant made-up personal data in copies of them, and count what is found.

Each item is asked for and answered as people do: in words or figures, with a carrier ("it is …"), split over turns, with
nods and echoes in between, in the language of the conversation. Nothing of it is stored: the copies live as long as the
test.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from reddy_lib.html_tables import html_table
from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.finding import find_personal_data
from reddy_lib.personal_data.languages import guess_languages
from reddy_lib.personal_data.said import KINDS, TITLES, Said
from reddy_lib.personal_data.spoken_forms import COUNTED, STYLES, spoken_date, spoken_digits, spoken_email
from reddy_lib.plurals import agreeing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PLANTED", "FinderTest", "Missed", "self_test"]

PLANTED = ("card", "cvv", "expiry", "pin", "bank", "phone", "email", "birth_date", "account", "last4")
"""The kinds that are planted."""

_BEFORE, _AFTER = 30, 8  # lines of the conversation around what is planted
_CARRIERS = {
    "en": ("", "It's ", "Yes, it is ", "Sure, "), "de": ("", "Das ist ", "Ja, "), "fr": ("", "C'est le ", "Oui, "),
    "es": ("", "Es el ", "Sí, "), "pt": ("", "É o ", "Sim, "), "it": ("", "È ", "Sì, "), "nl": ("", "Dat is ", "Ja, "),
    "da": ("", "Det er ", "Ja, "),
}  # fmt: skip
_NODS = {
    "en": ("Okay.", "Uh-huh.", "Go on."), "de": ("Ja.", "Mhm.", "Okay."), "fr": ("Oui.", "D'accord."),
    "es": ("Sí.", "Vale."), "pt": ("Sim.", "Certo."), "it": ("Sì.", "Va bene."), "nl": ("Ja.", "Oké."),
    "da": ("Ja.", "Okay."),
}  # fmt: skip
_PHONES = {
    "en": "07700900",
    "de": "0151",
    "fr": "06",
    "es": "6",
    "pt": "91",
    "it": "333",
    "nl": "06",
    "da": "",
}
_PHONE_DIGITS = {"en": 11, "de": 11, "fr": 10, "es": 9, "pt": 9, "it": 10, "nl": 10, "da": 8}
_NAMES = ("jo.lane", "maria.keller", "tom_berger", "ines.costa", "a.larsen", "paul.weber82")
_LENGTHS = {"cvv": (3, 3), "pin": (4, 6), "bank": (8, 10), "account": (7, 10), "last4": (4, 4)}
_COUNTABLE = 4  # digits
_SPLIT = 0.35  # of long items
_ECHO = 0.3


class Missed(NamedTuple):
    """An item that was not found, or not all of it. `form`: how it was said; `turns`: the made-up words, by turn."""

    kind: str
    language: str
    form: str
    turns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{TITLES[self.kind]} ({self.language}, {self.form}): {' / '.join(self.turns)}"


class FinderTest(NamedTuple):
    """How much of what was planted was found. `planted`, `found`: kind → items."""

    planted: dict[str, int]
    found: dict[str, int]
    missed: list[Missed]
    conversations: int
    seed: int

    @property
    def share(self) -> float:
        """The share of all items that was found, from 0 to 1."""
        return sum(self.found.values()) / max(1, sum(self.planted.values()))

    def __repr__(self) -> str:
        kinds = ", ".join(
            f"{100 * self.found[kind] / count:.1f}% of {TITLES[kind]}s"
            for kind, count in self.planted.items()
        )
        return f"<FinderTest · {sum(self.planted.values()):,} planted · finds {kinds or 'nothing'}>"

    def _repr_html_(self) -> str:
        lines = [
            [TITLES[kind], f"{count:,}", f"{100 * self.found[kind] / count:.1f}%"]
            for kind, count in self.planted.items()
        ]
        below = (
            agreeing(len(self.missed), "was missed", "were missed") + ": .missed lists them."
            if self.missed
            else "None was missed."
        )
        return html_table("What the finder finds here", ["kind", "planted", "found"], lines, below)

    def table(self) -> pd.DataFrame:
        """Return one row a kind: kind (its title), planted, found (numbers of items), share (0 to 1)."""
        import pandas as pd

        rows = [
            (TITLES[kind], count, self.found[kind], self.found[kind] / count)
            for kind, count in self.planted.items()
        ]
        return pd.DataFrame(rows, columns=["kind", "planted", "found", "share"])


class _Item(NamedTuple):
    """Turns to plant, and which characters of them have to be found: (turn, begin, end)."""

    kind: str
    language: str
    form: str
    turns: list[TranscriptLine]
    spans: list[tuple[int, int, int]]


def self_test(
    conversations: Sequence[Sequence[TranscriptLine]],
    *,
    items: int = 500,
    seed: int = 7,
    find: Callable[[Sequence[TranscriptLine]], Sequence[Said]] = find_personal_data,
    on_progress: Callable[[int], object] | None = None,
) -> FinderTest:
    """Plant items in copies of conversations, one in a copy, and count what is found. The same seed plants the same.

    Args:
        items: how many to plant, the kinds in turn.
        find: the finder.
        on_progress: called with the number of items that were looked for.

    Raises ValueError: no conversation has a line, or `items` is not positive.
    """
    real = [lines for lines in conversations if any(line.text.strip() for line in lines)]
    if not real or items < 1:
        raise ValueError("There is nothing to test with: no call has a transcript, or items is not positive.")
    drawn = random.Random(seed)
    languages: dict[int, str] = {}
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    missed: list[Missed] = []
    for number in range(items):
        at = drawn.randrange(len(real))
        lines = real[at]
        if at not in languages:
            languages[at] = guess_languages([line.text for line in lines])[0]
        item = _item(PLANTED[number % len(PLANTED)], languages[at], drawn)
        place = drawn.randrange(len(lines) + 1)
        before = list(lines[max(0, place - _BEFORE) : place])
        copy = [*before, *item.turns, *lines[place : place + _AFTER]]
        planted[item.kind] += 1
        if _is_found(item, find(copy), len(before)):
            found[item.kind] += 1
        else:
            turns = tuple(line.text for line in item.turns)
            missed.append(Missed(item.kind, item.language, item.form, turns))
        if on_progress is not None:
            on_progress(number + 1)
    order = [kind for kind in KINDS if planted[kind]]
    return FinderTest(
        {kind: planted[kind] for kind in order},
        {kind: found[kind] for kind in order},
        missed,
        len(real),
        seed,
    )


def _is_found(item: _Item, said: Sequence[Said], before: int) -> bool:
    """Return whether every letter and digit of an item is marked, as whatever kind."""
    marked: dict[int, set[int]] = {}
    for one in said:
        marked.setdefault(one.line - 1 - before, set()).update(range(one.begin, one.end))
    return all(
        at in marked.get(turn, ())
        for turn, begin, end in item.spans
        for at in range(begin, end)
        if item.turns[turn].text[at].isalnum()
    )


def _item(kind: str, language: str, drawn: random.Random) -> _Item:
    turns = [TranscriptLine("agent", drawn.choice(_questions()[language, kind]))]
    spans: list[tuple[int, int, int]] = []

    def say(role: str, words: str, carrier: str = "") -> None:
        spans.append((len(turns), len(carrier), len(carrier) + len(words)))
        turns.append(TranscriptLine(role, f"{carrier}{words}."))

    carrier = drawn.choice(_CARRIERS[language])
    if kind == "email":
        address = f"{drawn.choice(_NAMES)}@example.{drawn.choice(('com', 'net', 'org'))}"
        spoken = drawn.random() < 0.5
        say("customer", spoken_email(address, language) if spoken else address, carrier)
        form = "spoken" if spoken else "written"
    elif kind == "birth_date":
        date = dt.date(drawn.randint(1940, 2004), drawn.randint(1, 12), drawn.randint(1, 28))
        written = drawn.random() < 0.4
        say("customer", spoken_date(date, language, drawn, written=written), carrier)
        form = "written" if written else "spoken"
    else:
        form = _say_digits(_digits(kind, language, drawn), language, drawn, say, turns, carrier)
    return _Item(kind, language, form, turns, spans)


def _say_digits(
    digits: str,
    language: str,
    drawn: random.Random,
    say: Callable[..., None],
    turns: list[TranscriptLine],
    carrier: str,
) -> str:
    """Say a number in one turn or two, with a nod or an echo in between. Return how it is said."""
    countable = len(digits) <= _COUNTABLE and digits[0] != "0"
    style = drawn.choice((*STYLES, COUNTED) if countable else STYLES)
    form = {"single": "digit by digit", "pairs": "in pairs", "doubled": "with doubled digits",
            "hundreds": "in hundreds", "mixed": "in mixed forms", "figures": "in figures",
            COUNTED: "as one number"}[style]  # fmt: skip
    if len(digits) >= 7 and drawn.random() < _SPLIT:
        at = drawn.randint(3, len(digits) - 3)
        say("customer", spoken_digits(digits[:at], language, style, drawn), carrier)
        if drawn.random() < _ECHO:
            say("agent", spoken_digits(digits[:at], language, style, drawn))
            form += ", with an echo"
        else:
            turns.append(TranscriptLine("agent", drawn.choice(_NODS[language])))
        say("customer", spoken_digits(digits[at:], language, style, drawn))
        return f"{form}, over two turns"
    say("customer", spoken_digits(digits, language, style, drawn), carrier)
    if drawn.random() < _ECHO:
        say("agent", spoken_digits(digits, language, style, drawn))
        form += ", with an echo"
    return form


def _digits(kind: str, language: str, drawn: random.Random) -> str:
    if kind == "card":
        digits = [4, *(drawn.randrange(10) for _ in range(14))]
        # Every second digit counts twice, and the last one makes the sum of all digits a multiple of ten.
        total = sum(sum(divmod(digit * (2 - at % 2), 10)) for at, digit in enumerate(digits))
        return "".join(map(str, digits)) + str(-total % 10)
    if kind == "expiry":
        return f"{drawn.randint(1, 12):02}{drawn.randint(26, 33)}"
    if kind == "phone":
        start = _PHONES[language]
        length = _PHONE_DIGITS[language] - len(start)
        return start + str(drawn.randint(2, 9)) + "".join(str(drawn.randrange(10)) for _ in range(length - 1))
    least, most = _LENGTHS[kind]
    length = drawn.randint(least, most)
    return str(drawn.randint(1, 9)) + "".join(str(drawn.randrange(10)) for _ in range(length - 1))


@cache
def _questions() -> dict[tuple[str, str], tuple[str, ...]]:
    """Return (language, kind) → the questions."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    language = ""
    text = files("reddy_lib.personal_data").joinpath("planted_questions.txt").read_text("utf8")
    for line in text.splitlines():
        if line.startswith("["):
            language = line[1:-1]
        elif line and not line.startswith("#"):
            kind, _, question = line.partition(": ")
            found[language, kind] = (*found.get((language, kind), ()), question)
    return found
