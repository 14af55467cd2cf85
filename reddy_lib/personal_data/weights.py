"""How strongly the words of a line speak of each kind of data.

A noun alone ("card", "order") is a weak sign. With a word for numbers beside it ("card number", "la commande numéro"), or a
number right behind it, it is a strong one. An unknown noun before "number" names a thing, unless it is "your … number".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reddy_lib.personal_data.cues import HARMLESS, Cue
from reddy_lib.personal_data.number_words import word_set
from reddy_lib.personal_data.runs import Run
from reddy_lib.personal_data.tokens import Line
from reddy_lib.personal_data.vocabulary import Word

__all__ = ["Sign", "asks_other", "is_yours", "of_the_number", "signs_after", "signs_of", "speaks_of"]

_YOURS = word_set(
    "your ihre ihrer ihr ihren deine votre vos ta su sus tu sua seu teu suo tua uw je jouw din dit deres"
)
_NUMBERS = word_set(
    "imei isbn ean upc vin serial barcode barcodes tracking track pnr rma sku localizador localisateur"
)
_SPELLED = 2  # tokens: "i m e i"
_OF = word_set("of for de del da do des du d di dell della vom von der des van")
_OF_OR_ON = _OF | word_set("on in at auf bei zu sur en na no su sulla sul nel nella op bij aan pa")
_DATED = ("birth_date", "expiry")
_PLAIN = word_set(
    "long full whole correct right new same best first second last next other which what one two three four five six seven "
    "eight nine ten big small little short phone four-digit whole actual exact main following only old current direct "
    "ganze genaue richtige lange bon long complet completo entero certo inteiro giusto hele juiste gleiche"
)
_BESIDE = 3  # tokens
_BEHIND = 6  # tokens between a number and the words after it that say what it is
_AND = frozenset(("and", "und", "et", "y", "e", "en", "og"))
_QUANTITY = 0.8
_OF_A_QUANTITY = 0.4  # what is left of the weight of a noun in "how much is on the card"
_CLEAR = 0.6
_SHORT = 6  # words of a line that says nothing else


class Sign(NamedTuple):
    """A cue with what the words around it make of it."""

    first: int
    last: int
    kind: str
    weight: float
    says: bool


def signs_of(line: Line, cues: list[Cue], numbers: list[int]) -> list[Sign]:
    """Return the signs of a line. `numbers`: the tokens at which its numbers begin."""
    # "Call …" is said of the number of the one who says it.
    own = "our" if line.agent else "phone"
    if any(cue.kind == "call" for cue in cues):
        cues = [cue._replace(kind=own) if cue.kind == "call" else cue for cue in cues]
    counts = [cue for cue in cues if cue.kind == "what"]
    nouns = [cue for cue in cues if cue.kind not in ("what", "many")]
    dated = any(cue.kind in _DATED for cue in nouns)  # "how long is it valid" asks for a date
    quantities = [cue for cue in cues if cue.kind == "many" and not dated]
    signs: list[Sign] = []
    boosted = {_nearest(line, one, nouns): one for one in counts}
    for at, cue in enumerate(nouns):
        if cue.weight < 1 and any(
            cue.first <= count.first <= cue.last and owner not in (at, -1) for owner, count in boosted.items()
        ):
            continue  # "code" in "colour code": the noun before it says what it is
        weight = cue.weight
        counted = (
            at in boosted or _speaks_of_numbers(line, cue) or line.parts[cue.first].word.plain in _NUMBERS
        )
        counted = counted or cue.last - cue.first > _SPELLED
        announces = any(0 <= number - cue.last - 1 <= _BESIDE for number in numbers)
        if cue.kind == "no":
            weight = (max(weight, 0.9) if announces else weight) if counted or announces else 0.55 * weight
        elif weight < 1 and (counted or announces):
            weight += 0.4
        of_a_thing = cue.kind not in HARMLESS and _belongs_to_thing(line, nouns, at)
        if (quantities and cue.kind not in HARMLESS and not (counted or announces)) or of_a_thing:
            weight *= _OF_A_QUANTITY
        signs.append(Sign(cue.first, cue.last, cue.kind, weight, cue.says))
    signs += [Sign(cue.first, cue.last, "no", _QUANTITY, False) for cue in quantities]
    if any(sign.kind == "cvv" and not _counts(line, sign) for sign in signs):
        signs = [_on_the_back(line, sign) for sign in signs]
    if line.agent and not numbers and len(signs) > 1:
        signs = [_in_list(line, signs, at) for at in range(len(signs))]
    if counts and -1 in boosted:
        signs.append(_unknown(line, boosted[-1]))
    if (
        line.agent
        and len(signs) == 1
        and len(line.parts) <= _SHORT
        and not numbers
        and signs[0].weight >= 0.5
        and signs[0].kind != "expiry"  # "the date" may be any
    ):
        signs = (
            [signs[0]._replace(weight=max(1.0, signs[0].weight))] if signs[0].kind not in HARMLESS else signs
        )
    return signs


def _belongs_to_thing(line: Line, nouns: list[Cue], at: int) -> bool:
    """Return whether a weak cue says only of what, or where, a thing is ("the balance on the card")."""
    cue, before = nouns[at], nouns[at - 1] if at else None
    if cue.weight >= 1 or before is None or before.kind != "no":
        return False
    between = [token.word for token in line.parts[before.last + 1 : cue.first]]
    return all(word.small for word in between) and any(word.plain in _OF_OR_ON for word in between)


def _in_list(line: Line, signs: list[Sign], at: int) -> Sign:
    """Return a sign. A weak one counts as a question in a list with a strong one ("name, date of birth and postcode")."""
    sign = signs[at]
    if sign.kind not in _ANSWERED_IN_WORDS or not _MAY_ASK <= sign.weight < 1:
        return sign
    for one, other in ((at - 1, at), (at, at + 1)):
        beside = signs[one if other == at else other] if one >= 0 and other < len(signs) else None
        if beside is None or beside.weight < 1 or beside.kind in HARMLESS or beside.kind == sign.kind:
            continue
        between = line.parts[signs[one].last + 1 : signs[other].first]
        parted = any(token.text in _LISTED or token.word.plain in _AND for token in between)
        if parted and all(
            token.text in _LISTED or token.word.plain in _AND or token.word.small for token in between
        ):
            return sign._replace(weight=_ASKS)
    return sign


_ANSWERED_IN_WORDS = frozenset(("name", "address"))
_LISTED = frozenset(",;/&+")
_MAY_ASK, _ASKS = 0.45, 0.8


def _on_the_back(line: Line, sign: Sign) -> Sign:
    """Return the sign; "the last bit", where a line is about the back of a card, asks for its security code."""
    return sign if sign.kind != "last4" or _counts(line, sign) else sign._replace(kind="cvv")


def of_the_number(line: Line, signs: Sequence[Sign], kind: str) -> list[Sign]:
    """Return the signs of an agent's line right after a number; "the last bit again" asks for the end of that number.

    `kind`: of the number.
    """
    return [
        sign._replace(kind=kind) if sign.kind == "last4" and not _counts(line, sign) else sign
        for sign in signs
    ]


def _counts(line: Line, sign: Sign) -> bool:
    """Return whether a sign says how many digits are meant."""
    tokens = line.parts[sign.first : sign.last + 1]
    return any(token.word.value is not None or token.text.isdigit() for token in tokens)


def _speaks_of_numbers(line: Line, cue: Cue) -> bool:
    return any(token.word.counts for token in line.parts[cue.first : cue.last + 1])


def _nearest(line: Line, count: Cue, nouns: list[Cue]) -> int:
    """Return which noun a word for numbers belongs to: the one before it, or after "number of the", -1 if none is near."""
    best, least = -1, 99
    for at, cue in enumerate(nouns):
        if cue.kind == "our":
            continue
        if cue.first <= count.first <= cue.last:
            # Part of the phrase itself, or the same word: it adds nothing.
            gap = 0 if cue.weight >= 1 else 99
        elif cue.last < count.first:
            gap = sum(1 for token in line.parts[cue.last + 1 : count.first] if not token.word.small)
        else:
            gap = sum(1 for token in line.parts[count.last + 1 : cue.first] if not token.word.small) + 1
        if gap < least:
            best, least = at, gap
    return best if least <= _BESIDE else -1


def _unknown(line: Line, count: Cue) -> Sign:
    """Return what "the … number" announces, of a noun that is in no list."""
    tokens = line.parts
    yours = any(token.word.plain in _YOURS for token in tokens[max(0, count.first - 4) : count.first])
    noun = ""
    before = tokens[count.first - 1] if count.first else None
    if before is not None and before.text.isalpha() and len(before.text) > 2 and _is_noun(before.word):
        noun = before.text
    if not noun:
        behind = [token for token in tokens[count.last + 1 : count.last + 5] if token.text.isalnum()]
        if behind and behind[0].word.plain in _OF:
            rest = [token for token in behind[1:] if not token.word.small]
            if rest and len(rest[0].text) > 3 and _is_noun(rest[0].word):
                noun = rest[0].text
    compound = len(tokens[count.first].text) > 8 and tokens[count.first].word.plain.endswith(
        ("nummer", "code", "kode", "koden")
    )
    if (noun or compound) and not yours:
        return Sign(count.first, count.last, "no", 0.6, False)
    if noun or compound:
        return Sign(count.first, count.last, "account", 0.8, False)
    return Sign(count.first, count.last, "what", 0.5, False)


def _is_noun(word: Word) -> bool:
    return not (
        word.small or word.skip or word.filler or word.nod or word.value is not None or word.phrases or word.plain in _PLAIN
        or word.ordinal or word.month
    )  # fmt: skip


def is_yours(line: Line) -> bool:
    """Return whether a line speaks to somebody of what is theirs."""
    return any(token.word.plain in _YOURS for token in line.parts)


def signs_after(line: Line, signs: Sequence[Sign], run: Run, following: int, *, last: bool) -> Iterator[Sign]:
    """Yield signs behind a number that speak of it ("836 on the back"), and not of the next."""
    for sign in signs:
        if not (run.last < sign.first <= run.last + _BEHIND and sign.last < following) or sign.kind == "what":
            continue
        between = line.parts[run.last + 1 : sign.first]
        ends = any(token.text in ".?!;" and not token.glued for token in between[1:])
        if (
            not ends
            and not (between and between[0].word.plain in _AND)
            and (last or following - sign.last > 4)
        ):
            yield sign


def speaks_of(signs: Sequence[Sign], kind: str) -> bool:
    """Return whether a line has a sign of this kind, however weak."""
    return kind in [sign.kind for sign in signs]


def asks_other(signs: Sequence[Sign], kind: str) -> bool:
    """Return whether signs speak clearly of something else than a kind."""
    return any(sign.weight >= _CLEAR and sign.kind not in (kind, "what") for sign in signs)
