"""UTF-8 in which characters beyond U+FFFF are two halves of three bytes each (CESU-8), as databases export emoji.

Python refuses the halves, so a file with one emoji would be read as two encodings, or as another one.
"""

from __future__ import annotations

import codecs
import re
from typing import Any

__all__ = ["CESU_8"]

CESU_8 = "cesu-8"
"""The name of the encoding. Plain UTF-8 is valid in it too."""

_LAST_ASCII = re.compile(rb".*[\x00-\x7f]", re.DOTALL)
_PAIR = re.compile("([\ud800-\udbff])([\udc00-\udfff])")
_HALF = re.compile("[\ud800-\udfff]")


def _joined(pair: re.Match[str]) -> str:
    return chr(0x10000 + ((ord(pair[1]) - 0xD800) << 10) + (ord(pair[2]) - 0xDC00))


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogatepass")
        return _HALF.sub("\ufffd", _PAIR.sub(_joined, text))


class _Decoder(codecs.IncrementalDecoder):
    """Decodes what ends with an ASCII character, so that no half is parted from the other."""

    def __init__(self, errors: str = "strict") -> None:
        super().__init__(errors)
        self._rest = b""

    def decode(self, input: Any, final: bool = False) -> str:
        data = self._rest + bytes(input)
        last = None if final else _LAST_ASCII.match(data)
        end = len(data) if final else last.end() if last else 0
        self._rest = data[end:]
        return _text(data[:end])

    def reset(self) -> None:
        self._rest = b""

    def getstate(self) -> tuple[bytes, int]:
        return self._rest, 0

    def setstate(self, state: tuple[Any, int]) -> None:
        self._rest = bytes(state[0])


def _codec(name: str) -> codecs.CodecInfo | None:
    if name not in ("cesu-8", "cesu_8"):
        return None

    def decode(data: Any, errors: str = "strict") -> tuple[str, int]:
        return _text(bytes(data)), len(data)

    return codecs.CodecInfo(codecs.utf_8_encode, decode, incrementaldecoder=_Decoder, name=CESU_8)


codecs.register(_codec)
