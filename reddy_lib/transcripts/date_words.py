"""Names of months and weekdays, and words for the halves of a day, in the languages of `date_words.tsv`.

The table is made from Unicode's CLDR by `data/make_date_words.py`. Words are compared without case, accents and dots, as
many systems write them without. What belongs to two months, depending on the language, is listed with both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Literal, NamedTuple

__all__ = ["FILLERS", "Half", "Lexicon", "fold_words", "lexicon", "month_of", "plain_text"]

Half = Literal["am", "pm", "noon", "night"]

_INVISIBLE = dict.fromkeys(
    [0x200B, 0x200E, 0x200F, 0x061C, 0xFEFF, 0x00AD, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
_LOOKALIKE = str.maketrans("−–—،", "---,", "")
_ACCENT = re.compile("[\u0300-\u036f\u064b-\u0655\u0670\u02bc]")
_LETTERS = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ي": "ی", "ك": "ک", "’": "'", "׳": "'", "״": '"'}
)
_MORE_MONTHS = {
    1: ("de", "jänner jän jaenner"), 2: ("de", "febr feber"), 3: ("de", "maerz mrz mrt"), 8: ("fr", "aout"),
    9: ("en es", "sept"), 10: ("it pt", "out"), 12: ("es pt", "dic"),
}  # fmt: skip
_MORE_HALVES: dict[str, Half] = {"a": "am", "p": "pm", "am": "am", "pm": "pm"}
_FILLERS_TEXT = """
at um om on of the de del dell di da do dia el la le les las los a al alle ore ora ca as kl klo kello klockan klokken
pukul jam o w u v ob uhr uur h hs hrs hr hour hours heure heures г р року рік года год roku rok roce m d gada gads g
ngay nam luc vao วนท วนที่ เวลา น นาฬิกา ปี คศ den saat saati orele ur s st nd rd th er e er. ª º ° в во о об у στις ωρα
ב בשעה الساعة في ساعت ساعة من ج den. tarih tanggal kell plkst val n et og und y i et. anul an godine sata god t
"""


class Lexicon(NamedTuple):
    """What words mean in dates.

    Attributes:
        months: folded word → {month: languages}.
        weekdays: folded word → weekday, Monday is 0; those of several words have their spaces.
        halves: folded word → half of the day.
        phrase_days: matches weekdays that are several words.
    """

    months: dict[str, dict[int, frozenset[str]]]
    weekdays: dict[str, int]
    halves: dict[str, Half]
    phrase_days: re.Pattern[str]


_OTHER_DIGIT = re.compile(r"(?![0-9])\d")


def plain_text(text: str) -> str:
    """Return a text with plain digits, spaces and dashes, without marks of writing direction."""
    if text.isascii():
        return " ".join(text.split())
    text = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).translate(_LOOKALIKE)
    text = _OTHER_DIGIT.sub(lambda digit: str(int(digit[0])), text)
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def fold_words(text: str) -> str:
    """Return a plain text as words are compared: without case and accents."""
    if text.isascii():
        return text.casefold()
    folded = _ACCENT.sub("", unicodedata.normalize("NFD", text.casefold()))
    return unicodedata.normalize("NFC", folded).translate(_LETTERS)


FILLERS = frozenset(map(fold_words, _FILLERS_TEXT.split()))
"""Words that may stand in a date and say nothing about it, folded: prepositions, "o'clock", "year"."""


def _folded(word: str) -> str:
    return fold_words(plain_text(word)).replace(".", "").replace("'", "")


def _lines() -> Iterator[tuple[str, str, str]]:
    table = files("reddy_lib.transcripts").joinpath("date_words.tsv").read_text(encoding="utf-8")
    for line in table.splitlines():
        language, _, rest = line.partition("\t")
        kind, _, words = rest.partition("\t")
        if words:
            yield language, kind, words


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Return the words of all languages, read once."""
    months: dict[str, dict[int, frozenset[str]]] = {}
    weekdays: dict[str, int] = {}
    halves: dict[str, Half] = {}
    for language, kind, words in _lines():
        if kind == "months":
            for number, names in enumerate(words.split("|"), start=1):
                for name in filter(None, map(_folded, names.split(","))):
                    meant = months.setdefault(name, {})
                    meant[number] = meant.get(number, frozenset()) | {language}
        elif kind == "days":
            for number, names in enumerate(words.split("|")):
                for name in filter(None, map(_folded, names.split(","))):
                    weekdays.setdefault(name, number)
        elif kind in ("am", "pm", "noon", "night"):
            for name in filter(None, map(_folded, words.split(","))):
                halves.setdefault(name, kind)  # type: ignore[arg-type]
    for number, (languages, names) in _MORE_MONTHS.items():
        for name in map(_folded, names.split()):
            meant = months.setdefault(name, {})
            meant[number] = meant.get(number, frozenset()) | frozenset(languages.split())
    halves.update(_MORE_HALVES)
    phrases = sorted((name for name in weekdays if " " in name or "-" in name), key=len, reverse=True)
    return Lexicon(months, weekdays, halves, re.compile("|".join(map(re.escape, phrases))))


@lru_cache(maxsize=512)
def month_of(word: str) -> int:
    """Return the month of a word that means one only; 0 if it means none or several."""
    meant = lexicon().months.get(fold_words(word.removesuffix(".")), {})
    return next(iter(meant)) if len(meant) == 1 else 0
