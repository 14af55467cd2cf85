"""Decode a recording into blocks of sound, with bounded memory.

Only the decoder of a given format is used. The library's own guess is never used: it knows playlists, which open other
files and URLs. Blocks are merged in pairs when they become too many, so that memory is the same for a minute and for a
day.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from reddy_lib.recordings.audio_formats import FORMATS

__all__ = ["DecodedFacts", "Samples", "Sound", "decode"]

LONGEST = 86_400.0
"""Seconds of one recording that are decoded; the rest is ignored, with a finding."""
_MOST_SAMPLES = 86_400 * 48_000 * 2  # of all channels: a small file can have any number of them
_MOST_BLOCKS = 1 << 17
_FIRST_BLOCK = 0.005  # seconds
_AT_ONCE = 1 << 15  # samples of each side
_GAP = 0.05  # seconds: less is rounding, or the encoder's delay
_SILENT = 1e-3  # peak of a silent side (-60 dB)
_FAINT = 1e-2  # of the louder side's power: a quieter side is only crosstalk


class Sound:
    """Decoded sound, as blocks of equal length: lowest and highest sample and power of each of the first two channels."""

    def __init__(self) -> None:
        self.channels = 0
        self.rate = 0
        self.seconds = self.begins = 0.0
        self.tracks = 1
        self.samples = 0
        self.left_right = 0.0  # sum of the product of the two sides
        self.square = np.zeros(2)
        self.peak = np.zeros(2)
        self._block = 1
        self._rest: NDArray[np.float32] = np.zeros((1, 0), np.float32)
        self._blocks: list[NDArray[np.float32]] = []  # each: 3 (low, high, mean square) × channels × blocks
        self._count = 0
        self._waiting: list[NDArray[np.float32]] = []
        self._long = 0  # samples that wait, of each side
        self._finished: NDArray[np.float32] | None = None

    def add(self, samples: NDArray[np.float32], rate: int) -> None:
        """Add decoded samples: channels × samples."""
        if not self.channels:
            self.channels, self.rate = len(samples), rate
            self._block = max(1, round(rate * _FIRST_BLOCK))
            self._rest = np.zeros((min(self.channels, 2), 0), np.float32)
        heard = samples[:2]
        self.seconds += samples.shape[1] / rate
        self.samples += samples.size
        if len(heard) != len(self._rest):  # the number of sides changed in the middle
            heard = heard[[0] * len(self._rest)]
        # Collected first: a decoder returns 20 ms at a time, for which a call of NumPy would cost more than its work.
        self._waiting.append(heard)
        self._long += heard.shape[1]
        if self._long >= max(self._block, _AT_ONCE):
            self._take()

    def _take(self) -> None:
        """Add what was collected to the sums and the blocks; less than a block stays as the rest."""
        if not self._waiting:
            return
        heard = np.concatenate(self._waiting, axis=1)
        self._waiting, self._long = [], 0
        sides = len(heard)
        if heard.shape[1]:
            peak = np.maximum(heard.max(axis=1), -heard.min(axis=1))
            self.peak[:sides] = np.maximum(self.peak[:sides], peak)
        # Not a matrix product, which would start threads for every small array.
        self.square[:sides] += np.einsum("ij,ij->i", heard, heard, dtype=np.float64)
        if sides == 2:
            self.left_right += float(np.einsum("i,i->", heard[0], heard[1], dtype=np.float64))
        joined = np.concatenate((self._rest, heard), axis=1)
        whole = joined.shape[1] // self._block
        if whole:
            self._keep(joined[:, : whole * self._block], whole)
        self._rest = joined[:, whole * self._block :]

    def _keep(self, joined: NDArray[np.float32], whole: int) -> None:
        # The short axis first: NumPy is fast along the long one.
        cut = np.ascontiguousarray(joined.reshape(len(joined), whole, self._block).transpose(0, 2, 1))
        power = np.einsum("ijk,ijk->ik", cut, cut) / np.float32(self._block)
        self._blocks.append(np.stack((cut.min(axis=1), cut.max(axis=1), power)))
        self._count += whole
        while self._count > _MOST_BLOCKS:
            every = np.concatenate(self._blocks, axis=2)
            even = every.shape[2] // 2 * 2
            first, second = every[:, :, :even:2], every[:, :, 1:even:2]
            merged = np.stack(
                (np.minimum(first[0], second[0]), np.maximum(first[1], second[1]), (first[2] + second[2]) / 2)
            )
            if (
                even < every.shape[2]
            ):  # the odd one becomes the second half of a block whose first half is silent
                merged = np.concatenate((merged, every[:, :, even:]), axis=2)
            self._blocks = [merged]
            self._count = merged.shape[2]
            self._block *= 2

    @property
    def blocks(self) -> NDArray[np.float32]:
        """Return low, high and mean square: 3 × sides × blocks. Nothing can be added afterwards."""
        if self._finished is None:
            self._take()
            if self._rest.shape[1]:
                rest = self._rest[:, None, :]
                self._blocks.append(
                    np.stack((rest.min(axis=2), rest.max(axis=2), (rest * rest).mean(axis=2)))
                )
            self._finished = np.concatenate(self._blocks, axis=2)
        return self._finished

    @property
    def block_seconds(self) -> float:
        """Return the length of a block."""
        return self._block / self.rate

    def waveform(self, buckets: int) -> list[list[tuple[float, float]]]:
        """Return (lowest, highest) sample of each bucket, for each side."""
        low, high, _ = self.blocks
        count = low.shape[1]
        starts = np.unique(np.arange(max(1, min(buckets, count))) * count // max(1, min(buckets, count)))
        lows = np.minimum.reduceat(low, starts, axis=1)
        highs = np.maximum.reduceat(high, starts, axis=1)
        return [
            [(round(float(a), 4), round(float(b), 4)) for a, b in zip(below, above, strict=True)]
            for below, above in zip(lows, highs, strict=True)
        ]

    @property
    def silent_sides(self) -> list[int]:
        """Return which of the first two channels are silent: absolutely, or compared with the other."""
        self._take()
        sides = len(self._rest)
        loudest = float(self.square[:sides].max())
        return [
            side
            for side in range(sides)
            if self.peak[side] < _SILENT or self.square[side] < _FAINT**2 * loudest
        ]

    @property
    def last_heard(self) -> float:
        """Return when the last sound ends that is not much quieter than the loudest, in seconds."""
        loud = self.blocks[2].max(axis=0)
        heard = np.flatnonzero(loud > max(float(loud.max()) * 1e-3, 1e-7))
        return min(self.seconds, (int(heard[-1]) + 1) * self.block_seconds) if heard.size else 0.0


class Samples(Protocol):
    """What decoded samples are added to.

    Attributes:
        begins: when the first of them begins by the file's own clock, in seconds; set by `decode`.
        tracks: of sound that the file has, of which the first is decoded; set by `decode`.
        seconds, samples: what was added so far; samples of all channels.
    """

    begins: float
    channels: int
    seconds: float
    samples: int
    tracks: int

    def add(self, samples: NDArray[np.float32], rate: int) -> None:
        """Add decoded samples: channels × samples between -1 and 1, at `rate` a second."""
        ...


class DecodedFacts(msgspec.Struct):
    """What the decoder says of a file.

    Attributes:
        opened: it could be opened, and has a stream of sound.
        width: bytes of one sample where samples are stored as they are.
        faults: packets that could not be decoded.
        stopped: it is longer than `LONGEST`, and was not decoded to its end.
        changed: the number of channels changes in the middle.
    """

    opened: bool = False
    codec: str = ""
    width: int | None = None
    header_seconds: float | None = None
    faults: int = 0
    stopped: bool = False
    changed: bool = False


def decode(file: IO[bytes], kind: str, sound: Samples) -> DecodedFacts:
    """Decode the first stream of sound into `sound`. What cannot be decoded is counted.

    Where the file's times leave a gap, there is silence of that length, as a player has it: recorders write nothing while
    everyone is silent, and a part may be damaged. So each second stays where it was.
    """
    import av  # its libraries are large, so they are loaded only when a recording is inspected

    facts = DecodedFacts()
    file.seek(0)
    try:
        # With a fixed format, no other reader of the library is tried (playlists!); it can open no protocol either.
        options = {"protocol_whitelist": "none"} | ({"max_size": "65536"} if kind == "wav" else {})
        container = av.open(_Plain(file), "r", format=FORMATS[kind][0], options=options)
    except (av.FFmpegError, ValueError, UnicodeError):
        return facts
    with container:
        if not container.streams.audio:
            return facts
        sound.tracks = len(container.streams.audio)
        stream = container.streams.audio[0]
        context: Any = stream.codec_context
        if context is None:  # a codec that the library does not know
            return facts
        facts.opened = True
        facts.codec = context.codec.canonical_name
        if stream.duration is not None and stream.time_base is not None and stream.duration > 0:
            facts.header_seconds = float(stream.duration * stream.time_base)
        elif container.duration is not None and container.duration > 0:
            facts.header_seconds = container.duration / 1_000_000
        if facts.codec.startswith("pcm_") and context.format is not None:
            facts.width = context.format.bytes
        zero: float | None = None
        for samples, rate, at in _frames(av, container, stream, facts):
            if sound.channels and len(samples) != sound.channels:
                facts.changed = True
            if zero is None and at is not None:
                zero = sound.begins = at
            gap = 0.0 if at is None or zero is None else min(at - zero, LONGEST) - sound.seconds
            while gap > _GAP:
                some = min(gap, 1.0)
                sound.add(np.zeros((len(samples), max(1, round(some * rate))), np.float32), rate)
                gap -= some
            sound.add(samples, rate)
            if sound.seconds > LONGEST or sound.samples > _MOST_SAMPLES:
                facts.stopped = True
                break
    return facts


class _Plain:
    """The file as the decoder may use it: to read and seek, nothing else. It has no name, and is not closed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        return self._file.seek(place, whence)

    def tell(self) -> int:
        return self._file.tell()


def _frames(
    av: Any, container: Any, stream: Any, facts: DecodedFacts
) -> Iterator[tuple[NDArray[np.float32], int, float | None]]:
    """Yield (channels × samples between -1 and 1, rate, time in seconds) by frame. Faults are counted and skipped."""
    packets = container.demux(stream)
    in_a_row = 0
    while in_a_row < 1_000:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, ValueError):
            facts.faults += 1
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
            in_a_row = 0
        except av.FFmpegError as error:
            if isinstance(error, av.error.EOFError):
                return
            facts.faults += 1
            in_a_row += 1
            continue
        for frame in frames:
            if frame.samples and frame.sample_rate:
                yield _normal(frame), frame.sample_rate, frame.time


def _normal(frame: Any) -> NDArray[np.float32]:
    """Return a frame as channels × samples between -1 and 1."""
    data: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        data = data.reshape(-1, frame.layout.nb_channels).T
    sound: NDArray[np.float32] = data.astype(
        np.float32, order="C"
    )  # one side after the other: sums run along a side
    if data.dtype == np.uint8:
        return (sound - np.float32(128)) / np.float32(128)
    if data.dtype.kind == "i":
        return sound / np.float32(-float(np.iinfo(data.dtype).min))
    return np.nan_to_num(sound, nan=0.0, posinf=1.0, neginf=-1.0)
