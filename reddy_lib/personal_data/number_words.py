"""Number words of eight languages: the one table from which numbers are recognised and spoken.

Each language has words for 0 to 99 (built from its own rules), for hundreds and thousands, and further words that stand for
a digit in speech ("oh", "zwo", "meia"). `compound` reads numbers that are written as one word
("neunzehnhundertachtzig").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

__all__ = [
    "LANGUAGES",
    "MILLION",
    "NumberWords",
    "compound",
    "homophones",
    "number_words",
    "plain",
    "word_set",
    "words_below_100",
]

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "da")

_TO_19 = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
    "siebzehn achtzehn neunzehn",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete "
    "dezoito dezenove",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici "
    "diciassette diciotto diciannove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien "
    "achttien negentien",
    "da": "nul en to tre fire fem seks syv otte ni ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "fr": "vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "da": "tyve tredive fyrre halvtreds tres halvfjerds firs halvfems",
}
# More words for a digit, as people say them. Homophones of a speech recogniser are read only inside of a number.
_ALSO = {
    "en": {"oh": 0, "nought": 0, "naught": 0, "nil": 0, "zilch": 0},
    "de": {
        "zwo": 2,
        "ein": 1,
        "eine": 1,
        "fuenf": 5,
        "zwoelf": 12,
        "dreissig": 30,
        "fuffzig": 50,
        "fuffzehn": 15,
    },
    "fr": {
        "une": 1,
        "vingts": 20,
        "septante": 70,
        "huitante": 80,
        "octante": 80,
        "nonante": 90,
        "quatre-vingt": 80,
    },
    "es": {"un": 1, "una": 1, "dieciseis": 16, "cien": 100, "ciento": 100},
    "pt": {
        "uma": 1,
        "duas": 2,
        "meia": 6,
        "dezasseis": 16,
        "dezassete": 17,
        "dezanove": 19,
        "quatorze": 14,
        "cem": 100,
        "cento": 100,
    },
    "it": {"un": 1, "una": 1},
    "nl": {"één": 1, "eén": 1, "ene": 1, "zeuven": 7, "tweeën": 2},
    "da": {"et": 1, "halvtredsindstyve": 50},
}
_INSIDE = {
    "en": {
        "o": 0,
        "for": 4,
        "to": 2,
        "too": 2,
        "ate": 8,
        "won": 1,
        "tree": 3,
        "fife": 5,
        "niner": 9,
        "sex": 6,
    },
    "de": {"o": 0, "sex": 6},
    "fr": {"o": 0, "cette": 7, "set": 7, "cent": 100, "wit": 8},
    "es": {"o": 0},
    "pt": {"o": 0},
    "it": {"o": 0},
    "nl": {"o": 0},
    "da": {"o": 0},
}
MILLION = 1_000_000
"""A scale of the languages in which people count the number of an identity card."""

_HUNDRED = {
    "en": {"hundred": 100, "thousand": 1000},
    "de": {"hundert": 100, "tausend": 1000},
    "fr": {"cent": 100, "cents": 100, "mille": 1000, "mil": 1000, "million": MILLION, "millions": MILLION},
    "es": {"mil": 1000, "millón": MILLION, "millones": MILLION, "doscientos": 200, "trescientos": 300, "cuatrocientos": 400,
           "quinientos": 500, "seiscientos": 600, "setecientos": 700, "ochocientos": 800, "novecientos": 900},
    "pt": {"mil": 1000, "milhão": MILLION, "milhões": MILLION, "duzentos": 200, "trezentos": 300, "quatrocentos": 400,
           "quinhentos": 500, "seiscentos": 600, "setecentos": 700, "oitocentos": 800, "novecentos": 900},
    "it": {"cento": 100, "mille": 1000, "mila": 1000, "milione": MILLION, "milioni": MILLION},
    "nl": {"honderd": 100, "duizend": 1000},
    "da": {"hundrede": 100, "tusind": 1000, "tusinde": 1000},
}  # fmt: skip
_TIMES = {
    "en": {"double": 2, "triple": 3, "treble": 3, "quadruple": 4},
    "de": {"doppel": 2, "doppelte": 2, "zweimal": 2, "dreimal": 3, "viermal": 4, "dreifach": 3},
    "fr": {"double": 2, "triple": 3},
    "es": {"doble": 2, "triple": 3},
    "pt": {"duplo": 2, "dobro": 2, "triplo": 3},
    "it": {"doppio": 2, "triplo": 3, "doppia": 2},
    "nl": {"dubbel": 2, "dubbele": 2, "driemaal": 3, "tweemaal": 2},
    "da": {"dobbelt": 2},
}
_MARKS = re.compile("[\u0300-\u036f]+")
_RARE = re.compile(
    "[^\u0000-\u036f\u2010-\u2027\u20ac]"
)  # other signs than quotes and dashes: may be marks as well
_AND = {"de": "und", "nl": "en", "da": "og"}


class NumberWords(NamedTuple):
    """The number words of a language, all without accents and in lower case.

    `values`: word → number; `inside`: homophones that count only beside another number; `scales`: hundreds and
    thousands; `times`: "double" and the like.
    """

    values: dict[str, int]
    inside: dict[str, int]
    scales: dict[str, int]
    times: dict[str, int]


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text as a set: a list of words is easier to read and to change without quotes."""
    return frozenset(text.split())


def plain(word: str) -> str:
    """Return a word in lower case and without accents ("é" → "e", "ß" → "ss", "æ" → "ae"); its length may change."""
    if word.isascii():
        return word.lower()
    parts = _MARKS.sub("", unicodedata.normalize("NFKD", word.casefold()))
    if parts.isascii():
        return parts
    if _RARE.search(parts):
        parts = "".join(part for part in parts if not unicodedata.combining(part))
    return parts.replace("ø", "o").replace("æ", "ae")


@cache
def words_below_100(language: str) -> tuple[str, ...]:
    """Return the words for 0 to 99, as they are written."""
    ones, tens = _TO_19[language].split(), _TENS[language].split()
    return tuple(
        ones[number] if number < 20 else _composed(language, number, ones, tens) for number in range(100)
    )


def _composed(language: str, number: int, ones: list[str], tens: list[str]) -> str:
    ten, one = tens[number // 10 - 2], number % 10
    if language == "fr" and number // 10 in (7, 9):
        base = "soixante" if number < 80 else "quatre-vingt"
        return f"{base}-et-onze" if number == 71 else f"{base}-{ones[number - (60 if number < 80 else 80)]}"
    if not one:
        return ten
    if language == "fr":
        return (
            f"{ten.removesuffix('s')}-et-un"
            if one == 1 and number < 80
            else f"{ten.removesuffix('s')}-{ones[one]}"
        )
    if language in _AND:
        unit = {"eins": "ein"}.get(ones[one], ones[one])
        joint = "ën" if language == "nl" and unit.endswith("e") else _AND[language]
        return f"{unit}{joint}{ten}"
    if language == "it":
        return (ten[:-1] if one in (1, 8) else ten) + {3: "tré"}.get(one, ones[one])
    if language == "es" and number < 30:
        return "veinti" + {2: "dós", 3: "trés", 6: "séis"}.get(one, ones[one])
    if language == "es":
        return f"{ten} y {ones[one]}"
    return f"{ten} e {ones[one]}" if language == "pt" else f"{ten} {ones[one]}"


@cache
def number_words(language: str) -> NumberWords:
    """Return the number words of a language, to recognise them by."""
    values = {plain(word): number for number, word in enumerate(words_below_100(language)) if " " not in word}
    values |= {plain(word): number for word, number in _ALSO[language].items()}
    scales = {plain(word): number for word, number in _HUNDRED[language].items()}
    inside = {
        word: number
        for word, number in _INSIDE[language].items()
        if word not in values and word not in scales
    }
    return NumberWords(values, inside, scales, _TIMES[language])


def homophones() -> frozenset[str]:
    """Return the words of all languages that count as numbers beside another one."""
    return frozenset(word for words in _INSIDE.values() for word in words)


_SCALES = {
    "de": ("hundert", "tausend", "und"), "nl": ("honderd", "duizend", "en"), "da": ("hundrede", "tusind", "og"),
    "it": ("cento", "mila", ""),
}  # fmt: skip
"""Languages that write numbers in one word: hundred, thousand, and what may stand between them and the rest."""


def compound(word: str, language: str) -> int | None:
    """Return the number that a long word without accents spells ("neunzehnhundertachtzig"), or None."""
    if language not in _SCALES:
        return None
    hundred, thousand, link = _SCALES[language]
    values = number_words(language).values
    if language == "it" and word.startswith("mille"):
        return _with_rest(1000, word[5:], link, lambda rest: _in_hundreds(rest, values, hundred, link))
    head, scale, tail = word.partition(thousand)
    if scale and not (language == "it" and not head):
        count = _in_hundreds(head, values, hundred, link) if head else 1
        if count is not None:
            return _with_rest(
                1000 * count, tail, link, lambda rest: _in_hundreds(rest, values, hundred, link)
            )
    return _in_hundreds(word, values, hundred, link)


def _with_rest(base: int, tail: str, link: str, read: Callable[[str], int | None]) -> int | None:
    if not tail:
        return base
    rest = read(tail)
    if rest is None and link and tail.startswith(link):
        rest = read(tail.removeprefix(link))
    return None if rest is None else base + rest


def _in_hundreds(word: str, values: dict[str, int], hundred: str, link: str) -> int | None:
    """Return a number below 10,000 counted in hundreds ("neunzehnhundert…"), or None if the word is not one."""
    if word in values:
        return values[word]
    for stem in (hundred, hundred[:-1]) if hundred == "cento" else (hundred,):  # "centottanta"
        head, scale, tail = word.partition(stem)
        count = values.get(head) if head else 1
        if scale and count and (tail or stem == hundred):
            found = _with_rest(100 * count, tail, link, values.get)
            if found is not None:
                return found
    return None
