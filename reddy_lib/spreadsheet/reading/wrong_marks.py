"""Text behind the byte order mark of another encoding, as joined exports have it: the mark is skipped, the text read."""

from __future__ import annotations

import codecs
from typing import Any

__all__ = ["behind_wrong_mark", "is_wrongly_marked", "own_encoding", "wrong_mark"]

_AFTER = " after the mark of "
_MARKS = {"utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), "utf-8": (codecs.BOM_UTF8,)}
_LEAST_ASCII = 0.5


def wrong_mark(head: bytes) -> str:
    """Return "utf-16" if a text begins with the mark of UTF-16 but is in another encoding, else "".

    Delimiters and line ends of UTF-16 hold a zero byte each, and text of one byte a character holds none.
    """
    rest = head[2:]
    if not head.startswith(_MARKS["utf-16"]) or not rest or 0 in rest:
        return ""
    plain = sum(byte < 128 for byte in rest)
    return "utf-16" if plain > _LEAST_ASCII * len(rest) else ""


def behind_wrong_mark(encoding: str, mark: str) -> str:
    """Return the name, which `open` knows, of an encoding whose text follows the mark of another."""
    return f"{encoding}{_AFTER}{mark}"


def is_wrongly_marked(encoding: str | None) -> bool:
    """Return whether an encoding is a name that `behind_wrong_mark` made."""
    return _AFTER in (encoding or "")


def own_encoding(encoding: str | None) -> str | None:
    """Return the encoding of the text itself, without what `behind_wrong_mark` says of its mark."""
    return encoding.partition(_AFTER)[0] if encoding else encoding


class _Unmarked(codecs.IncrementalDecoder):
    """Decodes what follows a mark."""

    def __init__(self, encoding: str, marks: tuple[bytes, ...], errors: str = "strict") -> None:
        super().__init__(errors)
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self._marks = marks
        self._begun = False

    def decode(self, input: Any, final: bool = False) -> str:
        data = bytes(input)
        if not self._begun and data:
            self._begun = True
            mark = next((mark for mark in self._marks if data.startswith(mark)), b"")
            data = data[len(mark) :]
        return self._decoder.decode(data, final)

    def reset(self) -> None:
        self._begun = False
        self._decoder.reset()

    def getstate(self) -> tuple[bytes, int]:
        rest, flag = self._decoder.getstate()
        return rest, flag * 2 + int(self._begun)

    def setstate(self, state: tuple[Any, int]) -> None:
        self._begun = bool(state[1] % 2)
        self._decoder.setstate((state[0], state[1] // 2))


def _codec(name: str) -> codecs.CodecInfo | None:
    encoding, after, mark = name.partition(_AFTER.replace(" ", "_"))
    if not after or mark.replace("_", "-") not in _MARKS:
        return None
    marks = _MARKS[mark.replace("_", "-")]

    class Decoder(_Unmarked):
        def __init__(self, errors: str = "strict") -> None:
            super().__init__(encoding, marks, errors)

    def decode(data: Any, errors: str = "strict") -> tuple[str, int]:
        return Decoder(errors).decode(data, final=True), len(data)

    whole = behind_wrong_mark(encoding, mark)
    return codecs.CodecInfo(codecs.utf_8_encode, decode, incrementaldecoder=Decoder, name=whole)


codecs.register(_codec)
