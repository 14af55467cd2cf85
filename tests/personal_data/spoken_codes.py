"""Scenes of codes as people say them, by language: ways to say digits × splits over turns × nods and echoes × questions.

Each scene has exact spans, and says what it is of: `kind` (what is asked), `form` (how the number is said) and `way` (how
it is split). Harmless scenes have the same numbers as counts, and questions that are not answered.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.number_words import words_below_100
from reddy_lib.personal_data.spoken_forms import spoken_cardinal, spoken_digits

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "da")
FORMS = ("digits", "doubled", "pairs", "cardinal", "digit and pair", "year", "figures", "spaced figures")
WAYS = ("whole", "filler", "nods", "echoes", "one by one")
KINDS = ("cvv", "pin", "expiry", "last4", "card", "card and code", "card, expiry, code", "account")

CARDS = ("4111111111111111", "5555555555554444", "4242424242424242", "5105105105105100", "4012888888881881")


class Span(NamedTuple):
    turn: int
    begin: int
    end: int
    kind: str


class Scene(NamedTuple):
    lang: str
    kind: str
    form: str
    way: str
    lines: list[TranscriptLine]
    spans: list[Span]


@cache
def words() -> dict[tuple[str, str], list[str]]:
    """Return (language, kind) → the sentences of spoken_codes.txt."""
    found: dict[tuple[str, str], list[str]] = {}
    lang = ""
    for line in Path(__file__).with_name("spoken_codes.txt").read_text("utf8").splitlines():
        if line.startswith("["):
            lang = line[1:3]
        elif line and not line.startswith("#"):
            kind, _, sentence = line.partition(": ")
            found.setdefault((lang, kind), []).append(sentence)
    return found


def said(digits: str, lang: str, form: str, rng: random.Random) -> list[str]:
    """Return the parts in which digits are said in a form; joined by blanks they are the number."""
    if form == "digits":
        return [spoken_digits(digit, lang, "single", rng) for digit in digits]
    if form == "doubled":
        return [spoken_digits(digits, lang, "doubled", rng)]
    if form == "pairs":
        return [spoken_digits(digits[at : at + 2], lang, "pairs", rng) for at in range(0, len(digits), 2)]
    if form == "digit and pair":
        head = len(digits) % 2
        pairs = [spoken_digits(digits[at : at + 2], lang, "pairs", rng) for at in range(head, len(digits), 2)]
        return [words_below_100(lang)[int(digits[0])], *pairs] if head else pairs
    if form == "cardinal":
        groups = [digits] if len(digits) <= 4 else [digits[at : at + 3] for at in range(0, len(digits), 3)]
        return [
            " ".join(spoken_digits(one, lang, "single", rng) for one in group)
            if group[0] == "0"
            else spoken_cardinal(int(group), lang)
            for group in groups
        ]
    if form == "year":
        return [_year(digits, lang)]
    if form == "spaced figures":
        return list(digits) if len(digits) < 8 else [digits[at : at + 4] for at in range(0, len(digits), 4)]
    return [digits]


def _year(digits: str, lang: str) -> str:
    below = words_below_100(lang)
    head, tail = int(digits[:2]), int(digits[2:])
    if lang == "en":
        return f"{below[head]} {below[tail]}" if tail > 9 else f"{below[head]} oh {below[tail]}"
    if lang == "de":
        return f"{below[head]}hundert{below[tail]}"
    if lang == "nl":
        return f"{below[head]}honderd{below[tail]}"
    if lang == "da":
        return f"{below[head]} hundrede og {below[tail]}"
    return spoken_cardinal(int(digits), lang)


def digits_of(kind: str, form: str, rng: random.Random) -> str:
    if form == "year":
        return f"19{rng.randint(11, 99)}"
    length = {"cvv": 3, "pin": rng.choice((4, 4, 6)), "last4": 4, "account": rng.choice((7, 8, 9))}[kind]
    return str(rng.randint(1, 9)) + "".join(rng.choice("0123456789") for _ in range(length - 1))


class _Turns:
    def __init__(self) -> None:
        self.lines: list[TranscriptLine] = []
        self.spans: list[Span] = []

    def say(self, role: str, text: str, marked: Sequence[tuple[str, str]] = (), typed: bool = False) -> None:
        """Add a turn; `marked`: (words in it, kind), in their order."""
        at = 0
        for part, kind in marked:
            at = text.index(part, at)
            self.spans.append(Span(len(self.lines) + 1, at, at + len(part), kind))
            at += len(part)
        self.lines.append(TranscriptLine(role, text))


def code(lang: str, kind: str, form: str, way: str, rng: random.Random) -> Scene:
    """Return a scene in which a code is asked for and told."""
    turns = _Turns()
    one_of: Callable[[str], str] = lambda name: rng.choice(words()[lang, name])  # noqa: E731
    turns.say("customer", one_of("plain"))
    if kind == "cvv" and rng.random() < 0.5:
        card = rng.choice(CARDS)
        turns.say("agent", one_of("card"))
        turns.say("customer", card, [(card, "card")])
    if kind.startswith("card"):
        _cards(turns, lang, kind, form, rng)
        turns.say("agent", one_of("plain"))
        return Scene(lang, kind, form, way, turns.lines, turns.spans)
    turns.say("agent", one_of(kind))
    if kind == "expiry":
        month, year = rng.randint(1, 12), rng.randint(26, 33)
        parts = [f"{month:02}/{year}"] if "figures" in form else [
            spoken_digits(f"{month:02}", lang, "pairs", rng), spoken_digits(str(year), lang, "pairs", rng)]  # fmt: skip
    else:
        parts = said(digits_of(kind, form, rng), lang, form, rng)
    carrier = one_of("carrier")
    if way in ("whole", "filler"):
        between = f" {one_of('filler')} " if way == "filler" else " "
        marks = [(" ".join(parts), kind)] if way == "whole" else [(part, kind) for part in parts]
        turns.say("customer", carrier.format(between.join(parts)), marks)
    else:
        if way != "one by one" and len(parts) > 2:
            cut = rng.randint(1, len(parts) - 1)
            parts = [" ".join(parts[:cut]), " ".join(parts[cut:])]
        for at, part in enumerate(parts):
            text = carrier.format(part) if not at and not carrier.startswith("{} ") else part
            turns.say("customer", text, [(part, kind)])
            if way == "echoes" or (way == "one by one" and rng.random() < 0.3):
                turns.say("agent", part, [(part, kind)])
            else:
                turns.say("agent", one_of("nod"))
    turns.say("agent", one_of("plain"))
    return Scene(lang, kind, form, way, turns.lines, turns.spans)


def _cards(turns: _Turns, lang: str, kind: str, form: str, rng: random.Random) -> None:
    if rng.random() < 0.7:
        turns.say("agent", rng.choice(words()[lang, "card"]))
    card, cvv = rng.choice(CARDS), str(rng.randint(100, 999))
    expiry = f"{rng.randint(1, 12):02}{rng.randint(26, 33)}"
    if "figures" in form:
        shown = " ".join(card[at : at + 4] for at in range(0, 16, 4)) if form == "spaced figures" else card
        written = rng.choice(
            (f"{expiry[:2]}/{expiry[2:]}", f"{expiry[:2]} {expiry[2:]}", f"{expiry[:2]}/20{expiry[2:]}")
        )
        join = rng.choice((" ", ", ", " - "))
        parts = [(shown, "card"), (written, "expiry"), (cvv, "cvv")]
    else:
        join = " "
        style = "single" if form in ("digits", "cardinal", "year", "digit and pair") else "pairs"
        short = form if form in ("digits", "cardinal", "digit and pair") else "digits"
        parts = [(spoken_digits(card, lang, style, rng), "card"),
                 (spoken_digits(expiry, lang, "pairs", rng), "expiry"),
                 (" ".join(said(cvv, lang, short, rng)), "cvv")]  # fmt: skip
    if kind == "card and code":
        del parts[1]
    elif kind == "card":
        del parts[1:]
    turns.say(
        "customer",
        rng.choice(words()[lang, "carrier"][:3]).format(join.join(part for part, _ in parts)),
        parts,
    )


def harmless(lang: str, rng: random.Random) -> Scene:
    """Return a scene with numbers that nobody is known by."""
    turns = _Turns()
    one_of: Callable[[str], str] = lambda name: rng.choice(words()[lang, name])  # noqa: E731
    form = rng.choice(("digits", "pairs", "cardinal", "digit and pair", "figures"))
    number = str(rng.randint(101, 9999))
    told = " ".join(said(number, lang, form, rng))
    way = rng.choice(("count", "asked", "no", "count after"))
    turns.say("customer", one_of("plain"))
    if way == "count":
        turns.say(rng.choice(("agent", "customer")), one_of("count").format(told))
    elif way == "asked":
        turns.say("agent", one_of("asked"))
        turns.say("customer", told)
    elif way == "no":
        turns.say("agent", one_of(rng.choice(("cvv", "pin", "last4"))))
        turns.say("customer", one_of("no"))
    else:
        turns.say("agent", one_of(rng.choice(("cvv", "pin"))))
        turns.say("customer", one_of("no"))
        turns.say("agent", one_of("plain"))
        turns.say("customer", one_of("count").format(told))
    turns.say("agent", one_of("nod"))
    return Scene(lang, "harmless", form, way, turns.lines, [])


def fits(kind: str, form: str, way: str) -> bool:
    """Return whether a kind is said in this form and way."""
    if kind == "expiry":
        return form in ("pairs", "figures") and (form == "pairs" or way == "whole")
    if kind.startswith("card"):
        return way == "whole" and form not in ("doubled", "year")
    if form == "year":
        return kind in ("pin", "last4") and way == "whole"
    if form == "cardinal" and kind in ("cvv", "pin", "last4"):
        return way == "whole"
    if form in ("doubled", "figures"):
        return way == "whole"
    if way == "one by one":
        return form in ("digits", "digit and pair", "spaced figures") and kind in ("cvv", "pin", "last4")
    return True


def scenes(seed: int, each: int = 1) -> list[Scene]:
    """Return `each` scenes of every language, kind, form and way, and half as many harmless ones."""
    rng = random.Random(seed)
    found = [
        code(lang, kind, form, way, rng)
        for lang in LANGUAGES
        for kind in KINDS
        for form in FORMS
        for way in WAYS
        if fits(kind, form, way)
        for _ in range(each)
    ]
    return [*found, *(harmless(LANGUAGES[at % len(LANGUAGES)], rng) for at in range(len(found) // 2))]
