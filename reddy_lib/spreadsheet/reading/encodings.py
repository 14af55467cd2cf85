"""The encoding of a text file, found before it is read: of all of it, or of its lines one by one.

The whole file is tried in an encoding before it is believed, so that reading cannot fail in the middle. Exports that were
put together from two programs mix two encodings; each line is then read in its own (`MixedDecoder`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from charset_normalizer import from_bytes

from reddy_lib.spreadsheet.reading.by_turns import encoding_of_others
from reddy_lib.spreadsheet.reading.decodings import (
    LEAST,
    Decoding,
    best_decodings,
    decoding_of,
    reads_like_language,
    rival_of,
)
from reddy_lib.spreadsheet.reading.surrogate_pairs import CESU_8
from reddy_lib.spreadsheet.reading.wrong_marks import behind_wrong_mark, own_encoding, wrong_mark

__all__ = [
    "BOMS",
    "decode_mixed",
    "decodes",
    "escaped_encoding",
    "find_encoding",
    "is_mixed",
    "is_valid",
    "likeliest_encoding",
    "rival_encoding",
    "wide_text",
]

_BLOCK = 1 << 20
_SAMPLE = 1 << 18
_FEW = 3
"""With fewer non-ASCII bytes, fall back to cp1252: here the user cannot be asked."""
BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARKS_OF_ESCAPES = (b"\x1b$", b"~{")
_ESCAPES: dict[bytes, tuple[str, ...]] = {
    b"\x1b$)C": ("iso2022_kr",),
    b"\x1b$": ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_2004"),
    b"~{": ("hz",),
}
"""Escape sequence → the 7-bit encodings that use it."""
# Encodings in which contact centres export; others would only give a detector more ways to be wrong.
_ENCODINGS = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "iso8859_2", "iso8859_15", "koi8_r",
    "cp437", "cp850", "mac_roman", "shift_jis", "cp932", "euc_jp", "gb18030", "big5", "euc_kr", "cp949",
]  # fmt: skip


def wide_text(head: bytes) -> str:
    """UTF-16 without a byte order mark: every second byte of Western text is zero."""
    if len(head) < 8:
        return ""
    even, odd = head[0:512:2], head[1:512:2]
    if odd.count(0) > 0.6 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.6 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return ""


def find_encoding(path: Path) -> str:
    """The encoding of a text file: by its byte order mark, else UTF-8 if all of it is, else the likeliest guess."""
    with path.open("rb") as file:
        head = file.read(4096)
    if (marked := _wrongly_marked(path, head)) and decodes(path, marked):
        return marked
    for bom, name in BOMS:
        if head.startswith(bom):
            if decodes(path, name):
                return name
            if bom == codecs.BOM_UTF8 and decodes(path, CESU_8):
                return CESU_8
            likeliest = _likeliest(path)
            if bom != codecs.BOM_UTF8 or is_mixed(likeliest):
                return likeliest
            return behind_wrong_mark(likeliest, "utf-8")
    wide = wide_text(head)
    if wide and decodes(path, wide):
        return wide
    escapes: set[bytes] = set()
    if decodes(path, "utf-8", escapes):
        return _escaped(path) if escapes else "utf-8"
    return CESU_8 if decodes(path, CESU_8) else _likeliest(path)


def _wrongly_marked(path: Path, head: bytes) -> str:
    """Return the name of the encoding of a text that begins with the mark of another; "" where the mark is right."""
    if mark := wrong_mark(head):
        utf8 = behind_wrong_mark("utf-8", mark)
        if decodes(path, utf8):
            return utf8
        sample = _interesting(path).removeprefix(head[:2])
        return behind_wrong_mark(
            _of_sample(sample, lambda name: decodes(path, behind_wrong_mark(name, mark))), mark
        )
    for bom, right in (
        (codecs.BOM_UTF8, ""),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(bom) and (wide := wide_text(head[len(bom) :])) and wide != right:
            return behind_wrong_mark(wide, "utf-16" if right else "utf-8")
    return ""


def rival_encoding(path: Path, encoding: str | None) -> str:
    """Return another encoding in which a text file reads as well as in this one, its likeliest; "" where none does."""
    encoding = own_encoding(encoding)
    if encoding in (None, "utf-8", CESU_8, *(name for _, name in BOMS)) or is_mixed(encoding):
        return ""
    sample = _interesting(path)
    best = best_decodings(sample, lambda name: decodes(path, name))
    if encoding != _of_best(best, sample, lambda name: decodes(path, name)):
        return ""  # chosen by hand, or detected by its zero bytes
    chosen = next((one for one in best if one.encoding == encoding), None)
    rival = rival_of(best, chosen or decoding_of(sample, encoding))
    return rival or encoding_of_others(sample.splitlines(), str(encoding))


def likeliest_encoding(data: bytes) -> str:
    """Return the likeliest encoding of a whole text that is not UTF-8."""
    sample = b"".join(line for line in data.splitlines(keepends=True) if not line.isascii())
    best = best_decodings(sample[: 4 * _SAMPLE], lambda encoding: is_valid(data, encoding))
    return best[0].encoding if best and best[0].score >= LEAST and best[0].marked >= _FEW else "cp1252"


def _escaped(path: Path) -> str:
    with path.open("rb") as file:
        return escaped_encoding(file, lambda encoding: decodes(path, encoding))


def escaped_encoding(lines: Iterable[bytes], fits: Callable[[str], bool]) -> str:
    """Return the encoding of seven bits whose escapes are in the lines of a text; "utf-8" where all is plain.

    `fits`: whether all of the text is valid in an encoding.
    """
    escaped = [line for line in lines if any(mark in line for mark in _MARKS_OF_ESCAPES)]
    for escape, encodings in _ESCAPES.items():
        sample = b"".join(line for line in escaped if escape in line)[:_SAMPLE]
        for encoding in encodings if sample else ():
            # What a program writes between such marks for its own purposes reads like no language.
            if fits(encoding) and reads_like_language(sample.decode(encoding, "ignore")) >= LEAST:
                return encoding
    return "utf-8"


def decodes(path: Path, encoding: str, escapes: set[bytes] | None = None) -> bool:
    """Return whether the whole file is valid in an encoding; `escapes` takes what may begin other letters of seven bits.

    Raises:
        LookupError: there is no such encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
                if escapes is not None:
                    # One byte is looked for much faster than two, and hardly a text has it.
                    escapes.update(mark for mark in _MARKS_OF_ESCAPES if mark[:1] in block and mark in block)
            decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _likeliest(path: Path) -> str:
    with path.open("rb") as file:
        return _mixed(_lines(iter(lambda: file.read(_BLOCK), b""))) or _of_sample(
            _interesting(path), lambda encoding: decodes(path, encoding)
        )


def _of_sample(sample: bytes, fits: Callable[[str], bool]) -> str:
    """Return the likeliest encoding of some lines; `fits`: whether all of the text is valid in an encoding."""
    return _of_best(best_decodings(sample, fits), sample, fits)


def _of_best(best: Sequence[Decoding], sample: bytes, fits: Callable[[str], bool]) -> str:
    if best and best[0].score >= LEAST:
        return best[0].encoding
    # A few accents are too little for statistics, and Western European exports are by far the most common.
    if not fits("cp1252") or not _reads_western(sample.decode("cp1252", errors="replace")):
        for match in from_bytes(sample, cp_isolation=_ENCODINGS, threshold=0.3):
            if fits(match.encoding):
                return str(match.encoding)
    return "cp1252" if fits("cp1252") else "latin-1"


def _reads_western(text: str) -> bool:
    """Are the marks beyond ASCII single accented letters inside Latin words? Other scripts come in whole words of
    them, and Central European letters come out as signs in the middle of words (`³`, `¿`)."""
    accented = sum(len(run) for run in _ACCENTED.findall(text))
    doubtful = sum(len(run) for run in _ACCENTED.findall(text) if len(run) > 2) + len(
        _SIGN_IN_WORD.findall(text)
    )
    return doubtful <= 0.1 * accented + 1


_ACCENTED = re.compile(r"[À-ÖØ-öø-ÿŒœŠšŽžŸ]+")
_SIGN_IN_WORD = re.compile(r"(?<=[^\W\d_])[¡-©«-¯±-¹»-¿×÷†‡ƒ](?=[^\W\d_])")


# Two encodings in one text

_BETWEEN = " or "
_WIDE_LETTERS = frozenset(("shift_jis", "cp932", "euc_jp", "gb18030", "big5", "euc_kr", "cp949"))
_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
_LAST_ASCII = re.compile(rb".*[\x00-\x7f]", re.DOTALL)


def is_mixed(encoding: str | None) -> bool:
    """Return whether an encoding is the name of two, of which each line has one."""
    return _BETWEEN in (encoding or "")


def decode_mixed(data: bytes) -> str | None:
    """Return a text whose lines are of two encodings; None where it is of one."""
    encoding = _mixed(_lines([data]))
    return data.decode(encoding) if encoding else None


def _lines(blocks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield whole lines, those of a block at a time; a line that does not end is cut behind an ASCII character."""
    rest = b""
    for block in blocks:
        rest += block
        end = rest.rfind(b"\n") + 1
        if not end and len(rest) > _BLOCK:
            cut = _LAST_ASCII.match(rest)
            end = cut.end() if cut else len(rest)
        if end:
            yield rest[:end].splitlines(keepends=True)
            rest = rest[end:]
    if rest:
        yield rest.splitlines(keepends=True)


def _mixed(blocks: Iterable[list[bytes]]) -> str:
    """Return the name of the two encodings that the lines of a text have; "" where they have one, or none is UTF-8.

    The first of them is that of most lines: a line that would be valid in both is of that one. A line of the rarer one
    is UTF-8 only where it says something that the other can write too: two signs of Windows beside one another may
    happen to be valid UTF-8, but of a letter of another alphabet.
    """
    valid: list[bytes] = []
    odd: list[bytes] = []
    counts = [0, 0]
    sizes = [0, 0]
    for lines in blocks:
        for line in lines:
            if line.removeprefix(codecs.BOM_UTF8).isascii():
                continue
            place = int(not _is_utf8(line))
            counts[place] += 1
            if sizes[place] < _SAMPLE:
                (valid, odd)[place].append(line)
                sizes[place] += len(line)
    if not odd or not (valid or any(map(_has_both, odd))):
        return ""
    bare = b"".join(_SEQUENCE.sub(b"", line) if _has_both(line) else line for line in odd)
    legacy = _of_sample(bare, lambda encoding: is_valid(bare, encoding))
    if counts[0] >= counts[1] or not valid:
        return f"utf-8{_BETWEEN}{legacy}"
    if legacy in _WIDE_LETTERS or not any(_writes(line, legacy) for line in valid):
        return ""
    return f"{legacy}{_BETWEEN}utf-8"


def _has_both(line: bytes) -> bool:
    """Return whether most of a line that is not UTF-8 is: its cells are of both, or the whole text is one line."""
    return len(_SEQUENCE.findall(line)) > len(_HIGH.findall(_SEQUENCE.sub(b"", line)))


def _is_utf8(data: bytes) -> bool:
    return is_valid(data, "utf-8")


def is_valid(data: bytes, encoding: str) -> bool:
    """Return whether a whole text is valid in an encoding."""
    try:
        data.decode(encoding)
    except UnicodeError:
        return False
    return True


def _writes(line: bytes, encoding: str) -> bool:
    """Return whether an encoding can write what a line says in UTF-8."""
    try:
        line.decode().encode(encoding)
    except UnicodeError:
        return False
    return True


class MixedDecoder(codecs.IncrementalDecoder):
    """Decodes each line in one of two encodings. `first`, `second`: that of most lines, and the other."""

    def __init__(self, first: str, second: str, errors: str = "strict") -> None:
        super().__init__(errors)
        self._utf8_first = first == "utf_8"
        self._legacy = second if self._utf8_first else first
        self._rest = b""
        self._begun = False

    def decode(self, input: Any, final: bool = False) -> str:
        """Return the text of the lines that are whole by now."""
        data = self._rest + bytes(input)
        if not self._begun and data:
            self._begun = final or len(data) > len(codecs.BOM_UTF8)
            data = data.removeprefix(codecs.BOM_UTF8)
        end = len(data) if final else data.rfind(b"\n") + 1
        if not end and len(data) > _BLOCK:
            cut = _LAST_ASCII.match(data)
            end = cut.end() if cut else len(data)
        whole, self._rest = data[:end], data[end:]
        if self._utf8_first:
            try:
                return whole.decode()
            except UnicodeDecodeError:
                pass
        return "".join(map(self._line, whole.splitlines(keepends=True)))

    def reset(self) -> None:
        """Forget what was not a whole line yet."""
        self._rest, self._begun = b"", False

    def getstate(self) -> tuple[bytes, int]:
        """Return what was not a whole line yet."""
        return self._rest, int(self._begun)

    def setstate(self, state: tuple[Any, int]) -> None:
        """Go on from an earlier state."""
        self._rest, self._begun = bytes(state[0]), bool(state[1])

    def _line(self, line: bytes) -> str:
        if line.isascii():
            return line.decode("ascii")
        if _is_utf8(line):
            own = self._utf8_first or _writes(line, self._legacy)
            return line.decode() if own else line.decode(self._legacy, "replace")
        if not self._utf8_first or not _has_both(line):
            return line.decode(self._legacy, "replace")
        text: list[str] = []
        place = 0
        for match in _SEQUENCE.finditer(line):
            text += [
                line[place : match.start()].decode(self._legacy, "replace"),
                match[0].decode("utf-8", "replace"),
            ]
            place = match.end()
        return "".join(text) + line[place:].decode(self._legacy, "replace")


def _codec(name: str) -> codecs.CodecInfo | None:
    """Return the codec of a name as `find_encoding` makes it, which Python asks for in plain letters."""
    first, between, second = name.partition("_or_")
    if not between or "utf_8" not in (first, second):
        return None

    class Decoder(MixedDecoder):
        def __init__(self, errors: str = "strict") -> None:
            super().__init__(first, second, errors)

    def decode(data: Any, errors: str = "strict") -> tuple[str, int]:
        return Decoder(errors).decode(data, final=True), len(data)

    return codecs.CodecInfo(
        codecs.utf_8_encode, decode, incrementaldecoder=Decoder, name=name.replace("_or_", _BETWEEN)
    )


codecs.register(_codec)


def _interesting(path: Path) -> bytes:
    """Lines with something in them besides ASCII, up to `_SAMPLE` bytes."""
    kept: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        for line in iter(lambda: file.readline(_BLOCK), b""):
            if not line.isascii():
                kept.append(line)
                size += len(line)
                if size > _SAMPLE:
                    break
    return b"".join(kept)[: 4 * _SAMPLE]
