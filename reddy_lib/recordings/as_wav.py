"""Write a recording of any format as a wav file of 16 bits, in which single seconds can be silenced or cut out.

In mp3, m4a or ogg, a second cannot be changed without changing the sound around it.

What counts is that each second stays where it was. Where a part is lost and the file's times do not tell how much, the
recording is refused: all that comes after would be at other seconds than its transcript says. So is one that begins
late: some players wait until then, others begin at once. Of several tracks, nothing tells which are played.
"""

from __future__ import annotations

import io
import math
import os
import struct
from typing import IO

import numpy as np
from numpy.typing import NDArray

from reddy_lib.errors import RecordingError
from reddy_lib.recordings.audio_formats import recognised
from reddy_lib.recordings.decoding import decode

__all__ = ["cut_as_wav", "write_as_wav"]

MOST_BYTES = 0xFFFFFFFF - 1024
"""Of samples: the header of a wav states their length in 32 bits."""
_WIDTH = 2
_HEADER = 44
_NEVER = 1e9  # seconds: no recording is so long
_LATE = 0.5  # seconds: less is the encoder's delay, which is long at low rates


class _Enough(Exception):
    """The part that was asked for is complete."""


class _Samples:
    """What a decoder fills: the samples from `first` to `last` seconds, written to `out` after a header."""

    def __init__(self, out: IO[bytes], first: float = 0.0, last: float = math.inf) -> None:
        self.out, self.first, self.last = out, first, last
        self.channels = self.rate = self.samples = self.written = 0
        self.seconds = self.begins = 0.0
        self.tracks = 1
        self.steady = True
        out.write(bytes(_HEADER))

    def add(self, samples: NDArray[np.float32], rate: int) -> None:
        """Add decoded samples; see `decoding.Samples`. Raises RecordingError, OSError."""
        if not self.channels:
            self.channels, self.rate = len(samples), rate
        self.steady = self.steady and (self.channels, self.rate) == (len(samples), rate)
        begin = round(self.seconds * self.rate)
        self.samples += samples.size
        self.seconds += samples.shape[1] / rate
        first = max(0, math.floor(self.first * self.rate) - begin)
        last = None if math.isinf(self.last) else max(0, math.ceil(self.last * self.rate) - begin)
        part = samples[:, first:last]
        if part.size:
            data = np.round(np.clip(part, -1.0, 1.0) * 32_767).astype("<i2").T.tobytes()
            self.written += len(data)
            if self.written > MOST_BYTES:
                raise RecordingError("It is too long for a wav file. Split it, and attach the parts.")
            self.out.write(data)
        if self.seconds >= self.last:
            raise _Enough

    def finish(self) -> None:
        """Write the header."""
        block = self.channels * _WIDTH
        head = struct.pack("<HHIIHH", 1, self.channels, self.rate, self.rate * block, block, 8 * _WIDTH)
        self.out.seek(0)
        self.out.write(b"RIFF" + struct.pack("<I", _HEADER - 8 + self.written) + b"WAVEfmt ")
        self.out.write(struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", self.written))


def write_as_wav(source: IO[bytes], out: IO[bytes]) -> None:
    """Decode a recording and write all of it to `out`, which can seek.

    Raises:
        RecordingError: the format is unknown, or something in the recording cannot be decoded. `out` is incomplete then.
        OSError: `out` cannot be written.
    """
    _write(source, _Samples(out))


def decoded_length(source: IO[bytes]) -> float:
    """Return how many seconds a recording has. Raises RecordingError as `write_as_wav`."""
    samples = _Samples(io.BytesIO(), _NEVER)
    _write(source, samples)
    return samples.seconds


def cut_as_wav(source: IO[bytes], out: IO[bytes], first: float, last: float) -> bool:
    """Write the part from `first` to `last` seconds; return whether the recording has any of it.

    Raises as `write_as_wav`.
    """
    samples = _Samples(out, first, last)
    _write(source, samples)
    return samples.written > 0


def _write(source: IO[bytes], samples: _Samples) -> None:
    kind = recognised(source, source.seek(0, os.SEEK_END))
    if not kind:
        raise RecordingError("Its format is unknown.")
    try:
        facts = decode(source, kind, samples)
    except _Enough:
        facts = None
    if not samples.channels:
        raise RecordingError("It cannot be decoded.")
    if samples.tracks > 1:
        raise RecordingError(
            f"It has {samples.tracks} audio tracks, often one for each speaker, and a copy would keep only the first."
        )
    if samples.begins > _LATE:
        raise RecordingError(
            f"Its audio begins at {samples.begins:.1f} s: some players wait until then, others skip the gap, so its "
            "seconds may not be those of the transcript."
        )
    if not samples.steady or (facts is not None and (facts.faults or facts.stopped)):
        raise RecordingError("Parts of it cannot be decoded, so its seconds are not those of the transcript.")
    samples.finish()
