"""Read and write queries as text: `cancel "my card" status:held tag:CSAT=4 customer says refund`.

Words stand first, then `name:value` of facets and `name:least..most` of ranges, then what a role says. `-` before any of
them excludes. Whatever is not understood is a word. `parse(text_of(query)) == query` holds for every query.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from reddy_lib.batches.folding import fold
from reddy_lib.batches.query_fields import COLUMN, NUMBERS, PLAIN, TAG, AnyValue, Conditions, Range, Says
from reddy_lib.batches.selections import ranges_of, rows_of_ranges
from reddy_lib.model import ROLES

__all__ = ["Term", "from_address", "parse", "search_text", "terms", "text_of", "to_address", "without_term"]

_PAIRS = {'"': '"', "“": "”", "„": "“"}
_QUOTES = frozenset('"“”„')
_SAYS = "says"
_SHORT = {"finding": "code", "lines": "turns", "length": "duration"}
_RESERVED = frozenset({*PLAIN, *NUMBERS, "tag", "column", "rows", "selection", "submission"})
_MOST_ROWS = 5_000_000  # of a range that somebody typed


class Term(NamedTuple):
    """One condition of a query. `text`: as it is typed. `name`: the facet, or "words" or "says". `value`: as chosen."""

    text: str
    name: str
    value: str


class _Token(NamedTuple):
    parts: tuple[tuple[str, bool], ...]  # text, and whether it stood in quotes

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.parts)

    @property
    def plain(self) -> str:
        """The token in lower case, "" if a part of it stood in quotes."""
        return "" if any(quoted for _, quoted in self.parts) else self.text.lower()

    def cut(self, mark: str) -> tuple[_Token, _Token] | None:
        """Split at the first `mark` outside of quotes."""
        for at, (text, quoted) in enumerate(self.parts):
            if not quoted and mark in text:
                before, _, after = text.partition(mark)
                first = (*self.parts[:at], (before, False)) if before else self.parts[:at]
                rest = ((after, False), *self.parts[at + 1 :]) if after else self.parts[at + 1 :]
                return _Token(first), _Token(rest)
        return None


# reading


def parse(text: str, *, columns: Collection[str] = (), tags: Collection[str] = ()) -> Conditions:
    """Return the query of a text. What is not understood is a word to search for; there is no error.

    Args:
        columns, tags: names that are understood without `column:` and `tag:`: `Queue:Cards`, `CSAT=4`.
    """
    known = {
        fold(name): f"{kind}{name}" for kind, names in ((TAG, tags), (COLUMN, columns)) for name in names
    }
    reader = _Reader(known)
    reader.read(_tokens(text))
    return reader.query()


def from_address(address: Mapping[str, Any]) -> tuple[Conditions, list[str]]:
    """Return the query of a URL's parameters, and the parts of its filter that were not understood."""
    found = parse(_parameter(address, "search"))
    reader = _Reader({})
    dropped = reader.read(_tokens(_parameter(address, "filter")), words=False)
    return found.and_also(reader.query()), dropped


def _parameter(address: Mapping[str, Any], name: str) -> str:
    value = address.get(name, "")
    if isinstance(value, list | tuple):
        value = " ".join(map(str, value))
    return value if isinstance(value, str) else ""


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    parts: list[tuple[str, bool]] = []
    plain = ""
    at = 0
    while at < len(text):
        one = text[at]
        quoted = _quoted(text, at) if one in _PAIRS and (not plain or plain[-1] in "-:=") else None
        if quoted is not None:
            if plain:
                parts.append((plain, False))
            parts.append((quoted[0], True))
            plain, at = "", quoted[1]
            continue
        if one.isspace():
            if plain:
                parts.append((plain, False))
            if parts:
                found.append(_Token(tuple(parts)))
            parts, plain = [], ""
        else:
            plain += one
        at += 1
    if plain:
        parts.append((plain, False))
    if parts:
        found.append(_Token(tuple(parts)))
    return found


def _quoted(text: str, at: int) -> tuple[str, int] | None:
    r"""Return what stands in quotes from here, and where it ends; `\"` is a quote, `\\` a backslash. None: no end."""
    close = _PAIRS[text[at]]
    found = ""
    at += 1
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] in ("\\", '"'):
            found += text[at + 1]
            at += 2
        elif text[at] == close:
            return found, at + 1
        else:
            found += text[at]
            at += 1
    return None


class _Reader:
    """Collect the conditions of tokens."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self._found: list[Conditions] = []

    def query(self) -> Conditions:
        return Conditions.of_all(self._found)

    def read(self, tokens: list[_Token], *, words: bool = True) -> list[str]:
        """Read tokens. Return those that are words, if words are not wanted."""
        dropped: list[str] = []
        at = 0
        while at < len(tokens):
            token, excluded = _excluded(tokens[at])
            condition = self._condition(token, excluded)
            role = _role(tokens, at)
            end, said = self._words(tokens, at + 2) if role else (at, ())
            if condition is not None:
                self._found.append(condition)
                at += 1
            elif not words:
                dropped.append(tokens[at].text)
                at += 1
            elif said:
                at = end
                self._add("without_says" if excluded else "says", Says(role, said))
            else:
                # a part of blanks alone would find every call, so it is nothing to search for
                self._add("without_words" if excluded else "words", token.text)
                at += 1
        return dropped

    def _add(self, field: str, one: Any) -> None:
        fields: dict[str, Any] = {field: (one,)}
        self._found.append(Conditions(**fields))

    def _words(self, tokens: list[_Token], at: int) -> tuple[int, tuple[str, ...]]:
        """Return the words from here on, up to the next condition, and where they end."""
        words: list[str] = []
        while at < len(tokens):
            token, excluded = _excluded(tokens[at])
            if excluded or (words and _role(tokens, at)) or self._condition(token, excluded) is not None:
                break
            words.append(token.text)
            at += 1
        return at, tuple(words)

    def _condition(self, token: _Token, excluded: bool) -> Conditions | None:
        """Return the query of a token such as `status:held`, None if it is a word."""
        try:  # a facet's own name first: sheets have columns called Status, Product and Start
            return self._of_facet(token, excluded) or self._of_column(token, excluded)
        except (ValueError, OverflowError):
            return None

    def _of_column(self, token: _Token, excluded: bool) -> Conditions | None:
        """Return the query of `"Column name"=value`, `Queue:Cards` or `CSAT=4`."""
        first, quoted = token.parts[0]
        if quoted:
            halves = token.cut("=")
            if halves is None or halves[0].parts != token.parts[:1] or not halves[1].parts:
                return None
            return _value(self._known.get(fold(first), f"{COLUMN}{first}"), halves[1].text, excluded)
        for mark in ":=":
            halves = token.cut(mark)
            if halves and mark == ":" and _SHORT.get(halves[0].plain, halves[0].plain) in _RESERVED:
                return None
            if halves and halves[1].parts and (facet := self._known.get(fold(halves[0].text))):
                return _value(facet, halves[1].text, excluded)
        return None

    def _of_facet(self, token: _Token, excluded: bool) -> Conditions | None:
        halves = token.cut(":")
        if halves is None or not halves[0].plain or not halves[1].parts:
            return None
        name, rest = halves[0].plain, halves[1]
        name = _SHORT.get(name, name)
        if f"{name}:" in (TAG, COLUMN):
            pair = rest.cut("=")
            if pair is None or not pair[1].parts:
                return None
            return _value(f"{name}:{pair[0].text}", pair[1].text, excluded)
        if name in PLAIN:
            return _value(name, rest.text, excluded)
        if excluded:
            return None
        if name in NUMBERS:
            return Conditions().with_range(name, *_range(name, rest.text))
        if name == "rows":
            return Conditions(rows=_rows(rest.text))
        if name == "selection":
            return Conditions(selection=rest.text)
        return Conditions(submission=rest.text) if name == "submission" else None


def _excluded(token: _Token) -> tuple[_Token, bool]:
    first, quoted = token.parts[0]
    if quoted or not first.startswith("-") or (first.strip("-") == "" and len(token.parts) == 1):
        return token, False
    rest = first[1:]
    return _Token(((rest, False), *token.parts[1:]) if rest else token.parts[1:]), True


def _role(tokens: list[_Token], at: int) -> str:
    """Return the role of `agent says …` or `customer says …` at this place, "" if there is none."""
    token, _ = _excluded(tokens[at])
    if token.plain not in ROLES or at + 2 >= len(tokens) or tokens[at + 1].plain != _SAYS:
        return ""
    return "" if _excluded(tokens[at + 2])[1] or not tokens[at + 2].text.strip() else token.plain


def _value(facet: str, value: str, excluded: bool) -> Conditions:
    if excluded:
        return Conditions(without=(AnyValue(facet, value),))
    return Conditions().with_values(facet, [value])


def _rows(text: str) -> tuple[int, ...]:
    if text == "none":
        return ()
    if sum(
        int(last or first) - int(first)
        for first, _, last in (part.partition("-") for part in text.split(","))
    ) > _MOST_ROWS or not all(c in "0123456789,-" for c in text):
        raise ValueError("These are no rows.")
    return tuple(rows_of_ranges(text))


def _range(name: str, text: str) -> tuple[float | None, float | None]:
    first, dots, last = text.partition("..")
    if not dots:
        last = first
    limits = _limit(name, first, end=False), _limit(name, last, end=True)
    if limits == (None, None):
        raise ValueError("A range needs a limit.")
    return limits


def _limit(name: str, text: str, *, end: bool) -> float | None:
    if not text:
        return None
    if name == "duration" and ":" in text:
        seconds = 0.0
        for part in text.split(":"):
            seconds = seconds * 60 + float(part)
        return seconds
    try:
        number = float(text)
    except ValueError:
        if name != "start":
            raise
        return _moment(text, end=end)
    if not math.isfinite(number):
        raise ValueError("A limit must be a finite number.")
    return number


def _moment(text: str, *, end: bool) -> float:
    """Return the seconds of a date or time; without a zone it is UTC. A date alone ends at midnight."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    seconds = moment.timestamp()
    return seconds + 86_399.999 if end and len(text) == 10 else seconds


# writing


def text_of(query: Conditions) -> str:
    """Return a query as text."""
    return " ".join(term.text for term in terms(query))


def search_text(query: Conditions) -> str:
    """Return the words of a query, and what roles say: the part that people type."""
    return " ".join(term.text for term in terms(query) if term.name in ("words", "says"))


def to_address(query: Conditions) -> dict[str, str]:
    """Return a query as parameters of a URL: `search` is what was typed, `filter` the rest. Empty ones are left out."""
    rest = " ".join(term.text for term in terms(query) if term.name not in ("words", "says"))
    return {name: text for name, text in (("search", search_text(query)), ("filter", rest)) if text}


def without_term(query: Conditions, term: Term) -> Conditions:
    """Return the query without one of its `terms`."""
    return parse(" ".join(one.text for one in terms(query) if one != term))


def terms(query: Conditions) -> tuple[Term, ...]:
    """Return the conditions of a query, in the order in which they are written."""
    found = [Term(_word(word), "words", word) for word in query.words]
    found += [Term(f"-{_word(word)}", "words", word) for word in query.without_words]
    names = [
        *PLAIN,
        *(f"{TAG}{one.name}" for one in query.tags),
        *(f"{COLUMN}{one.name}" for one in query.columns),
    ]
    for name in names:
        found += [Term(_facet_text(name, value), name, value) for value in query.values_of(name)]
    found += [Term(f"-{_facet_text(one.facet, one.value)}", one.facet, one.value) for one in query.without]
    for name in NUMBERS:
        limits = query.range_of(name)
        if limits is not None:
            text = _range_text(name, limits)
            found.append(Term(f"{name}:{text}", name, text))
    if query.rows is not None:
        text = ranges_of(query.rows) or "none"
        found.append(Term(f"rows:{text}", "rows", text))
    for name in ("selection", "submission"):
        value = getattr(query, name)
        if value is not None:
            found.append(Term(f"{name}:{_quoted_if(value)}", name, value))
    for sign, said in (("", query.says), ("-", query.without_says)):
        for one in said:
            text = " ".join(_word(word) for word in one.words)
            found.append(Term(f"{sign}{one.role} {_SAYS} {text}", "says", text))
    return tuple(found)


def _facet_text(facet: str, value: str) -> str:
    for kind in (TAG, COLUMN):
        if facet.startswith(kind):
            return f"{kind}{_quoted_if(facet.removeprefix(kind))}={_quoted_if(value)}"
    return f"{facet}:{_quoted_if(value)}"


def _range_text(name: str, limits: Range) -> str:
    first, last = (_limit_text(name, limit) for limit in (limits.least, limits.most))
    return f"{first}..{last}"


def _limit_text(name: str, limit: float | None) -> str:
    if limit is None:
        return ""
    if name == "start" and limit.is_integer() and 0 <= limit < 32_503_680_000:  # up to the year 3000
        return dt.datetime.fromtimestamp(limit, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(int(limit)) if limit.is_integer() and abs(limit) < 2**53 else repr(limit)


def _word(word: str) -> str:
    """Write a word so that it is read as one."""
    reserved = word.lower() in (*ROLES, _SAYS) or word.startswith("-")
    return _in_quotes(word) if reserved else _quoted_if(word)


def _quoted_if(text: str) -> str:
    plain = text and not any(one.isspace() or one in _QUOTES or one in ':="\\' for one in text)
    return text if plain else _in_quotes(text)


def _in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
