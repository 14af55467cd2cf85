"""Data as programs print it: Python's and numpy's own notation, and arrays of PostgreSQL. Nothing is ever evaluated.

`read_printed` walks along the text by itself, because what is printed is seldom a literal: `Timestamp('2026-03-30')`,
`nan`, `Row(role='agent')`, `array([…], dtype=object)`, lists of numpy without commas. A value of an unknown kind becomes
what is in its brackets: an object of the named ones, else the single one itself.
"""

from __future__ import annotations

import ast
import re
from typing import Any

__all__ = ["looks_printed", "read_array", "read_printed", "read_rows"]

_STARTS = re.compile(
    r"\s*(?:[\[({]\s*)*(?:(?:np\.|numpy\.|pd\.|pandas\.|collections\.|datetime\.)?"
    r"(?:array|OrderedDict|defaultdict|deque|Row|Series|list|tuple|dict|Timestamp|namedtuple)\(|[A-Z]\w{0,40}\(\s*[a-z_]\w{0,40}=)"
    r"|\s*\(\s*[(\[{]|\s*[\[(]\s*\(\s*['\"]"
)
_SPACE = re.compile(r"[\s\u00a0]*")
_STRING = re.compile(
    r"[rRbBuU]{0,2}(?:'''(?:[^\\]|\\.)*?'''|\"\"\"(?:[^\\]|\\.)*?\"\"\"|'(?:[^'\\\n]|\\.|\n)*'|\"(?:[^\"\\\n]|\\.|\n)*\")",
    re.DOTALL,
)
_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[jLl]?")
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_SYMBOL = re.compile(r":([^\W\d]\w*)")
_ENUM = re.compile(r"<([^<>:]{1,80}):\s*([^<>]{1,200})>")
_CONSTANTS: dict[str, Any] = {
    "None": None, "null": None, "nan": None, "NaN": None, "NaT": None, "NA": None, "<NA>": None, "True": True, "true": True,
    "False": False, "false": False, "inf": None, "np.nan": None, "numpy.nan": None, "pd.NaT": None, "pd.NA": None,
    "undefined": None, "nil": None,
}  # fmt: skip
_MESSAGE = re.compile(r"(AI|Human|System|Tool|Function|Assistant|User|Agent|Customer)Message(?:Chunk)?")
_SETTINGS = frozenset(("dtype", "tzinfo", "tz", "freq", "maxlen", "shape"))
_DEPTH, _MOST = 60, 2_000_000


def looks_printed(text: str) -> bool:
    """Does this text start as a printed value with brackets that JSON does not have?"""
    return _STARTS.match(text[:400]) is not None


def read_printed(text: str) -> Any:
    """The value that was printed. Raises ValueError: this is none, or it was cut short ("…")."""
    if len(text) > 64_000_000:
        raise ValueError("too long")
    reader = _Printed(text)
    value = reader.value(0)
    reader.skip()
    if reader.at < len(text):
        raise ValueError("something stands behind it")
    return value


class _Printed:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.values = 0

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def ahead(self) -> str:
        self.skip()
        return self.text[self.at : self.at + 1]

    def value(self, depth: int) -> Any:
        self.values += 1
        if depth > _DEPTH or self.values > _MOST:
            raise ValueError("nested too deep, or too long")
        mark = self.ahead()
        if mark == "[":
            return self._several("]", depth)
        if mark == "(":
            return self._several(")", depth)
        if mark == "{":
            return self._braces(depth)
        string = _STRING.match(self.text, self.at)
        if string is not None:
            return self._text(string)
        symbol = _SYMBOL.match(self.text, self.at) if mark == ":" else None
        if symbol is not None:  # Ruby
            self.at = symbol.end()
            return symbol[1]
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            self.at = number.end()
            plain = number[0].replace("_", "").rstrip("jLl")
            return float(plain) if any(sign in plain for sign in ".eE") else _integer(plain)
        enum = _ENUM.match(self.text, self.at) if mark == "<" else None
        if enum is not None:
            self.at = enum.end()
            return enum[2].strip().strip("'\"")
        name = _NAME.match(self.text, self.at)
        if name is None:
            raise ValueError("no value")
        self.at = name.end()
        if self.ahead() == "(":
            return self._called(name[0], depth)
        if name[0] in _CONSTANTS:
            return _CONSTANTS[name[0]]
        raise ValueError("a name that is no value")

    def _text(self, string: re.Match[str]) -> Any:
        parts: list[str] = []
        match: re.Match[str] | None = string
        while match is not None:  # two texts side by side are one
            self.at = match.end()
            raw = match[0]
            try:
                value = ast.literal_eval(raw.replace("\n", "\\n") if raw[-3:] not in ("'''", '"""') else raw)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                raise ValueError("a text that does not end") from None
            parts.append(value.decode("utf-8", "replace") if isinstance(value, bytes) else value)
            here = self.at
            self.skip()
            match = None if "\n" in self.text[here : self.at] else _STRING.match(self.text, self.at)
            self.at = self.at if match is not None else here
        return "".join(parts)

    def _several(self, close: str, depth: int) -> list[Any]:
        self.at += 1
        found: list[Any] = []
        while True:
            mark = self.ahead()
            if mark == close:
                self.at += 1
                return found
            if mark == "":
                raise ValueError("does not end")
            if mark == ",":  # numpy leaves them out
                self.at += 1
                continue
            found.append(self.value(depth + 1))

    def _braces(self, depth: int) -> Any:
        self.at += 1
        found: dict[Any, Any] = {}
        several: list[Any] = []
        while True:
            mark = self.ahead()
            if mark == "}":
                self.at += 1
                return several or found
            if mark == ",":
                self.at += 1
                continue
            key = self.value(depth + 1)
            arrow = self.ahead() == "=" and self.text.startswith("=>", self.at)
            if arrow or self.ahead() == ":":
                self.at += 2 if arrow else 1
                found[key if isinstance(key, str | int | float | bool | None) else str(key)] = self.value(
                    depth + 1
                )
            else:
                several.append(key)

    def _called(self, name: str, depth: int) -> Any:
        """`Name(…)`: what is in the brackets, as far as it is the value."""
        self.at += 1
        given: list[Any] = []
        named: dict[str, Any] = {}
        while True:
            mark = self.ahead()
            if mark == ")":
                self.at += 1
                break
            if mark == ",":
                self.at += 1
                continue
            key = _NAME.match(self.text, self.at)
            if key is not None:
                after = _SPACE.match(self.text, key.end())
                end = after.end() if after else key.end()
                if self.text[end : end + 1] == "=" and self.text[end + 1 : end + 2] != "=":
                    self.at = end + 1
                    if key[0] in _SETTINGS:
                        self._passed_over(depth)
                        continue
                    named[key[0]] = self.value(depth + 1)
                    continue
                if (
                    key[0].rpartition(".")[2] in ("list", "dict", "str", "int", "object", "float")
                    and self.text[end : end + 1] in ",)"
                ):
                    self.at = key.end()  # the type that a defaultdict makes
                    continue
            given.append(self.value(depth + 1))
        return _made(name.rpartition(".")[2], given, named)

    def _passed_over(self, depth: int) -> None:
        """A setting of a printed value: whatever stands up to the next comma or bracket."""
        here = self.at
        try:
            self.value(depth + 1)
        except ValueError:
            self.at = here
            match = re.compile(r"[^,()\[\]{}'\"]{0,80}(?:\([^()]{0,80}\))?").match(self.text, here)
            self.at = match.end() if match else here


def _integer(plain: str) -> int | float:
    if len(plain) > 400:
        raise ValueError("a number that is too long")
    return int(plain)


def _made(name: str, given: list[Any], named: dict[str, Any]) -> Any:
    if name in ("datetime", "date", "time") and given and all(isinstance(part, int) for part in given):
        return _moment(name, given)
    if name in ("OrderedDict", "dict", "defaultdict", "Counter", "mappingproxy"):
        found: dict[Any, Any] = {}
        for part in given:
            if isinstance(part, dict):
                found.update(part)
            elif isinstance(part, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in part):
                found.update({pair[0]: pair[1] for pair in part if isinstance(pair[0], str | int | float)})
        return {**found, **named}
    if named:
        message = _MESSAGE.fullmatch(name)
        if message and "role" not in named:
            named["role"] = message[1].casefold()
        return named
    if len(given) == 1 or (given and name in ("array", "Series", "deque")):
        return given[0]
    return given


def _moment(name: str, parts: list[int]) -> str:
    if name == "time":
        hour, minute, second = [*parts, 0, 0][:3]
        return f"{hour:02}:{minute:02}:{second:02}"
    year, month, day, hour, minute, second, micro = (
        [*parts, 0, 0, 0, 0][:7] if len(parts) >= 3 else [*parts, 1, 1, 0, 0, 0, 0][:7]
    )
    text = f"{year:04}-{month:02}-{day:02}"
    if name == "date":
        return text
    return f"{text} {hour:02}:{minute:02}:{second:02}" + (f".{micro:06}" if micro else "")


# --- rows of query engines ---


_ROW = re.compile(r"\{([^{}]*)\}")
_FIELD = re.compile(r"(?:^|, )([^\W\d]\w{0,60})=")


def read_rows(text: str) -> list[dict[str, Any]]:
    """Rows as Athena, Presto and Java print them, `[{role=agent, text=Hello, you}, …]`: cut where a key stands that all of
    the rows have.

    Raises ValueError: these are none.
    """
    rows = _ROW.findall(text)
    if not rows or re.fullmatch(r"\s*\[[\s,]*\]\s*", _ROW.sub("", text)) is None:
        raise ValueError("no rows")
    keys = set.intersection(*({match[1] for match in _FIELD.finditer(row)} for row in rows))
    if len(keys) < 2:
        raise ValueError("no rows with keys")
    found: list[dict[str, Any]] = []
    for row in rows:
        cuts = [match for match in _FIELD.finditer(row) if match[1] in keys]
        if len(cuts) != len(keys) or cuts[0].start():
            raise ValueError("a key comes twice")
        ends = [*(cut.start() for cut in cuts[1:]), len(row)]
        found.append({cut[1]: _bare(row[cut.end() : end]) for cut, end in zip(cuts, ends, strict=True)})
    return found


def _bare(text: str) -> Any:
    return None if text == "null" else _typed(text)


# --- PostgreSQL ---


def read_array(text: str) -> list[Any]:
    """The elements of an array of PostgreSQL, `{"(agent,\\"Hello\\")"}`: each a row of fields, or a text.

    Raises ValueError: this is none.
    """
    text = text.strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise ValueError("no array")
    elements, at = _fields(text, 1, "}")
    if at != len(text) or not elements:
        raise ValueError("no array")
    rows: list[Any] = []
    for element in elements:
        if element is None:
            continue
        if element.startswith("(") and element.endswith(")"):
            fields, end = _fields(element, 1, ")")
            if end == len(element):
                rows.append(["" if field is None else _typed(field) for field in fields])
                continue
        rows.append(element)
    return rows


def _typed(field: str) -> Any:
    return float(field) if re.fullmatch(r"-?\d{1,12}(?:\.\d{1,9})?", field) else field


def _fields(text: str, at: int, close: str) -> tuple[list[str | None], int]:
    """Fields between commas, with or without quotes, up to the bracket that closes them, and where it ends."""
    found: list[str | None] = []
    while at < len(text):
        if text[at] == close and not found:
            return found, at + 1
        if text[at] == '"':
            value, at = _quoted(text, at + 1)
            found.append(value)
        else:
            end = at
            while end < len(text) and text[end] not in (",", close):
                if text[end] in '{"':
                    raise ValueError("no plain field")
                end += 1
            plain = text[at:end]
            found.append(None if plain in ("NULL", "") else plain)
            at = end
        if at >= len(text):
            break
        if text[at] == close:
            return found, at + 1
        if text[at] != ",":
            raise ValueError("no comma")
        at += 1
        while at < len(text) and text[at].isspace():
            at += 1
    raise ValueError("does not end")


def _quoted(text: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while at < len(text):
        mark = text[at]
        if mark == "\\" and at + 1 < len(text):
            parts.append(text[at + 1])
            at += 2
        elif mark == '"':
            if text[at + 1 : at + 2] != '"':
                return "".join(parts), at + 1
            parts.append('"')
            at += 2
        else:
            parts.append(mark)
            at += 1
    raise ValueError("a text that does not end")
