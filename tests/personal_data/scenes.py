"""Scenes with known personal data, in the form of the open set: written by hand, or drawn from a grammar.

`python -m tests.personal_data.scenes FOLDER` writes them as JSON, each in two halves: `tune` to work with, `held` to
measure with.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data.spoken_forms import (
    STYLES,
    spoken_date,
    spoken_digits,
    spoken_email,
    spoken_letters,
)

HERE = Path(__file__).parent
HALVES = ("tune", "held")
_MARK = re.compile(r"\{([a-z_0-9]+)(?:\.(\d+))?:([^}]*)\}")
_ROLES = {"A": "agent", "C": "customer"}

Scene = dict[str, Any]


def scene(name: str, lang: str, style: str, marked: Iterable[tuple[str, str]], note: str = "") -> Scene:
    """Return a scene from turns in which personal data is marked as `{kind:words}`."""
    turns: list[list[str]] = []
    spans: list[dict[str, object]] = []
    items: dict[tuple[str, str], int] = {}
    for role, text in marked:
        plain, end = "", 0
        for one in _MARK.finditer(text):
            plain += text[end : one.start()]
            item = items.setdefault((one[1], one[2] or "1"), len(items))
            spans.append(
                {
                    "turn": len(turns),
                    "start": len(plain),
                    "end": len(plain) + len(one[3]),
                    "kind": one[1],
                    "item": item,
                }
            )
            plain += one[3]
            end = one.end()
        turns.append([role, plain + text[end:]])
    return {"id": name, "lang": lang, "style": style, "turns": turns, "spans": spans, "note": note}


def by_hand(half: str, file: str = "hand_scenes.txt") -> list[Scene]:
    """Return the scenes of a file, every second one."""
    found: list[Scene] = []
    for block in re.split(r"^== ", (HERE / file).read_text("utf8"), flags=re.M)[1:]:
        head, *lines = block.strip().splitlines()
        name, lang, style, note = re.fullmatch(r"(\S+) (\w\w) (\w+): (.*)", head).groups()
        turns = [(_ROLES[line[0]], line[3:]) for line in lines if line.strip()]
        found.append(scene(name, lang, style, turns, note))
    return found[HALVES.index(half) :: 2]


def grammar(half: str) -> dict[str, list[str]]:
    """Return the sentences of a half, by "language kind"."""
    rules: dict[str, list[str]] = {}
    name = ""
    for line in (HERE / "grammar.txt").read_text("utf8").splitlines():
        if line.startswith("["):
            name = line[1:-1]
            rules[name] = []
        elif line and not line.startswith("#"):
            rules[name].append(line)
    return {name: lines[HALVES.index(half) :: 2] for name, lines in rules.items()}


_NAMES = {
    "en": "rosalind achebe,peter maddox,sian pritchard,dwayne colley", "de": "hannelore kunz,emre aydin,jörg matthiesen",
    "fr": "solène bertrand,karim haddad,odile charpentier", "es": "inmaculada rico,jorge peralta,noa ibáñez",
    "pt": "conceição duarte,wesley pacheco,rita amaral", "nl": "marijke de wit,joost hendriks,fatma yilmaz",
    "it": "ornella fabbri,dario pellegrini,giulia sanna",
}  # fmt: skip
_STREETS = {
    "en": "{} larkspur lane", "de": "ulmenweg {}", "fr": "{} rue des lilas", "es": "calle mayor {}",
    "pt": "rua das flores {}", "nl": "kastanjelaan {}", "it": "via garibaldi {}",
}  # fmt: skip
_WORDS = {
    "en": "butterscotch,rumpelstiltskin,clementine", "de": "bernsteinzimmer,flocke", "fr": "ratatouille,pompon",
    "es": "mariposa,canela", "pt": "borboleta,paçoca", "nl": "pindakaas,snuffel", "it": "farfalla,briciola",
}  # fmt: skip
_LENGTHS = {"card": (16,), "cvv": (3,), "pin": (4, 6), "national_id": (9, 10, 11), "bank": (8, 10, 18),
            "account": (6, 8, 9), "last4": (4,)}  # fmt: skip
_PHONES = {
    "en": "07700900", "de": "0176448", "fr": "06399", "es": "65501", "pt": "91987", "nl": "06123", "it": "34712"
}  # fmt: skip
_PHONE_LENGTH = {"en": 11, "de": 11, "fr": 10, "es": 9, "pt": 11, "nl": 10, "it": 10}


def drawn(half: str, count: int, seed: int) -> list[Scene]:
    """Return scenes drawn from the grammar, three in four with personal data."""
    rules = grammar(half)
    rng = random.Random(f"{half} {seed}")
    languages = ["en"] * 4 + ["de", "fr", "es", "pt", "nl", "it"]
    return [_drawn(f"{half}-{seed}-{number}", rules, rng, rng.choice(languages)) for number in range(count)]


def _drawn(name: str, rules: Mapping[str, list[str]], rng: random.Random, lang: str) -> Scene:
    def say(kind: str) -> str:
        return rng.choice(rules[f"{lang} {kind}"])

    style = rng.choice(("asr", "asr", "typed"))
    turns = [("agent", say("hello")), ("customer", say("why"))]
    if rng.random() < 0.25:
        digits = _digits(rng, rng.choice((5, 7, 8, 10)))
        said = spoken_digits(digits, lang, "figures" if style == "typed" else rng.choice(STYLES), rng)
        told = say("harmless")
        ours = re.search(
            r"\b(us|your|i've|ihre|unsere|votre|notre|su|nuestro|seu|nossa|suo|nostro|uw|ons)\b", told
        )
        turns.append(("agent" if ours else rng.choice(("agent", "customer")), told.format(said)))
        turns.append(("agent" if turns[-1][0] == "customer" else "customer", say("nod")))
    else:
        kinds = [key.split()[2] for key in rules if key.startswith(f"{lang} ask")]
        for number, kind in enumerate(rng.sample(kinds, rng.choice((1, 1, 2, 3)))):
            turns += _asked(kind, number, lang, style, say, rng)
    turns.append(("agent", say("bye")))
    if style == "typed":
        turns = [
            (role, text[:1].upper() + text[1:] + ("" if text.endswith("}") else ".")) for role, text in turns
        ]
    return scene(name, lang, style, turns)


def _asked(
    kind: str, number: int, lang: str, style: str, say: Any, rng: random.Random
) -> list[tuple[str, str]]:
    """Return a question and its answer, perhaps in pieces with nods between, corrected, and read back."""
    turns = [("agent", say(f"ask {kind}"))]
    pieces = _answer(kind, lang, style, rng)
    mark = f"{kind}.{2 * number}"
    if len(pieces) > 1 and style == "asr" and rng.random() < 0.35:
        for at, piece in enumerate(pieces):
            turns.append(
                ("customer", say("say").format(f"{{{mark}:{piece}}}") if not at else f"{{{mark}:{piece}}}")
            )
            if at < len(pieces) - 1:
                turns.append(("agent", say("nod")))
    else:
        between = rng.choice((" ", " ", " um " if lang == "en" else " "))
        said = between.join(f"{{{mark}:{piece}}}" for piece in pieces)
        if kind in _LENGTHS and len(pieces) > 1 and rng.random() < 0.2:
            said = f"{{{mark}:{pieces[0]}}} {say('correct')} {said}"
        turns.append(("customer", say("say").format(said)))
    if rng.random() < 0.2 and kind in ("phone", "account", "last4", "card", "bank", "email"):
        echo = " ".join(pieces)
        turns.append(("agent", f"{{{kind}.{2 * number + 1}:{echo}}}"))
        turns.append(("customer", say("nod")))
    return turns


def _digits(rng: random.Random, length: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(length))


def _answer(kind: str, lang: str, style: str, rng: random.Random) -> list[str]:
    """Return what is said as pieces, without what stands around it."""
    said = "figures" if style == "typed" else rng.choice(STYLES[:5])
    if kind == "birth_date":
        date = dt.date(rng.randint(1940, 2008), rng.randint(1, 12), rng.randint(1, 28))
        return [spoken_date(date, lang, rng, written=style == "typed")]
    if kind == "expiry":
        month, year = rng.randint(1, 12), rng.randint(26, 33)
        if style == "typed":
            return [f"{month:02}/{year}"]
        return [spoken_digits(f"{month:02}{year}", lang, "pairs", rng)]
    if kind == "name":
        name = rng.choice(_NAMES[lang].split(","))
        return [name.title() if style == "typed" else name]
    if kind == "password":
        return [rng.choice(_WORDS[lang].split(","))]
    if kind == "address":
        house = spoken_digits(str(rng.randint(2, 98)), lang, "figures" if style == "typed" else "pairs", rng)
        return [_STREETS[lang].format(house)]
    if kind == "email":
        email = rng.choice(("rosie.vale@example.com", "t_brandt77@mail.example.org", "kunz@gmail.com"))
        return [email if style == "typed" else spoken_email(re.sub(r"\d", "", email), lang)]
    if kind == "phone":
        digits = (_PHONES[lang] + _digits(rng, 12))[: _PHONE_LENGTH[lang]]
    else:
        digits = ("4" if kind == "card" else "") + _digits(rng, rng.choice(_LENGTHS[kind]))
        digits = digits[:16]
    lettered = kind in ("account", "national_id") and rng.random() < 0.3
    length = 4 if kind == "card" else rng.choice((3, 4, 5)) if len(digits) > 6 else len(digits)
    groups = [digits[at : at + length] for at in range(0, len(digits), length)]
    if said == "figures" and kind != "card":
        groups = [digits]
    pieces = [spoken_digits(group, lang, said, rng) for group in groups]
    if lettered:
        letters = "".join(rng.choice("bkhmtw") for _ in range(2))
        pieces[0] = (
            f"{letters.upper()}{pieces[0]}"
            if style == "typed"
            else f"{spoken_letters(letters, rng)} {pieces[0]}"
        )
    return pieces


def lines_of(one: Scene) -> list[TranscriptLine]:
    """Return the turns of a scene as lines."""
    return [TranscriptLine(role, text) for role, text in one["turns"]]


def main(folder: str) -> None:
    """Write every set of scenes into a folder."""
    for half in HALVES:
        more = by_hand(half, "more_scenes.txt")
        for name, scenes in (("hand", by_hand(half)), ("more", more), ("drawn", drawn(half, 400, 1))):
            Path(folder, f"{name}_{half}.json").write_text(
                json.dumps({"scenes": scenes}, ensure_ascii=False), "utf8"
            )


if __name__ == "__main__":
    main(sys.argv[1])
