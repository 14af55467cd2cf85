"""The line grammar of a text: which way of writing a line keeps coming back, with few labels in the same spot.

Most transcripts as text repeat one pattern: marks, words that never change, times or numbers that rise, a label out of a
few, and the words. Every way to cut a line into these parts is a hypothesis. Each is tried on all lines, and the one that
explains most of them with labels that could be speakers is the grammar of the text. The label may stand before the words,
behind them, or on a line of its own above or below them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from reddy_lib.transcripts.formats.said_signs import SAID_SIGNS
from reddy_lib.transcripts.roles import is_numbered, leaning
from reddy_lib.transcripts.stamps import STAMP, read_stamp

__all__ = ["Cut", "Grammar", "cut_line", "find_grammar"]

_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0e31\u0e34-\u0e4e"
"""Vowel signs, which belong to a word and count as no letter."""
_WORD = rf"[^\W\d_](?:[\w{_MARKS}]|['’.@+&-](?=\w))*(?:(?<=\b[^\W\d_])\.|(?<=\b[^\W\d_]{{2}})\.)?"
_PHONE = r"\+?\d[\d ()/-]{5,18}\d(?![\d:.,])"
_TOKEN = re.compile(
    rf"(?P<time>(?<!\w){STAMP}(?!\w))|(?P<phone>{_PHONE})|(?P<number>\d+(?:[.,]\d+)?)|(?P<word>{_WORD})|(?P<space>\s+)|(?P<mark>.)",
    re.DOTALL,
)
_ENDS = frozenset(".?!…。！？,;:»”\"'’、，")
_OPENS = frozenset('"“«„‘¿¡「『')
"""Marks at the end of words, and at their begin, which belong to them."""
_FIRST, _LAST = 40, 20
"""Lines at the begin and the end of a text from which the hypotheses are taken."""
_TRIED, _BEST = 14, 2
_FEW = 8
"""Labels that a text may have."""
_LONGEST_LABEL = 48
_HEAD, _WIDE, _NARROW, _MOST_TOKENS = 14, 110, 60, 32
"""Tokens before a label, characters at the begin and the end of a line that are looked at, and tokens in them."""
_LONGEST_LINE = 20_000
_WEAK = 0.9
"""Share of the lines that a grammar must explain whose label is parted from the words by a single space."""


class Cut(NamedTuple):
    """A line cut by the grammar. `times`: as they are written, at most two."""

    label: str
    text: str
    times: tuple[str, ...]


class Grammar(NamedTuple):
    """The lines of a text, cut.

    Attributes:
        cuts: for each line its cut, or None where the grammar does not fit.
        where: "before" or "behind" its words on the same line, "above" or "below" them on a line of its own.
        score: how well it explains the text, to compare it with others.
    """

    cuts: list[Cut | None]
    where: str
    score: float


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


class _Way(NamedTuple):
    """A way to write a line: what stands around the label, times and numbers as any other of their kind."""

    where: str
    opening: tuple[str, ...]
    closing: tuple[str, ...]
    weak: bool = False


class _Tried(NamedTuple):
    way: _Way
    cut: Cut


def find_grammar(
    lines: Sequence[str],
    known: Callable[[str], bool],
    possible: Callable[[str], bool],
    named: Callable[[str], bool],
    aside: Callable[[str], bool],
) -> Grammar | None:
    """Return the grammar of these lines; None where none explains them.

    Args:
        known: is this whole text a label wherever it stands?
        possible: could it be somebody's name?
        named: do the call's own columns name it?
        aside: is this line no speech?
    """
    if not 2 <= len(lines) <= 20_000:
        return None
    sample = [*lines[:_FIRST], *lines[max(_FIRST, len(lines) - _LAST) :]]
    tried = [list(_tries(line, known)) for line in sample]
    seen = Counter(way for tries in tried for way in {one.way for one in tries})
    skipped = sum(map(aside, sample))
    enough = max(2, 0.25 * (len(sample) - skipped))
    promising = sorted(
        (way for way, count in seen.items() if count >= enough or way.where == "above"),
        key=lambda way: (-seen[way], -len(way.opening) - len(way.closing)),
    )
    cuts = _cuts_of(_spread(promising), tried)
    found = [_judge(way, of_way, skipped, known, possible, named) for way, of_way in cuts.items()]
    ranked = sorted(
        ((one, way) for one, way in zip(found, cuts, strict=True) if one is not None),
        key=lambda pair: -pair[0].score,
    )
    if len(lines) == len(sample) or not ranked:
        return ranked[0][0] if ranked else None
    best = [way for _, way in ranked[:_BEST]]
    kinds = {way.where for way in best}
    cuts = _cuts_of(best, (_tries(line, known, kinds) for line in lines))
    skipped = sum(map(aside, lines)) if len(lines) < 2000 else skipped * len(lines) // len(sample)
    judged = [_judge(way, of_way, skipped, known, possible, named) for way, of_way in cuts.items()]
    return max((one for one in judged if one is not None), key=lambda one: one.score, default=None)


def _cuts_of(ways: Iterable[_Way], tried: Iterable[Iterable[_Tried]]) -> dict[_Way, list[Cut | None]]:
    """Way → the cut of each line, the first that it allows."""
    cuts: dict[_Way, list[Cut | None]] = {way: [] for way in ways}
    for place, tries in enumerate(tried):
        for of_way in cuts.values():
            of_way.append(None)
        for one in tries:
            found = cuts.get(one.way)
            if found is not None and found[place] is None:
                found[place] = one.cut
    return cuts


_INSIDE = re.compile(
    r"(?:^|(?<=[\s.?!…。！？」”\")\]|/;~·•>,#-]))[*_\[(<#]{0,3}"
    rf"(?P<label>\+?[^\W_](?:[\w{_MARKS}'’&#@+() -]|\.(?![ #])){{0,40}}?)"
    r"[*_\])>]{0,3}\s?[:：](?![/\d])"
)


def cut_line(line: str, known: Callable[[str], bool], possible: Callable[[str], bool]) -> list[str] | None:
    """Return the turns of a line that holds several, each beginning with its label; None where it holds no such thing.

    The labels are those before a colon that come back, or are known, and the first one stands where the line begins.
    A label is taken as long as it comes back: "Ann Lee:" and not "Lee:".
    """
    ends: list[tuple[int, int]] = [
        (match.start("label"), match.end("label")) for match in _INSIDE.finditer(line)
    ]
    if not 2 <= len(ends) <= 5000 or line[: ends[0][0]].strip("*_[(<#|/~>•- ") != "":
        return None
    first = line[ends[0][0] : ends[0][1]]
    labels = {first} if known(first) or _could_speak(first, possible) else set()
    counts: Counter[str] = Counter()
    spans: list[list[tuple[int, str]]] = []
    for begin, end in ends:
        words = line[begin:end].split(" ")
        tails = [" ".join(words[at:]) for at in range(len(words))]
        spans.append([(end - len(tail), tail) for tail in tails if tail])
        counts.update(tail for tail in tails if tail)
    for span in spans:
        back = [
            label
            for at, label in span
            if known(label)
            or label == first
            or (
                counts[label] > 1
                and label[:1].isupper() == first[:1].isupper()
                and (label[:1].isupper() or _begins_anew(line, at))
                and _could_speak(label, possible)
            )
        ]
        if back:
            labels.add(max(back, key=lambda label: (counts[label], len(label))))
    places = [_with_marks(line, ends[0][0])]
    row = [first]
    for span in spans[1:]:
        found = next(((at, label) for at, label in span if label in labels), None)
        if found is not None:
            places.append(_with_marks(line, found[0]))
            row.append(found[1])
    counts = Counter(row)
    if not 2 <= len(counts) <= _FEW or (sum(map(known, counts)) < 2 and max(counts.values()) < 2):
        return None
    if sum(one != other for one, other in pairwise(row)) < 0.5 * (len(row) - 1):
        return None
    parts = [line[begin:end].strip() for begin, end in zip(places, [*places[1:], len(line)], strict=True)]
    joins = [match[0].strip() if (match := _JOIN.search(part)) else "" for part in parts[:-1]]
    if joins[0] and joins.count(joins[0]) > 0.8 * len(joins):
        parts = [*(_JOIN.sub("", part) for part in parts[:-1]), parts[-1]]
    return parts


_JOIN = re.compile(r"(?:\s(?P<join>[|/;~·•#]{1,3}|-{2,3}|—|=>|>>)|(?P<tight>[|~#]{1,3}))\s*$")
"""What stands between the turns of a line that holds several."""


def _begins_anew(line: str, at: int) -> bool:
    """Does what stands there begin a sentence, or stand behind a mark between turns?"""
    before = line[:at].rstrip("*_[(<# ")
    return before[-1:] in '.?!。！？|/;~·•>"”' and not before.endswith("...")


def _with_marks(line: str, at: int) -> int:
    """Where a label begins with the marks before it."""
    while at and line[at - 1] in "*_[(<":
        at -= 1
    return at


def _spread(promising: Sequence[_Way]) -> Iterator[_Way]:
    """The most frequent ways of each kind."""
    left = Counter({"before": _TRIED, "behind": _TRIED, "above": _TRIED})
    for way in promising:
        if left[way.where] > 0:
            left[way.where] -= 1
            yield way


# --- hypotheses -------------------------------------------------------------------------------------------


_KINDS = frozenset(("before", "above", "behind"))


def _tries(line: str, known: Callable[[str], bool], kinds: Collection[str] = _KINDS) -> Iterator[_Tried]:
    """The ways of these kinds in which the line may be cut."""
    if len(line) > _LONGEST_LINE:
        return
    if "before" in kinds or "above" in kinds:
        yield from _heads(line, _tokens(line[:_WIDE])[:_MOST_TOKENS], known)
    if "behind" not in kinds:
        return
    at = 0 if len(line) <= _NARROW else line.find(" ", len(line) - _NARROW)
    if at >= 0:
        yield from _tails(line, _tokens(line[at:], at))


def _tokens(text: str, at: int = 0) -> list[_Token]:
    return [_Token(match.lastgroup or "", match[0], at + match.start()) for match in _TOKEN.finditer(text)]


def _keys(tokens: Sequence[_Token]) -> tuple[str, ...]:
    """The tokens as they are compared: without spaces, but for tabs and for wide ones that stand alone."""
    keys: list[str] = []
    for token in tokens:
        if token.kind in ("time", "number", "phone"):
            keys.append(token.kind if token.kind == "time" else "number")
        elif token.kind == "space":
            if "\t" in token.text:
                keys.append("\t")
            elif len(token.text) > 1 and len(tokens) == 1:
                keys.append("  ")
        elif token.text in "–—-":
            keys.append("-")
        else:
            keys.append(token.text.casefold())
    return tuple(keys)


def _is_wordy(token: _Token) -> bool:
    return token.kind in ("word", "phone", "number")


def _label_ends(tokens: Sequence[_Token], at: int) -> Iterator[int]:
    """Where a label that begins at a token may end: before a mark, a time, a wide space or the end of the line."""
    words = 0
    for end in range(at, min(at + 12, len(tokens)) + 1):
        if end > at and _is_wordy(tokens[end - 1]):
            words += 1
            following = tokens[end] if end < len(tokens) else None
            if (
                following is None
                or following.text != " "
                or end + 1 >= len(tokens)
                or not _is_wordy(tokens[end + 1])
            ):
                yield end
        elif end > at and tokens[end - 1].text == ")":
            yield end
        if end < len(tokens):
            token = tokens[end]
            inside = _is_wordy(token) or token.text in (" ", "(", ")", "#", "/", "&", ".", "-")
            if not inside or words > 5 or (end == at and not _is_wordy(token)):
                return


def _marked(tokens: Sequence[_Token]) -> bool:
    """Do these tokens part a label from words: a mark, a tab, a wide space?"""
    return any(
        token.kind in ("mark", "time")
        or (token.kind == "space" and (len(token.text) > 1 or "\t" in token.text))
        for token in tokens
    )


def _is_said(tokens: Sequence[_Token]) -> bool:
    """Are there signs among these tokens that only words have, and no label has around it?"""
    return any(token.text in SAID_SIGNS for token in tokens)


def _times(tokens: Sequence[_Token]) -> list[str]:
    """Return the times among tokens; without a clock, seconds with their fractions in brackets: "[0.00 - 3.21]"."""
    found = [token.text for token in tokens if token.kind == "time"]
    if not found and tokens and tokens[0].text in "[(":
        found = [token.text for token in tokens if token.kind == "number" and _FRACTION.fullmatch(token.text)]
    return found


_FRACTION = re.compile(r"\d+[.,]\d{1,6}")


def _heads(line: str, tokens: Sequence[_Token], known: Callable[[str], bool]) -> Iterator[_Tried]:
    """The ways in which a label may stand before the words, or alone on the line."""
    whole = tokens[-1].at + len(tokens[-1].text) == len(line) if tokens else False
    for at, token in enumerate(tokens[: _HEAD + 1]):
        tagged = at > 0 and tokens[at - 1].text in ("#", "@")
        if not _is_wordy(token) or (token.kind == "number" and not tagged and not _alone(tokens, at)):
            continue
        if _inside_words(tokens, at):
            continue
        opening, before = _keys(tokens[:at]), _times(tokens[:at])
        for end in _label_ends(tokens, at):
            label = "".join(one.text for one in tokens[at:end])
            if len(label) > _LONGEST_LABEL:
                break
            rest = end
            while rest < len(tokens) and not _is_wordy(tokens[rest]):
                rest += 1
                between = tokens[end:rest]
                if between[-1].text in _OPENS and len(between) > 1:
                    break
                if rest < len(tokens) and not _is_wordy(tokens[rest]) and _marked(between):
                    yield _before(line, opening, label, before, between, tokens[rest].at)
            between = tokens[end:rest]
            if rest == len(tokens):
                if whole and not _is_said(between):
                    way = _Way("above", opening, _keys(between))
                    yield _Tried(way, Cut(label, "", (*before, *_times(between))[:2]))
            elif between and (between[-1].kind == "space" or _opens_words(between)) and _marked(between):
                yield _before(line, opening, label, before, between, tokens[rest].at)
        # Behind a time, a label needs neither a mark nor a capital: "[0.00-3.21] spk0 Hello".
        timed = opening and tokens[0].kind in ("time", "number", "mark") and opening[-1:] != ("'",)
        plain = token.text[:1].isupper() or tagged or timed
        if plain and at + 1 < len(tokens) and tokens[at + 1].text == " ":
            name = token.text.rstrip(".")
            if known(name) or len(name) == 1 or tagged or (timed and is_numbered(name)):
                text = line[tokens[at + 1].at :].strip()
                yield _Tried(_Way("before", opening, (), weak=True), Cut(name, text, tuple(before[:2])))


def _opens_words(between: Sequence[_Token]) -> bool:
    """Is this a bracket behind a space, whose other half ends the line: `Agent {Hello}`?"""
    return len(between) == 2 and between[0].kind == "space" and between[1].text in "{[<|"


def _before(
    line: str, opening: tuple[str, ...], label: str, times: Sequence[str], between: Sequence[_Token], at: int
) -> _Tried:
    found = (*times, *_times(between))[:2]
    return _Tried(_Way("before", opening, _keys(between)), Cut(label, line[at:].strip(), found))


def _inside_words(tokens: Sequence[_Token], at: int) -> bool:
    """Does a word stand before the token, with nothing or a space between them?"""
    if at and tokens[at - 1].text == " ":
        at -= 1
    return at > 0 and tokens[at - 1].kind == "word"


def _alone(tokens: Sequence[_Token], at: int) -> bool:
    """Does a number stand where a label would: before a mark or alone, and not in a row of words?"""
    following = tokens[at + 1 : at + 3]
    if not following or following[0].kind == "mark" or "\t" in following[0].text:
        return True
    return following[0].kind == "space" and len(following) > 1 and following[1].kind in ("mark", "time")


def _tails(line: str, tokens: Sequence[_Token]) -> Iterator[_Tried]:
    """The ways in which a label may stand behind the words."""
    end = len(tokens)
    while end and not _is_wordy(tokens[end - 1]):
        end -= 1
    closing = tokens[end:]
    if len(closing) > 6 or _is_said(closing):
        return
    at = end
    while at and end - at < 9 and (_is_wordy(tokens[at - 1]) or tokens[at - 1].text in (" ", "#", "/", "&")):
        at -= 1
        if not _is_wordy(tokens[at]):
            continue
        label = line[tokens[at].at : closing[0].at if closing else len(line)]
        before = at
        while before and not _is_wordy(tokens[before - 1]):
            before -= 1
            opened = tokens[before:at]
            if opened[0].text in _ENDS or not before or not _marked(opened):
                continue
            if opened[0].kind == "space" and "\t" not in opened[0].text:
                continue
            text = line[: opened[0].at].strip()
            way = _Way("behind", _keys(opened), _keys(closing))
            if text:
                yield _Tried(way, Cut(label, text, (*_times(opened), *_times(closing))[:2]))


# --- the judgement ----------------------------------------------------------------------------------------


def _judge(
    way: _Way,
    cuts: Sequence[Cut | None],
    skipped: int,
    known: Callable[[str], bool],
    possible: Callable[[str], bool],
    named: Callable[[str], bool],
) -> Grammar | None:
    counts = Counter(cut.label for cut in cuts if cut is not None)
    sure = {label for label in counts if known(label) or named(label)}
    sides = {leaning(label) for label in sure} - {""}
    enough = 3 if len(sides) == 2 else 2
    turns = _taking_turns([cut.label for cut in cuts if cut is not None])
    speakers = sure | {
        label
        for label, count in counts.items()
        if count >= enough and label in turns and _could_speak(label, possible)
    }
    if speakers and "time" in (*way.opening, *way.closing):
        speakers |= {label for label in counts if label[:1].isupper() and possible(label)}
    if any(label[:1].isalpha() for label in speakers):
        speakers = {label for label in speakers if not label.isdigit()}
    if len(speakers) == 1 and len(counts) == 2 and sum(counts.values()) == len(cuts):
        speakers |= {label for label in counts if not label.isdigit() and _could_speak(label, possible)}
    if not 2 <= len(speakers) <= _FEW:
        return None
    chosen = [cut if cut is not None and cut.label in speakers else None for cut in cuts]
    row = [cut.label for cut in chosen if cut is not None]
    if way.where != "above" and 2 * sum(any(map(str.isalpha, cut.text)) for cut in chosen if cut) < len(row):
        return None
    changes = sum(one != other for one, other in pairwise(row))
    if changes < 0.3 * (len(row) - 1) or changes < min(2, len(row) - 1):
        return None
    if len(sides) < 2 and not _rise([cut.times for cut in chosen if cut is not None]):
        return None
    share = len(row) / max(len(cuts) - skipped, len(row))
    where = way.where
    if where == "above":
        where = _above_or_below(chosen)
        share = 0.97
        if not where:
            return None
    elif share < (_WEAK if way.weak else 0.35 if len(sides) == 2 else 0.6):
        return None
    if not (len(sides) == 2 or speakers <= sure or _recur(speakers, counts, share)):
        return None
    timed = sum(bool(cut.times) for cut in chosen if cut is not None) / len(row)
    score = share + 0.3 * len(sides) + 0.1 * timed - 0.03 * len(speakers) - 0.2 * way.weak
    if len(speakers) > 2:
        score -= 0.2 * sum(counts[label] == 1 for label in speakers) / len(speakers)
    score -= 0.05 * all(label.isdigit() for label in speakers)
    score += 0.001 * (len(way.opening) + len(way.closing))
    return Grammar(chosen, where, score)


def _taking_turns(row: Sequence[str]) -> set[str]:
    """Labels with somebody else between two of their turns, or that come first or last."""
    found = {*row[:1], *row[-1:]}
    last: dict[str, int] = {}
    for place, label in enumerate(row):
        if place - last.get(label, place) > 1:
            found.add(label)
        last[label] = place
    return found


def _rise(times: Sequence[tuple[str, ...]]) -> bool:
    """Do the times of the lines, where most have some, go on from one to the next?"""
    starts = [found[0] for found in times if found]
    if 2 * len(starts) < len(times):
        return True
    moments = [read_stamp(start) for start in starts]
    seconds = [moment.seconds for moment in moments if moment is not None]
    if len(seconds) < len(starts) or seconds[0] == seconds[-1]:
        return False
    falls = sum(other < one for one, other in pairwise(seconds))
    return falls <= 0.1 * len(seconds)


_ARTICLE = re.compile(r"(?:the|a|an|my|our|your|this|that)\s", re.IGNORECASE)


def _could_speak(label: str, possible: Callable[[str], bool]) -> bool:
    if len(label.split()) > 5 or label.casefold() in _NO_SPEAKERS or _ARTICLE.match(label):
        return False
    return (
        possible(label)
        or bool(leaning(label))
        or is_numbered(label)
        or len(label) == 1
        or label.lstrip("+").replace(" ", "").isdigit()
    )


_NO_SPEAKERS = frozenset(("http", "https", "re", "fwd"))


def _recur(speakers: set[str], counts: Counter[str], share: float) -> bool:
    """Do labels of which none is known come back as speakers' do?"""
    several = sum(counts[label] > 1 for label in speakers)
    if all(label.isdigit() for label in speakers) and len(speakers) > 3:
        return False  # a numbered list
    return several >= 2 or (several == 1 and share > 0.9 and len(speakers) <= 3)


def _above_or_below(chosen: Sequence[Cut | None]) -> str:
    """Where the lines that are nothing but a label stand: above their words, below them, or neither."""
    places = [place for place, cut in enumerate(chosen) if cut is not None]
    alone = sum(other - one == 1 for one, other in pairwise(places))
    if alone > 0.1 * len(places) or len(places) < 2:
        return ""
    if places[-1] < len(chosen) - 1:
        return "above"
    return "below" if places[0] > 0 else ""
