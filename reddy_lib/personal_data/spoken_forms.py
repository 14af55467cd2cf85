"""Say numbers, dates, letters and addresses as people say them on the telephone, in eight languages.

Used to make up items with which the finder is tested, on the open set and on a batch of one's own. Each function takes a
`random.Random`, so that what it says can be repeated.
"""

from __future__ import annotations

import datetime as dt
import random

from reddy_lib.personal_data.number_words import words_below_100

__all__ = [
    "COUNTED",
    "STYLES",
    "spoken_cardinal",
    "spoken_date",
    "spoken_digits",
    "spoken_email",
    "spoken_letters",
]

STYLES = ("single", "pairs", "doubled", "hundreds", "mixed", "figures")
"""How digits can be said: one by one, in pairs ("forty two"), "double two", "seven hundred", mixed, or as figures."""

COUNTED = "counted"
"""How short codes can be said as well: as one number ("seven hundred and forty two")."""

_DOUBLE = {
    "en": ("double", "triple"), "de": ("doppel", "dreimal"), "fr": ("double", "triple"), "es": ("doble", "triple"),
    "pt": ("duplo", "triplo"), "it": ("doppio", "triplo"), "nl": ("dubbel", "driemaal"), "da": ("dobbelt", ""),
}  # fmt: skip
_OH = {"en": ("oh", "o", "nought"), "de": ("null",), "pt": ("zero",), "fr": ("zéro",)}
_HUNDRED = {"en": "{} hundred", "de": "{}hundert", "fr": "{} cent", "nl": "{}honderd"}
_MONTHS = {
    "en": "january february march april may june july august september october november december",
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "da": "januar februar marts april maj juni juli august september oktober november december",
}
_OF = {"es": "de {} de", "pt": "de {} de", "en": "of {}"}
_ORDINALS = {1: "first", 2: "second", 3: "third", 5: "fifth", 8: "eighth", 9: "ninth", 12: "twelfth"}
_AT = {
    "en": ("at", "dot"), "de": ("at", "punkt"), "fr": ("arobase", "point"), "es": ("arroba", "punto"),
    "pt": ("arroba", "ponto"), "it": ("chiocciola", "punto"), "nl": ("apenstaartje", "punt"), "da": ("snabel a", "punktum"),
}  # fmt: skip
_ALPHABET = (
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo", "lima", "mike",
    "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey", "xray", "yankee",
    "zulu",
)  # fmt: skip


def spoken_digits(digits: str, language: str, style: str, rng: random.Random) -> str:
    """Return how digits are said. `style`: one of `STYLES`, or `COUNTED` for up to four digits."""
    if style == COUNTED:
        return spoken_cardinal(int(digits), language)
    if style == "figures":
        return digits
    if style == "mixed":
        said = []
        while digits:
            length = rng.randint(1, 4)
            said.append(spoken_digits(digits[:length], language, rng.choice(STYLES[:4] + STYLES[5:]), rng))
            digits = digits[length:]
        return " ".join(said)
    if style == "pairs":
        return " ".join(_pair(digits[at : at + 2], language, rng) for at in range(0, len(digits), 2))
    if style == "doubled":
        return _doubled(digits, language, rng)
    if style == "hundreds" and language in _HUNDRED:
        return _hundreds(digits, language, rng)
    return " ".join(_one(digit, language, rng) for digit in digits)


def _one(digit: str, language: str, rng: random.Random) -> str:
    if digit == "0" and language in _OH and rng.random() < 0.6:
        return rng.choice(_OH[language])
    return words_below_100(language)[int(digit)]


def _pair(pair: str, language: str, rng: random.Random) -> str:
    if len(pair) < 2 or pair[0] == "0":
        return " ".join(_one(digit, language, rng) for digit in pair)
    return words_below_100(language)[int(pair)]


def _doubled(digits: str, language: str, rng: random.Random) -> str:
    said = []
    at = 0
    while at < len(digits):
        same = 1
        while same < 3 and digits[at : at + same + 1] == digits[at] * (same + 1):
            same += 1
        times = ("", *_DOUBLE[language])[same - 1]
        said.append(
            f"{times} {_one(digits[at], language, rng)}" if times else _one(digits[at], language, rng)
        )
        at += same if times else 1
    return " ".join(said)


def _hundreds(digits: str, language: str, rng: random.Random) -> str:
    said = []
    at = 0
    while at < len(digits):
        if digits[at] != "0" and digits[at + 1 : at + 3] == "00" and digits[at : at + 1] not in "1":
            said.append(_HUNDRED[language].format(words_below_100(language)[int(digits[at])]))
            at += 3
        else:
            said.append(_one(digits[at], language, rng))
            at += 1
    return " ".join(said)


_HUNDREDS = {
    "es": "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos",
    "pt": "cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos",
}
_SCALE_WORDS = {
    "en": ("hundred", "thousand"), "de": ("hundert", "tausend"), "fr": ("cent", "mille"), "es": ("", "mil"),
    "pt": ("", "mil"), "it": ("cento", "mila"), "nl": ("honderd", "duizend"), "da": ("hundrede", "tusind"),
}  # fmt: skip
_WRITTEN_TOGETHER = frozenset(("de", "it", "nl"))
_LINKS = {"en": "and", "pt": "e", "da": "og"}
_COUNTED_ONE = {"en": "one", "de": "ein", "da": "et"}
"""Languages that say "one hundred"; the others say "hundred"."""


def spoken_cardinal(number: int, language: str) -> str:
    """Return a number from 0 to 9999 as it is counted ("eight hundred and thirty six")."""
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _below_1000(number, language)
    join = "" if language in _WRITTEN_TOGETHER else " "
    one = "mille" if language == "it" else _scaled(1, language, 1)
    said = one if thousands == 1 else _scaled(thousands, language, 1)
    if not rest:
        return said
    link = f"{_LINKS[language]} " if language in _LINKS and rest < 100 else ""
    return f"{said}{join}{link}{_below_1000(rest, language)}"


def _below_1000(number: int, language: str) -> str:
    hundreds, rest = divmod(number, 100)
    words = words_below_100(language)
    if not hundreds:
        return words[rest]
    if language in _HUNDREDS:
        said = _HUNDREDS[language].split()[hundreds - 1]
        if number == 100:
            return {"es": "cien", "pt": "cem"}[language]
    else:
        said = _scaled(hundreds, language, 0)
    if not rest:
        return said
    join = "" if language in _WRITTEN_TOGETHER else f" {_LINKS[language]} " if language in _LINKS else " "
    return f"{said}{join}{words[rest]}"


def _scaled(count: int, language: str, scale: int) -> str:
    word = _SCALE_WORDS[language][scale]
    if count == 1:
        one = _COUNTED_ONE.get(language, "")
        return f"{one}{'' if language in _WRITTEN_TOGETHER else ' '}{word}".strip()
    join = "" if language in _WRITTEN_TOGETHER else " "
    return f"{words_below_100(language)[count]}{join}{word}"


def spoken_date(date: dt.date, language: str, rng: random.Random, *, written: bool = False) -> str:
    """Return a date as it is said ("the third of may nineteen eighty one"), or typed if `written`."""
    month = _MONTHS[language].split()[date.month - 1]
    if written:
        return rng.choice(
            (
                date.strftime("%d/%m/%Y"),
                date.strftime("%d.%m.%Y"),
                date.isoformat(),
                f"{date.day} {month} {date.year}",
            )
        )
    words = words_below_100(language)
    day = words[date.day]
    year = words[date.year % 100] if date.year % 100 > 9 else f"{words[0]} {words[date.year % 100]}"
    if language == "en":
        day = _ordinal(date.day)
        return rng.choice(
            (
                f"{day} of {month} {words[date.year // 100]} {year}",
                f"{month} {day} {year}",
                f"{day} {month} {year}",
            )
        )
    joined = _OF.get(language, "{}").format(month)
    return f"{day} {joined} {year}"


def _ordinal(number: int) -> str:
    words = words_below_100("en")
    if number in _ORDINALS:
        return _ORDINALS[number]
    if number < 20:
        return words[number] + "th"
    ten, one = words[number - number % 10], number % 10
    return f"{ten} {_ordinal(one)}" if one else ten.removesuffix("y") + "ieth"


def spoken_letters(letters: str, rng: random.Random) -> str:
    """Return letters spelled: "b k", "bravo kilo" or "b for bravo", one way for all of them."""
    way = rng.choice(("{0}", "{1}", "{0} for {1}"))
    return " ".join(
        way.format(letter.lower(), _ALPHABET[ord(letter.lower()) - ord("a")]) for letter in letters
    )


def spoken_email(email: str, language: str) -> str:
    """Return an email address in words ("ann dot lee at mail dot com")."""
    at, dot = _AT[language]
    return (
        email.replace(".", f" {dot} ")
        .replace("@", f" {at} ")
        .replace("_", " underscore ")
        .replace("-", " dash ")
    )
