"""Find answers that are words: names, addresses, passwords, spoken email addresses and dates.

Each function looks at one line and returns characters of it, or tokens. Whether they were asked for, the caller knows.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from reddy_lib.personal_data.atoms import as_in
from reddy_lib.personal_data.number_words import word_set
from reddy_lib.personal_data.tokens import Line, Token

__all__ = [
    "Part",
    "answer_words",
    "count_words",
    "emails_in_words",
    "first_in_list",
    "is_copula",
    "is_name",
    "is_sentence",
    "is_street",
    "looks_like_address",
    "part_of",
    "place_after",
    "tokens_in",
    "words_after",
]

_SEPARATORS = word_set(
    "underscore dash hyphen minus tiret bas trait guion bajo traco underline unterstrich bindestrich streepje laag "
    "trattino basso _ - . plus score slash"
)
_PROVIDERS = word_set(
    "gmail hotmail yahoo outlook icloud gmx aol btinternet googlemail proton protonmail orange wanadoo laposte libero "
    "tiscali terra sapo uol bol ziggo kpnmail live msn me mail web freenet"
)
_ENDINGS = word_set("com net org de fr es pt it nl uk co br eu edu gov ie at ch be dk io info us")
_LEFT, _RIGHT = 9, 8  # tokens of a spoken address before and after "at"
_NAME_WORDS = 6
_PARTICLES = word_set(  # of family names
    "de la le du des del los las do da dos das di della dello degli dal van der den ter ten te von vom zu zum zur af av y e"
)
_MOST_PARTICLES = 3
_SPELLED = 3  # letters in a row, at least
_AND = frozenset(("y", "e", "et", "und", "og", "en", "and"))
_NAMED = word_set(  # what follows is the name of a pet or the like ("a dog called …")
    "called named heisst hiess genannt appelle appelait llama llamaba chama chamava chiama chiamava heet heette hedder hed"
)
_ALL = word_set("all alles tout toutes todo tudo tutto alt")
_IS = word_set("ea und : = ' ’")
_PLACE_TOKENS = 16
_MOST_OF_A_PLACE = 8  # words
_GAP = 2  # small words in a row that end an answer
_GAP_IN_A_PLACE = 3  # "avenida de la Constitución"


class Part(NamedTuple):
    """Characters `begin` to `end` of a line, and the tokens `first` to `last` that they are."""

    begin: int
    end: int
    first: int
    last: int


def part_of(tokens: Sequence[Token], first: int, last: int) -> Part:
    """Return the part of a line from one token to another."""
    return Part(tokens[first].begin, tokens[last].end, first, last)


def _is_word(token: Token) -> bool:
    return token.text[0].isalnum()


def answer_words(line: Line, kind: str, stop: int, without: Container[int]) -> list[Part]:
    """Return what a line says in answer to a question: its words without "it's", "um", "let me see" around them.

    `stop`: the token before which an answer ends; `without`: tokens that do not belong to it.
    """
    tokens = line.tokens
    parts: list[Part] = []
    first = last = -1
    skipped = 0
    place = kind == "address"
    gap = _GAP_IN_A_PLACE if place else _GAP
    remarks = _remarks(tokens)
    begin = 0
    if kind == "password":
        stop = min(stop, _end_before_writing(tokens[:stop]))
        begin = max((at + 1 for at in range(stop - 1) if tokens[at].word.plain in _NAMED), default=0)
    for index in range(begin, stop):
        token = tokens[index]
        if index in without or index in remarks:
            skipped = gap
            continue
        if place and first >= 0 and _speaks(tokens, index):
            break
        if not _is_word(token):
            if token.text in ".?!;" and first >= 0 and kind in ("name", "password") and not token.glued:
                break
            continue
        if (
            (_says_nothing(token, inside=first >= 0, kind=kind) and not _begins_spelling(tokens, index))
            or _is_moment(tokens, index)
            or (_is_cut_off(tokens, index) and not _is_told(tokens[index - 2]))
            or (not place and _is_pronoun(tokens, index))
        ):
            skipped += 1
            continue
        if first >= 0 and skipped >= gap:
            parts.append(part_of(tokens, first, last))
            first = -1
        if first < 0:
            first = index
        last, skipped = index, 0
    if first >= 0:
        parts.append(part_of(tokens, first, last))
    if place:
        return [_from_capitals(tokens, part, 0) for part in parts]
    inner = [part for part in (_without_links(tokens, part, kind) for part in parts) if part is not None]
    # Where all words are such as "still", one of them is the answer.
    return [_whole_words(line, part) if kind == "password" else part for part in inner or parts]


_BRACKETS = {"(": ")", "[": "]"}


def _remarks(tokens: Sequence[Token]) -> frozenset[int]:
    """Return the tokens in brackets that say nothing of a place, as in "(hold music)"."""
    found: set[int] = set()
    for index, token in enumerate(tokens):
        if index in found or token.text not in _BRACKETS:
            continue
        last = index
        while last < len(tokens) and tokens[last].text != _BRACKETS[token.text]:
            last += 1
        inside = tokens[index:last]
        if not any(one.word.street or one.text[0].isdigit() or one.word.value is not None for one in inside):
            found.update(range(index, last + 1))
    return frozenset(found)


def _speaks(tokens: Sequence[Token], index: int) -> bool:
    """Return whether a person is spoken of ("leeds i think"), and no letter of a postcode spelled ("i p four")."""
    after = tokens[index + 1].word if index + 1 < len(tokens) else None
    spelled = after is not None and (after.letter or after.value is not None)
    return tokens[index].word.person and not (tokens[index].word.letter and spelled)


def _begins_spelling(tokens: Sequence[Token], index: int) -> bool:
    """Return whether a letter that may be a word is the first of some that are spelled ("s i o b h a n")."""
    if not tokens[index].word.letter:
        return False
    rest = tokens[index : index + _SPELLED]
    return (
        len(rest) == _SPELLED and all(token.word.letter for token in rest) and not _is_cut_off(tokens, index)
    )


def _is_told(token: Token) -> bool:
    """Return whether a word before an apostrophe may be a part of an answer ("martha's"), unlike that of "it's"."""
    return not (token.word.small or token.word.skip)


def _is_pronoun(tokens: Sequence[Token], index: int) -> bool:
    """Return whether a letter is a pronoun ("i think it's …"), and none of those that are asked for ("i and k")."""
    word = tokens[index].word
    after = tokens[index + 1].word if index + 1 < len(tokens) else None
    return (
        word.letter
        and word.person
        and after is not None
        and (after.skip or after.common or after.linking)
        and not (after.letter or after.plain in _AND)
    )


def _end_before_writing(tokens: Sequence[Token]) -> int:
    """Return the token before which an answer ends because the rest of the line says how it is written ("all one word")."""
    end = len(tokens)
    first = strong = -1
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        word = token.word
        if word.writing:
            first = index
            strong = max(strong, index * (word.plain not in _ALL))
        elif _is_word(token) and not (word.small or word.letter or word.value is not None):
            break
    if first < 1 or strong < 1:
        return end
    while first and (tokens[first - 1].word.small or tokens[first - 1].word.value is not None):
        first -= 1
    before = tokens[:first]
    return first if any(_is_word(token) and not token.word.small for token in before) else end


def _from_capitals(tokens: Sequence[Token], part: Part, least: int) -> Part:
    """Return a place with the words before it that belong to its name by their capitals ("The Old" Barn).

    `least`: the first token that may be one.
    """
    first = part.first
    while first > least and not tokens[first].glued:
        before = tokens[first - 1]
        word = before.word
        if (
            not before.text[0].isupper()
            or before.text.isupper()
            or word.person
            or (word.nod and not word.small)
        ):
            break
        first -= 1
    return part if first == part.first else part_of(tokens, first, part.last)


def _without_links(tokens: Sequence[Token], part: Part, kind: str) -> Part | None:
    """Return a part without the words at both ends that only link it to what was asked ("was", "would be", "always").

    Returns None if no other word is in it.
    """
    first, last = part.first, part.last
    while first <= last and is_link(tokens[first], kind) and not _begins_spelling(tokens, first):
        first += 1
    while first < last and is_link(tokens[last], kind):
        last -= 1
    if first > last:
        return None
    return part if (first, last) == (part.first, part.last) else part_of(tokens, first, last)


def is_copula(token: Token) -> bool:
    """Return whether a word or sign right behind a noun says that what it names follows."""
    return token.word.copula or token.word.plain in _IS


def is_link(token: Token, kind: str) -> bool:
    """Return whether a word comes between what was asked and its answer: "is", and beside a password also "always"."""
    word = token.word
    if not _is_word(token):
        return True
    return word.copula or (kind == "password" and (word.linking or word.small) and not word.letter)


def is_sentence(line: Line, parts: Sequence[Part]) -> bool:
    """Return whether words are a part of a sentence ("i lost my card") and no answer of their own ("it's ann lee")."""
    for part in parts:
        before = line.tokens[part.first - 1] if part.first else None
        if before is not None and before.word.person:
            return True
        if any(token.word.common for token in line.tokens[part.first : part.last + 1]):
            return True
    return any(
        _is_word(token) and not (token.word.filler or token.word.nod or (spelled and _introduces(token)))
        for one, other in pairwise(parts)
        for spelled in [_is_spelled(line, other)]
        for token in line.tokens[one.last + 1 : other.first]
    )


def _is_spelled(line: Line, part: Part) -> bool:
    """Return whether a part is letters, one by one."""
    words = [token.word for token in line.tokens[part.first : part.last + 1] if _is_word(token)]
    return len(words) > 1 and all(word.letter or word.nato or word.times for word in words)


def _introduces(token: Token) -> bool:
    """Return whether a word may come before the letters of a name ("that's", "spelled")."""
    word = token.word
    return word.small or word.skip or word.copula or any(one.kind == "name" for one in word.single)


def first_in_list(parts: list[Part], without: Collection[int]) -> list[Part]:
    """Return the parts of an answer before the first other datum ("Ann Lee, 4 May 1981, Leeds"); without one, all."""
    for number, (one, other) in enumerate(pairwise(parts), 1):
        if any(index in without for index in range(one.last + 1, other.first)):
            return parts[:number]
    return parts


def count_words(line: Line, parts: Sequence[Part], *, spelled: bool = False) -> int:
    """Return how many words parts of a line have. `spelled`: count only single letters."""
    return sum(
        _is_word(token) and (token.word.letter or not spelled)
        for part in parts
        for token in line.parts[part.first : part.last + 1]
    )


def tokens_in(line: Line, pieces: Sequence[tuple[int, int]]) -> set[int]:
    """Return the indexes of the tokens that begin in these pieces (begin, end) of a line."""
    if not pieces:
        return set()
    return {
        index
        for index, token in enumerate(line.tokens)
        if any(begin <= token.begin < end for begin, end in pieces)
    }


def is_name(line: Line, parts: Sequence[Part]) -> bool:
    """Return whether words are written as a name: with capitals, if the line has any."""
    tokens = [token for part in parts for token in line.tokens[part.first : part.last + 1] if _is_word(token)]
    cased = any(character.isupper() for character in line.text[1:].replace("I", ""))
    return not cased or sum(token.text[0].isupper() for token in tokens) * 2 > len(tokens)


def is_street(token: Token) -> bool:
    """Return whether a token is a word for a street, and not the end of "1st"."""
    return token.word.street and not (token.glued and token.word.ordinal)


def looks_like_address(line: Line, parts: Sequence[Part], *, street: bool = False) -> bool:
    """Return whether words are a place: a word for a street with something beside it, or unless `street` a number and a
    name."""
    tokens = [token for part in parts for token in line.tokens[part.first : part.last + 1] if _is_word(token)]
    if len(tokens) < 2:
        return False
    number = any(token.text[0].isdigit() or token.word.value is not None for token in tokens)
    return any(is_street(token) for token in tokens) or (
        not street and number and 3 <= len(tokens) <= _MOST_OF_A_PLACE
    )


def _says_nothing(token: Token, *, inside: bool, kind: str) -> bool:
    word = token.word
    if word.value is not None or token.text[0].isdigit() or (kind == "address" and word.street):
        return False
    if inside and kind == "address" and (word.small or word.skip) and not word.nod:
        return True
    if word.letter:
        return word.skip and not inside and kind != "password"
    if token.text[0].isupper() and not token.text.isupper() and token.begin and kind == "name":
        return False
    return word.skip or word.filler or (word.nod and not inside) or (word.small and not inside)


def _is_moment(tokens: Sequence[Token], index: int) -> bool:
    """Return whether a number is part of "one second" and the like."""
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    return tokens[index].word.value == 1 and after is not None and after.word.skip and len(after.text) > 2


def _whole_words(line: Line, part: Part) -> Part:
    """Return a part up to the white space around it: a password may have signs."""
    begin, end = part.begin, part.end
    while begin and not line.text[begin - 1].isspace() and line.text[begin - 1] not in "\"'“‘(:":
        begin -= 1
    while end < len(line.text) and not line.text[end].isspace():
        end += 1
    while end > part.end and line.text[end - 1] in ".,;:?\"'”’)":
        end -= 1
    return part._replace(begin=begin, end=end)


def words_after(line: Line, index: int, kind: str) -> Part | None:
    """Return the words that follow an announcement ("my name is …") which ends before the token `index`."""
    tokens = line.tokens
    begin = index
    while index < len(tokens) and (
        not _is_word(tokens[index])
        or tokens[index].word.skip
        or tokens[index].word.filler
        or (kind == "password" and is_link(tokens[index], kind))
    ):
        if tokens[index].text in ".?!" and not tokens[index].glued:
            return None
        index += 1
    if index >= len(tokens):
        return None
    if kind == "address":
        part = place_after(tokens, index)
        return part and _from_capitals(tokens, part, begin)
    last = index - 1
    most = 1 if kind == "password" else _NAME_WORDS
    for at in range(index, min(len(tokens), index + most)):
        word = tokens[at].word
        if not _is_word(tokens[at]):
            if tokens[at].text in "-'’":
                continue
            break
        if (
            (word.skip or word.small or word.phrases or word.undo)
            and not (word.letter and at > index)
            and at > index
        ):
            break
        if word.small and kind == "name":
            break
        last = at
    if last < index:
        return None
    part = part_of(tokens, index, last)
    return _whole_words(line, part) if kind == "password" else part


def place_after(tokens: Sequence[Token], index: int) -> Part | None:
    """Return the words of a place from a token on, up to the end of the sentence or of what reads as a place."""
    last = index - 1
    skipped = 0
    remarks = _remarks(tokens)
    for at in range(index, min(len(tokens), index + _PLACE_TOKENS)):
        token = tokens[at]
        word = token.word
        ends = token.text in ".?!;" or at in remarks or skipped >= _GAP_IN_A_PLACE
        if ends or word.person or word.common or word.undo:
            break
        if _is_word(token):
            says = word.street or not (word.small or word.filler or word.skip)
            last, skipped = (at, 0) if says else (last, skipped + 1)
    return part_of(tokens, index, last) if last >= index else None


def _is_dot(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    if token.text == ".":
        return token.glued and index + 1 < len(tokens) and tokens[index + 1].glued
    return token.word.dot


def emails_in_words(line: Line, *, asked: bool) -> Iterator[Part]:
    """Yield email addresses that are said in words. `asked`: any words may stand before the "at"."""
    for index, token in enumerate(line.parts):
        if not _is_at(token):
            continue
        parts = line.parts
        bracket = 0 < index < len(parts) - 1 and _BRACKETS.get(parts[index - 1].text) == parts[index + 1].text
        last = _domain(parts, index + bracket)
        if last < 0 or any(other.word.at for other in parts[index + 2 : last + 2]):
            continue  # "at bob at zed dot com", "at ann dot lee at zed dot com": the last "at" is the sign
        tokens = line.tokens
        first = _local_part(tokens, index - bracket, asked=asked)
        if first < index - bracket or asked:
            yield part_of(tokens, first, last)


def _is_at(token: Token) -> bool:
    return token.word.at or token.text == "@"


def _local_part(tokens: Sequence[Token], at: int, *, asked: bool) -> int:
    """Return the first token of what an address has before the sign at token `at`."""
    first = at
    words = spelled = 0
    while first > 0 and at - first - spelled < _LEFT:
        before = tokens[first - 1]
        typed = tokens[at].text == "@"  # without blanks
        if not typed and (step := _words_before(tokens, first, asked=asked)):
            first -= step
            spelled += step - 1
            continue
        beside = first == at or tokens[first].word.plain in _SEPARATORS or _is_dot(tokens, first)
        if _is_at(before):
            if not _continues_before(tokens, first - 1, asked=asked):
                break
            first -= 2
            words += 1
        elif _spelled(before) or before.word.plain in _SEPARATORS or _is_dot(tokens, first - 1):
            first -= 1
        elif _is_word(before) and (
            beside
            or (
                not (before.word.skip or before.word.small or before.word.phrases)
                and words < (4 if asked else 2)
            )
        ):
            words += 1
            first -= 1
        else:
            break
    while first < at and (_is_at(tokens[first]) or _is_no_beginning(tokens, first)):
        first += 1
    return first


def _words_before(tokens: Sequence[Token], first: int, *, asked: bool) -> int:
    """Return how many tokens before this one belong to it in a spoken address: of a spelled letter, or of a surname."""
    return _letter_before(tokens, first) or _particles_before(tokens, first, asked=asked)


def _letter_before(tokens: Sequence[Token], first: int) -> int:
    """Return how many tokens before this one are a letter and a word that begins with it ("m for mike"), 0 if none are.

    The word may be the token itself, if it was taken for a part of the address.
    """
    for word in (first - 1, first):
        for between in (1, 2):  # "for", "as in"
            letter = word - between - 1
            if letter >= 0 and tokens[letter].word.letter:
                plain = tokens[letter].word.plain
                if as_in(tokens, letter, plain) == between + 1:
                    return first - letter
    return 0


def _particles_before(tokens: Sequence[Token], first: int, *, asked: bool) -> int:
    """Return how many tokens before this one are particles of a family name, with what comes before them.

    That is a sign ("jan punt van der berg"), or a word if the address was asked for.
    """
    at = first
    while at and first - at < _MOST_PARTICLES and tokens[at - 1].word.plain in _PARTICLES:
        at -= 1
    if at == first or not at or not (_is_word(tokens[first]) and tokens[first].word.says):
        return 0
    before = tokens[at - 1]
    if before.word.plain in _SEPARATORS or _is_dot(tokens, at - 1):
        return first - at
    # "jan van dijk" begins what is said; "the mail comes from ann" is a sentence.
    begins = at == 1 or _leads_in(tokens[at - 2])
    word = before.word
    named = asked and begins and word.says and not (word.phrases or word.common or _leads_in(before))
    return first - at + 1 if named else 0


def _leads_in(token: Token) -> bool:
    """Return whether a word or sign may come right before an answer ("it's", "yes")."""
    word = token.word
    return not word.says or word.small or word.skip or word.filler or word.nod or word.copula


def _continues_before(tokens: Sequence[Token], at: int, *, asked: bool) -> bool:
    """Return whether the words before an earlier "at" are a part of the address ("bob at work" at zed dot com).

    They are not in "reach me at bob at zed dot com", where a small word precedes it.
    """
    if not at or _is_cut_off(tokens, at - 1):  # "i'm at work"
        return False
    word = tokens[at - 1].word
    if _spelled(tokens[at - 1]):
        return True
    return _is_word(tokens[at - 1]) and not (word.small or word.skip or (word.common and not asked))


def _is_cut_off(tokens: Sequence[Token], index: int) -> bool:
    """Return whether an apostrophe parts a token from the word before it ("it's")."""
    return index > 0 and tokens[index - 1].text in "'’" and tokens[index].glued


def _is_no_beginning(tokens: Sequence[Token], index: int) -> bool:
    """Return whether an address cannot begin here: a sign, a word of one letter, or what an apostrophe cut off ("it's")."""
    alone = not (_is_dot(tokens, index + 1) or tokens[index + 1].word.plain in _SEPARATORS)  # "a dot lee"
    article = tokens[index].word.plain in ("a", "e", "i", "y") and alone
    return not _is_word(tokens[index]) or article or _is_cut_off(tokens, index)


def _spelled(token: Token) -> bool:
    word = token.word
    return (
        token.text[0].isdigit() or word.value is not None or word.nato or bool(word.times)
        or (word.letter and not (word.small and word.skip and word.plain in "aeiyou"))
    )  # fmt: skip


def _domain(tokens: Sequence[Token], index: int) -> int:
    """Return the last token of a spoken domain after the "at", -1 if none follows."""
    last = -1
    for at in range(index + 1, min(len(tokens), index + 1 + _RIGHT)):
        token = tokens[at]
        beyond = at + 1
        if token.text in _BRACKETS and beyond < len(tokens) and _is_dot(tokens, beyond):
            continue  # "(dot)"
        if beyond < len(tokens) and tokens[beyond].text in _BRACKETS.values():
            beyond += 1
        if _is_dot(tokens, at) and at > index + 1 and beyond < len(tokens) and tokens[beyond].text.isalpha():
            last = beyond
        elif last >= 0 and at > last:
            spelled_out = token.word.letter and tokens[last].word.letter
            if not spelled_out:
                break
            last = at
        elif last < 0 and not (_is_word(token) or token.word.plain in _SEPARATORS):
            return -1
    if last < 0:
        for at in range(index + 1, min(len(tokens), index + 3)):
            if tokens[at].word.plain in _PROVIDERS:
                after = tokens[at + 1].word.plain if at + 1 < len(tokens) else ""
                return at + 1 if after in _ENDINGS else at
    return last
