"""The words of slots: how people ask for personal data, and everything else a finder has to know about a word.

The words stand in `slot_words.txt`, by language. `vocabulary` reads those of the languages of a call into one table, in
which each word is looked up once and then kept.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import product
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from reddy_lib.personal_data.number_words import (
    LANGUAGES,
    NumberWords,
    compound,
    number_words,
    plain,
    word_set,
)
from reddy_lib.personal_data.spelling import letter_named

__all__ = [
    "ASKS",
    "AT",
    "COUNT",
    "CUE",
    "DIGITS",
    "DOT",
    "FIGURES",
    "IN_WORDS",
    "KEPT",
    "LANGUAGES",
    "LETTER",
    "LISTS",
    "LONG",
    "MOST_LINES",
    "NUMBER",
    "ONE",
    "ONES",
    "SAYS",
    "SPELLS",
    "SURE",
    "WORD",
    "Phrase",
    "Question",
    "Vocabulary",
    "Word",
    "Words",
    "slot_words",
    "vocabulary",
]

LISTS = ("small", "skip", "filler", "nod", "units", "months", "ordinals", "dating", "at", "dot", "undo",
          "streets", "person", "common", "copula", "linking", "writing")  # fmt: skip
_ATTRIBUTES = {
    "units": "unit",
    "months": "month",
    "ordinals": "ordinal",
    "streets": "street",
}  # others: as the list
_NATO = word_set(
    "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar papa quebec "
    "romeo sierra tango uniform victor whiskey whisky xray yankee zulu zed zee"
)
_COUNTING = ("num", "code", "kode", "codigo", "codice", "cod", "cifr", "digit")
_COUNTING_ENDS = ("nr", "id")  # of words that speak of numbers
_MOST_KEPT = 30_000  # words of calls: many calls have more words than memory should hold
_MOST_CHARACTERS = 800_000  # of lines whose tokens are remembered
MOST_LINES = 5_000
"""Lines that are remembered."""
_LONG_NAME = 4  # characters of a letter's name that is rarely heard where no letter is meant
_COMPOUND = 8  # characters: shorter number words are all in the table
_ABBREVIATION = re.compile(r"[bcdfghjklmnpqrstvwxz]{2,3}")
_COMPOUNDING = {"de", "nl", "it", "da"}
_MANY = 100  # digits: no number has more
_CARDINAL = 100  # one word that says as much as two digits: "achthundertsechs"


NUMBER, ASKS, CUE, AT, DOT, SAYS, ONE, FIGURES, SPELLS, LETTER, SURE, LONG, KEPT = (
    1 << bit for bit in range(13)
)
COUNT, ONES, DIGITS = 13, 25, 37
"""Bits above which a piece of a line has its numbers, how often it says "one", and how many digits it says."""

WORD = re.compile(r"[^\W\d_]+")
_FIGURE = re.compile(r"\d")
_COUNT_FIGURES = 2  # figures of a piece that is a count; a code may have letters between more of them
_COUNTED = re.compile(
    r"[^\w$€£¥]*(?:\d{1,2}:\d\d(?:[ap]m)?|[$€£¥]\d{1,3}(?:,?\d{3})?(?:\.\d\d)?|\d{1,2}(?:st|nd|rd|th)|\d{1,3}(?:[-–]\d{1,3})?%)[^\w%]*"
)  # a time of day, money, a day of a month, a share: never a part of somebody's number
_HESITATION = re.compile(r"[aeou]{1,2}h+m*|eu+h*|h+u?m+|m+h?m+")  # "uh", "ehm", "euh", "hmm", in any language

IN_WORDS = (
    "name",
    "password",
    "address",
    "email",
    "birth_date",
    "expiry",
)  # kinds whose answers may have no number


_Of = TypeVar("_Of")


_OF_THINGS = ("no", "our", "call", "many")  # kinds of numbers of things, and of the firm


class Phrase(NamedTuple):
    """Words that open a slot. `rest`: what follows the first word; `whole`: small words count."""

    rest: tuple[str, ...]
    kind: str
    weight: float
    whole: bool


class Word:
    """What is known about a word, or a sign. `value`: the number it says; `scale`: 100 or 1000; `times`: 2 for "double".

    Nothing is known about most words, so that what is common to them is kept once, by the class.
    """

    value: int | None = None
    inside: int | None = None
    scale = times = 0
    small = skip = filler = nod = unit = month = ordinal = dating = at = dot = undo = False
    street = person = common = copula = linking = writing = nato = letter = False
    named = ""  # the letter that it is a name of ("zed")
    abbreviation = False  # letters that are no word, which may begin a code ("xk four four one")
    weak = False  # says a number only beside another one, as "to" and "for"
    leads = False  # says a zero also at the beginning of a number: "o" is an article in some languages
    inert = False  # says no number and no letter
    phrases: tuple[Phrase, ...] = ()
    single: tuple[Phrase, ...] = ()  # phrases of one word
    longer: Mapping[str, tuple[Phrase, ...]] = MappingProxyType(
        {}
    )  # those that go on with an exact word, by that word
    open: tuple[Phrase, ...] = ()  # phrases that go on with any of several words

    def __init__(self, text: str) -> None:
        self.plain = text
        self.counts = any(part in text for part in _COUNTING) or text.endswith(_COUNTING_ENDS)
        self.says = text[:1].isalnum()  # a word or figures, and no sign
        self.live = self.says  # a number may begin with it
        if len(text) == 1 and text.isalpha() and text.isascii():
            self.letter = True
        if text in _NATO:
            self.nato = True


class _Patterns(Generic[_Of]):
    """What words say, and words with an open end or beginning, grouped so that a word is compared with few of them."""

    def __init__(self) -> None:
        self.exact: dict[str, list[_Of]] = defaultdict(list)
        self.prefix: dict[str, list[tuple[str, _Of]]] = defaultdict(list)
        self.suffix: dict[str, list[tuple[str, _Of]]] = defaultdict(list)

    def add(self, word: str, what: _Of) -> None:
        if word.startswith("*"):
            self.suffix[word[-2:]].append((word[1:], what))
        elif word.endswith("*"):
            self.prefix[word[:2]].append((word[:-1], what))
        else:
            self.exact[word].append(what)

    def of(self, word: str) -> Sequence[_Of]:
        """Return what is said of a word. It is for each new word of each call, and most are in none of the groups."""
        exact, begins, ends = self.exact.get(word), self.prefix.get(word[:2]), self.suffix.get(word[-2:])
        if begins is None and ends is None:
            return exact or ()
        found = list(exact or ())
        found += [what for start, what in begins or () if word.startswith(start)]
        found += [what for end, what in ends or () if len(word) > len(end) and word.endswith(end)]
        return found


class Vocabulary:
    """The words of some languages. Number words of the first language win over those of the others."""

    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)
        self.known: dict[str, Word] = {}  # lower-case word → what is known about it
        self._kept = 0  # characters of them
        self.names: dict[str, Any] = {}  # names of fields → their tokens and signs
        self.pieces: dict[
            str, Any
        ] = {}  # piece of a line between blanks → its tokens, see `tokens.read_line`
        self._phrases: _Patterns[Phrase] = _Patterns()
        self._keys: _Patterns[Phrase] = _Patterns()  # a phrase by its most telling word
        self.hints = _Hints(self)
        self.questions: dict[str, tuple[Question, ...]] = {}  # word → the questions that it may be a part of
        self.asked: dict[str, tuple[Question, ...]] = {}  # the same of a piece of a line, as it is written
        self.line_hints: dict[str, int] = {}  # lines that say no number, which many calls have → hint
        self.parsed: dict[
            tuple[str, bool], Any
        ] = {}  # the same, and whether an agent says it → what `parsing` made of it
        self.cues: dict[str, tuple[Question, ...]] = {}  # word → whatever it may be a part of
        self.confirming: dict[
            str, tuple[tuple[str, ...], ...]
        ] = {}  # first word → phrases that ask to confirm
        self.things: dict[str, tuple[Question, ...]] = {}  # the same of numbers of things
        self.persons: dict[str, tuple[Question, ...]] = {}  # and of people
        self._lists: _Patterns[str] = _Patterns()
        self._bits: _Patterns[int] = _Patterns()  # what words mean that are numbers, or parts of an address
        self._numbers = _first_of([number_words(language) for language in languages])
        self._small = frozenset(slot_words()[languages[0]].get("small", ()))
        for name in ("at", "dot"):  # whatever is spoken, an address is said with the words of any language
            for sections in slot_words().values():
                for entry in sections[name]:
                    self._lists.add(entry, name)
        for language in languages:
            own = set(slot_words()[language].get("small", ()))
            common = {
                entry
                for name in ("small", "skip", "words", "person", "common", "what", "nod")
                for entry in slot_words()[language].get(name, ())
            }
            for kind, entries in slot_words()[language].items():
                if kind == "words":  # they tell languages apart
                    continue
                if kind == "confirm":
                    for entry in entries:
                        said = tuple(entry.split())
                        self.confirming[said[0]] = (*self.confirming.get(said[0], ()), said)
                    continue
                if kind in LISTS:
                    for entry in entries:
                        self._lists.add(entry, kind)
                else:
                    self._add(kind, entries, own, common)
        self._add_bits()

    def _add_bits(self) -> None:
        """Keep what the words mean that say numbers, spell, or stand in addresses, as bits of a hint."""
        for name, bit in (("at", AT), ("dot", DOT), ("streets", NUMBER)):
            for sections in slot_words().values() if bit != NUMBER else map(slot_words().get, self.languages):
                for entry in (sections or {}).get(name, ()):
                    self._bits.add(entry, bit)
        for spelt in _NATO:
            self._bits.add(spelt, SPELLS)
        numbers = self._numbers
        for language in self.languages:
            own = number_words(language)
            for text in {**own.values, **own.scales, **own.times, **own.inside}:
                bare = self._bare(text)
                value = self._value_of(bare)
                if numbers.scales.get(bare) or numbers.times.get(bare) or value not in (None, 1):
                    self._bits.add(text, NUMBER)
                if value == 1 or self._leads(bare):
                    self._bits.add(text, ONE)

    def _value_of(self, bare: str) -> int | None:
        """Return the number that a word says."""
        value = self._numbers.values.get(bare)
        if value is None and len(bare) >= _COMPOUND and not self._numbers.scales.get(bare):
            return _compound(bare, self.languages)
        return value

    def _leads(self, bare: str) -> bool:
        """Return whether a word says a zero also at the beginning of a number."""
        return self._numbers.inside.get(bare) == 0 and bare not in self._small

    def _add(self, kind: str, entries: Sequence[str], small: set[str], common: set[str]) -> None:
        for entry in entries:
            whole = kind.startswith("in ") or kind in ("our", "call") or entry.startswith("=")
            entry = entry.removeprefix("=")
            said = entry.split()
            words = [word for word in said if whole or word not in small]
            if len(words) < 2 <= len(said):
                words, whole = said, True  # one word of it would say too little
            phrase = Phrase(
                tuple(words[1:]), kind.removesuffix("?"), 0.5 if kind.endswith("?") else 1.0, whole
            )
            self._phrases.add(words[0], phrase)
            key = max(words, key=lambda word: (word not in common, len(word)))
            self._keys.add(key, phrase._replace(rest=tuple(words)))

    def hint(self, text: str) -> int:
        """Return what the presence of a word in a line may mean, as the sum of `NUMBER`, `ASKS` and so on.

        Calls have many words of which nothing is known: no `Word` is made for them.
        """
        bare = self._bare(text)
        hint = LETTER if len(text) == 1 else 0
        for bit in self._bits.of(bare):
            hint |= bit
        if len(bare) >= _COMPOUND and not hint & NUMBER and _compound(bare, self.languages) not in (None, 1):
            hint |= NUMBER
        found = self._keys.of(bare)
        if not found:
            return hint
        asking = [one for one in found if one.weight >= 1 and one.kind in IN_WORDS]
        if asking:
            self.questions[text] = tuple({Question.of(phrase, text) for phrase in asking})
            hint |= ASKS | (SURE if any(len(one.rest) == 1 for one in asking) else 0)
        self.cues[text] = tuple({Question.of(phrase, text) for phrase in found})
        things = [phrase for phrase in found if phrase.kind in _OF_THINGS]
        if things:
            self.things[text] = tuple({Question.of(phrase, text) for phrase in things})
        if len(things) < len(found):
            persons = [phrase for phrase in found if phrase.kind not in _OF_THINGS]
            self.persons[text] = tuple({Question.of(phrase, text) for phrase in persons})
        return hint | CUE | (SAYS if any(one.kind.startswith("in ") for one in found) else 0)

    def _bare(self, text: str) -> str:
        return text if not text.isascii() and text in _accented() else plain(text)

    def confirms(self, spoken: Iterable[str]) -> list[tuple[int, int]]:
        """Return first and last place, in plain words, of each phrase that asks to confirm something."""
        words = list(spoken)
        if self.confirming.keys().isdisjoint(words):
            return []
        found: list[tuple[int, int]] = []
        for at, word in enumerate(words):
            for phrase in self.confirming.get(word, ()):
                if tuple(words[at : at + len(phrase)]) == phrase:
                    found.append((at, at + len(phrase) - 1))
        return found

    def keep_line(self, key: tuple[str, bool], parsed: Any) -> None:
        """Remember what `parsing` makes of a line, by its text and whether an agent says it."""
        self._kept += len(key[0])
        if self._kept > _MOST_CHARACTERS:
            self.parsed.clear()
            self._kept = len(key[0])
        self.parsed[key] = parsed

    def keep(self, piece: str, tokens: Any) -> None:
        """Remember the tokens of a piece."""
        if len(self.pieces) > _MOST_KEPT:
            self.pieces.clear()
        self.pieces[piece] = tokens

    def word(self, text: str) -> Word:
        """Return what is known about a word."""
        known = self.known.get(text)
        if known is None:
            if len(self.known) > _MOST_KEPT:
                self.known.clear()
            known = self.known[text] = self._look_up(text)
        return known

    def _look_up(self, text: str) -> Word:
        bare = self._bare(text)
        word = self.known.get(bare) if bare != text else None
        if word is not None:
            return word
        word = Word(bare)
        if bare.isdigit():
            return word
        word.value = self._value_of(bare)
        word.inside = self._numbers.inside.get(bare)
        word.scale = self._numbers.scales.get(bare, 0)
        word.times = self._numbers.times.get(bare, 0)
        word.named = letter_named(bare, self.languages)
        word.leads = self._leads(bare)
        lists, phrases = self._lists.of(bare), self._phrases.of(bare)
        for name in lists:
            setattr(word, _ATTRIBUTES.get(name, name), True)
        word.filler = word.filler or (word.value is None and _HESITATION.fullmatch(bare) is not None)
        word.abbreviation = _ABBREVIATION.fullmatch(bare) is not None and not (
            lists or phrases or word.counts or word.scale
        )
        word.inert = bare.isalpha() and not (
            word.abbreviation
            or word.value is not None
            or word.inside is not None
            or word.scale
            or word.times
            or word.letter
            or word.nato
            or _begins(word)
        )
        word.live = word.says and not word.inert
        word.weak = (word.abbreviation or word.inside is not None or _begins(word)) and not (
            word.value is not None or word.scale or word.times or word.letter or word.nato or word.leads
        )
        if phrases:
            word.phrases = tuple(phrases)
            word.single = tuple(phrase for phrase in phrases if not phrase.rest)
            word.open = tuple(phrase for phrase in phrases if phrase.rest and "*" in phrase.rest[0])
            longer: dict[str, tuple[Phrase, ...]] = {}
            for phrase in phrases:
                if phrase.rest and "*" not in phrase.rest[0]:
                    longer[phrase.rest[0]] = (*longer.get(phrase.rest[0], ()), phrase)
            word.longer = longer
        return word


def _begins(word: Word) -> bool:
    """Return whether a number may begin with the name of a letter ("equis uno dos"): a long one, and no other word."""
    return len(word.plain) >= _LONG_NAME and bool(word.named) and not (word.skip or word.small)


class Question(NamedTuple):
    """What a line has to have, to ask for something that words answer.

    `needed`: its words, or their beginnings. Those that the word by which it was found does not have come first, and of
    these the longest: most lines lack one of the first.
    """

    needed: tuple[str, ...]
    exact: frozenset[str]
    begins: tuple[str, ...]
    text: str

    @classmethod
    def of(cls, phrase: Phrase, word: str) -> Question:
        """Return what a line with this word has to have for a phrase."""
        exact = frozenset(word for word in phrase.rest if "*" not in word)
        begins = tuple(word.rstrip("*") for word in phrase.rest if word.endswith("*"))
        needed = tuple(sorted((*exact, *begins), key=lambda one: (one in word, -len(one))))
        return cls(needed, exact, begins, " ".join(phrase.rest) if phrase.whole and not begins else "")

    def is_in(self, line: Words) -> bool:
        """Return whether a line has all that is needed."""
        text = line.text
        for word in self.needed:
            if word not in text:
                return False
        every = line.every
        if not self.exact <= every or (self.text and self.text not in line.joined):
            return False
        return all(any(word.startswith(begin) for word in every) for begin in self.begins)


class Words:
    """The words of a line, in lower case and without accents; they are cut once, if they are asked for."""

    __slots__ = ("_every", "_joined", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._every: frozenset[str] | None = None
        self._joined = ""

    @property
    def every(self) -> frozenset[str]:
        if self._every is None:
            words = WORD.findall(self.text)
            self._every, self._joined = frozenset(words), " ".join(words)
        return self._every

    @property
    def joined(self) -> str:
        """The words with a blank between each; read `every` first."""
        return self._joined


class _Hints(dict[str, int]):
    """Piece of a line between blanks, in lower case → its hint, looked up once.

    Flags are in the low bits; above them is how many numbers it says (`COUNT`), how often "one" (`ONES`), and how many
    digits (`DIGITS`). Pieces with figures are looked up each time: they may be a customer's.
    """

    def __init__(self, words: Vocabulary) -> None:
        super().__init__()
        self._words = words

    def __missing__(self, piece: str) -> int:
        hint = numbers = ones = digits = 0
        asked: tuple[Question, ...] = ()
        for word in WORD.findall(piece):
            one = self._words.hint(word)
            asked += self._words.questions.get(word, ())
            hint |= one
            if one & NUMBER:
                known = self._words.word(word)
                numbers += 1 + ((known.value or 0) >= _CARDINAL)
                digits += len(str(known.value)) if known.value is not None else 2 * (not known.street)
            ones += one & ONE > 0
        if "@" in piece:
            hint |= AT | DOT
        if _FIGURE.search(piece):
            if _COUNTED.fullmatch(piece) is None:
                figures = len(_FIGURE.findall(piece))
                numbers += 2 if figures > _COUNT_FIGURES else 1
                digits += min(_MANY, figures)
            return hint | FIGURES | numbers << COUNT | ones << ONES | digits << DIGITS
        if len(self) > _MOST_KEPT:
            self.clear()
            self._words.asked.clear()
        if asked:
            self._words.asked[piece] = tuple(dict.fromkeys(asked))
        hint = self[piece] = hint | numbers << COUNT | ones << ONES | digits << DIGITS
        return hint


def _first_of(languages: Sequence[NumberWords]) -> NumberWords:
    """Return the number words of all these languages; where several have one, the first says what it is."""
    values: dict[str, int] = {}
    inside: dict[str, int] = {}
    scales: dict[str, int] = {}
    times: dict[str, int] = {}
    for one in reversed(languages):
        values |= one.values
        inside |= one.inside
        scales |= one.scales
        times |= one.times
    return NumberWords(values, inside, scales, times)


def _compound(word: str, languages: Sequence[str]) -> int | None:
    """Return the number that a long compound without accents spells ("neunzehnhundertachtzig"), or None."""
    for language in languages:
        if language in _COMPOUNDING:
            value = compound(word, language)
            if value is not None:
                return value
            if joined := _joined(word, number_words(language)):
                return int(joined)
    return None


def _joined(word: str, numbers: NumberWords) -> str:
    """Return the digits of number words written together ("negentien" + "zevenentachtig"), "" if it is something else."""
    for end in range(len(word) - 1, 2, -1):
        value = numbers.values.get(word[:end], numbers.scales.get(word[:end]))
        if value is None:
            continue
        rest = word[end:]
        after = numbers.values.get(rest, numbers.scales.get(rest))
        said = str(after) if after is not None else _joined(rest, numbers)
        if said:
            return str(value) + said
    return ""


@cache
def slot_words() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the words of `slot_words.txt`: language → kind → its words and phrases."""
    sections: dict[str, dict[str, tuple[str, ...]]] = {}
    language = ""
    for line in files("reddy_lib.personal_data").joinpath("slot_words.txt").read_text("utf8").splitlines():
        if line.startswith("["):
            language = line[1:-1]
            sections[language] = {}
        elif line and not line.startswith("#"):
            kind, _, entries = line.partition(":")
            parts = tuple(one for part in entries.split(",") for one in _alternatives(part.strip()) if one)
            sections[language][kind] = sections[language].get(kind, ()) + parts
    return sections


def _alternatives(entry: str) -> Iterator[str]:
    """Yield what an entry with alternatives in brackets, or an abbreviation, stands for."""
    if entry.startswith("^"):
        yield entry[1:]
        yield "=" + " ".join(entry[1:].rstrip("*"))
        return
    parts = (part.split("/") for part in re.split(r"[()]", entry))
    yield from map("".join, product(*parts))


@cache
def _accented() -> frozenset[str]:
    """Return the words of `slot_words.txt` that stand for themselves alone."""
    entries = (entry for sections in slot_words().values() for some in sections.values() for entry in some)
    return frozenset(word for entry in entries if not entry.isascii() for word in entry.split())


@cache
def vocabulary(languages: tuple[str, ...]) -> Vocabulary:
    """Return the words of these languages.

    Raises ValueError: a language that there are no words for.
    """
    for language in languages:
        if language not in LANGUAGES:
            raise ValueError(f"no words for the language {language!r}: choose from {', '.join(LANGUAGES)}")
    return Vocabulary(languages)
