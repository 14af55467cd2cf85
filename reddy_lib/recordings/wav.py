"""Read the header of a wav file: which bytes are samples, and how a sample is stored.

It is read here and not by the decoder, because two things have to be exact to the byte: the length that the header
declares (which the file lacks if the recorder crashed), and where silence is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO

import msgspec

__all__ = ["NotWav", "Wav", "copy_samples", "has_more_samples", "read_wav"]

PCM, FLOAT, ALAW, MULAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_UNKNOWN = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFE)  # what recorders write before they know the length
_GUID = bytes.fromhex("000000001000800000aa00389b71")[2:]  # follows the format in an extensible header
_MOST_CHUNKS = 10_000
_LONGEST = 0xFFFFFFFF - 1_000  # bytes of samples for which a header of four bytes is enough
_STEP = 1 << 20


class NotWav(Exception):
    """It is not a wav file, or its header cannot be read; the message is a sentence for people."""


class Wav(msgspec.Struct, frozen=True):
    """The header of a wav file.

    Attributes:
        form: 1 PCM, 3 float, 6 A-law, 7 µ-law, else another.
        channels, rate: as the header says; rate in samples per second of each channel.
        bits: of one sample as it is stored.
        block: bytes of one sample of all channels.
        byte_rate: bytes a second, as the header says.
        begin: position of the first sample's first byte.
        promised: bytes of samples according to the header; None if it leaves that open.
        present: bytes of samples that are in the file.
        described: the body of the `fmt ` chunk.
    """

    form: int
    channels: int
    rate: int
    bits: int
    block: int
    byte_rate: int
    begin: int
    promised: int | None
    present: int
    described: bytes = b""

    @property
    def consistent(self) -> bool:
        """Return whether the header's numbers agree. Always True for compressed formats, which have their own rules."""
        if self.form not in (PCM, FLOAT, ALAW, MULAW):
            return True
        return (
            self.block == self.channels * ((self.bits + 7) // 8) and self.byte_rate == self.rate * self.block
        )


def read_wav(file: IO[bytes]) -> Wav:
    """Read the header of a wav file; this moves the position of `file`. Raises NotWav."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
        raise NotWav("It does not begin like a wav file.")
    form: bytes | None = None
    long_size: int | None = None
    place = 12
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        header = file.read(8)
        if len(header) < 8:
            break
        name, size = header[:4], int.from_bytes(header[4:], "little")
        if name == b"ds64":
            long_size = int.from_bytes(file.read(16)[8:16], "little")
        elif name == b"fmt ":
            form = file.read(min(size, 40))
        elif name == b"data":
            if form is None or len(form) < 16:
                break
            return _wav(form, place + 8, size, long_size, end)
        place += 8 + size + size % 2
        if place >= end:
            break
    raise NotWav("It is a wav file without samples, or its header is cut off.")


def copy_samples(file: IO[bytes], wav: Wav, copy: IO[bytes]) -> None:
    """Copy only the samples of a WAV file to a new WAV file.

    Comments, cue points, pictures and whatever follows the samples may tell what was said; they are left out.
    """
    size = wav.present if wav.promised is None else wav.promised
    described = (
        b"fmt " + len(wav.described).to_bytes(4, "little") + wav.described + b"\0" * (len(wav.described) % 2)
    )
    if size <= _LONGEST:
        head = b"RIFF" + (4 + len(described) + 8 + size + size % 2).to_bytes(4, "little") + b"WAVE"
        copy.write(head + described + b"data" + size.to_bytes(4, "little"))
    else:
        whole = 4 + 8 + 28 + len(described) + 8 + size + size % 2
        sizes = (whole, size, size // wav.block)
        long = (
            b"ds64"
            + (28).to_bytes(4, "little")
            + b"".join(one.to_bytes(8, "little") for one in sizes)
            + bytes(4)
        )
        copy.write(b"RF64" + b"\xff" * 4 + b"WAVE" + long + described + b"data" + b"\xff" * 4)
    file.seek(wav.begin)
    for part in _parts(file, wav.present):
        copy.write(part)
    if wav.present == size and size % 2:
        copy.write(b"\0")


def _parts(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0 and (part := file.read(min(size, _STEP))):
        size -= len(part)
        yield part


def has_more_samples(file: IO[bytes], wav: Wav) -> bool:
    """Return whether more samples follow those of the header, or another wav file: programs differ in which they play."""
    end = file.seek(0, os.SEEK_END)
    if wav.promised is None:
        return False
    place = wav.begin + wav.promised + wav.promised % 2
    for _ in range(_MOST_CHUNKS):
        if place + 8 > end:
            return False
        file.seek(place)
        header = file.read(8)
        if header[:4] in (b"data", b"RIFF", b"RF64", b"BW64"):
            return True
        size = int.from_bytes(header[4:], "little")
        place += 8 + size + size % 2
    return False


def _wav(form: bytes, begin: int, size: int, long_size: int | None, end: int) -> Wav:
    def number(at: int, length: int) -> int:
        return int.from_bytes(form[at : at + length], "little")

    kind, channels, rate, byte_rate = number(0, 2), number(2, 2), number(4, 4), number(8, 4)
    block, bits = number(12, 2), number(14, 2)
    if kind == EXTENSIBLE and len(form) >= 40 and form[28:40] == _GUID:
        kind = number(24, 2)
    if not channels or not rate or not block:
        raise NotWav("Its header has a zero where that is not possible.")
    promised: int | None = size
    if long_size is not None and size == 0xFFFFFFFF:
        promised = long_size
    elif size in _UNKNOWN and end - begin != size:
        promised = None
    present = end - begin if promised is None else min(promised, end - begin)
    return Wav(kind, channels, rate, bits, block, byte_rate, begin, promised, max(present, 0), form)
