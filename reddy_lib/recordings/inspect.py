"""Looking inside a recording: what it is, how long it really is, who is on which side.

A file is recognised by its first bytes and then read by the decoder of *that* format alone. The decoder's own guess
is never asked: it knows playlists, which open other files and addresses. It is decoded to its end, in packets, so what is
told (seconds, waveform, sides) is what was heard and not what a header promises; memory stays the same for a minute and
for a day, because blocks of sound are merged in pairs when they become too many.

Nothing about the *content* of a file raises: an empty file, one that is no audio, one that is cut off are findings.
`speaker` is a proposal: "channels" where each side has its own speaker, "diarize" in all other cases, with the reason
in `why`; a channel map only where the transcript's times say clearly who is on which side.
"""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from reddy_lib.errors import RecordingError
from reddy_lib.findings import Finding, finding
from reddy_lib.model import Speaker, TranscriptLine
from reddy_lib.open_databases import refuse_open
from reddy_lib.recordings.audio_formats import FORMATS, recognised
from reddy_lib.recordings.file_names import ending_of, safe_name
from reddy_lib.recordings.wav import NotWav, Wav, read_wav

__all__ = ["Inspection", "inspect_recording"]

LONGEST = 86_400.0
"""Seconds that are decoded of one recording; what comes after is left unheard, with a finding."""
_MOST_SAMPLES = 86_400 * 48_000 * 2  # of all channels: a small file can promise, and give, any number of them
_MOST_BLOCKS = 1 << 17
_FIRST_BLOCK = 0.005  # seconds
_AT_ONCE = 1 << 15  # samples of each side

_SILENT = 1e-3  # peak of a side in which nothing is heard (-60 dB)
_FAINT = 1e-2  # of the louder side's power over the whole: beside it, what leaks through a line is no speaker
_SAME = 0.95  # correlation from which two sides are one signal, perhaps at two volumes
_LOUDER = 4.0  # power: a side that is 6 dB above the other has the word
_APART = 0.6  # share of the heard blocks in which one side has the word, where each speaker has a side
_TURNS = 0.02  # share of those that the rarer side must have
_SURE = 0.8  # share of the evidence, for each role, that has to agree on a channel map
_LEAST = 2.0  # seconds of evidence for each role

_ENDINGS = {
    ".wav": "wav", ".mp3": "mp3", ".aac": "aac", ".m4a": "m4a", ".mp4": "m4a", ".ogg": "ogg", ".oga": "ogg",
    ".opus": "ogg", ".flac": "flac", ".webm": "webm", ".mka": "webm", ".aif": "aiff", ".aiff": "aiff", ".amr": "amr",
    ".wma": "wma",
}  # fmt: skip


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a recording. Where it cannot be read, all but `name`, `size` and `findings` is empty.

    Attributes:
        name: base name of the file.
        size: bytes.
        format: "wav", "mp3", "m4a", "ogg", "flac", "webm", "aac", "aiff", "amr", "wma"; "" where it is none of these.
        codec: the decoder's name, "pcm_s16le", "opus", "aac"…
        channels: number of them.
        rate: samples per second.
        sample_width: bytes of one sample where samples are stored as they are (wav, aiff), else None.
        seconds: length as decoded.
        header_seconds: length as the header says, None where it does not.
        content_type: for the upload, by what is inside; the name's where nothing was recognised.
        waveform: one list a channel (at most two) of (lowest, highest) sample a bucket, -1 to 1; the buckets share the
            whole length evenly.
        speaker: proposal for `Call.speaker`.
        why: the reason for it, as a sentence.
        findings: without row; field "filename".
    """

    name: str
    size: int
    format: str = ""
    codec: str = ""
    channels: int = 0
    rate: int = 0
    sample_width: int | None = None
    seconds: float = 0.0
    header_seconds: float | None = None
    content_type: str = "application/octet-stream"
    waveform: list[list[tuple[float, float]]] = []
    speaker: Speaker = msgspec.field(default_factory=lambda: Speaker("diarize"))
    why: str = ""
    findings: list[Finding] = []

    def __repr__(self) -> str:
        if not self.format or not self.channels:
            return f"<Inspection {self.name!r} · cannot be read · {len(self.findings)} findings>"
        sides = {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")
        return (
            f"<Inspection {self.name!r} · {self.format} ({self.codec}) · {sides} · {self.rate:,} Hz · "
            f"{self.seconds:,.1f} s · {self.speaker.separation} · {len(self.findings)} findings>"
        )

    @property
    def readable(self) -> bool:
        """Was there sound in it that could be decoded?"""
        return self.seconds > 0


def inspect_recording(
    source: str | os.PathLike[str] | bytes | IO[bytes],
    *,
    name: str | None = None,
    lines: Sequence[TranscriptLine] | None = None,
    buckets: int = 400,
) -> Inspection:
    """What a recording is: a path, bytes, or an open binary file that can be wound (it is left open, position anywhere).

    `name`: what it is called, by default the source's own. `lines`: the call's transcript, with times in seconds that
    the source gave (estimated ones say nothing about a recording); with it, sides get roles and lengths are compared.
    `buckets`: points of the waveform (fewer for a very short file).

    Raises RecordingError: the file cannot be opened or read at all. What it holds never raises.
    """
    if isinstance(source, bytes):
        return _inspect(io.BytesIO(source), safe_name(name or "recording"), lines or (), buckets)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        refuse_open(path, RecordingError)
        try:
            with path.open("rb") as file:
                return _inspect(file, safe_name(name or path.name), lines or (), buckets)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise RecordingError(
                f"The recording {safe_name(path.name)} cannot be opened ({reason})."
            ) from None
    given = getattr(source, "name", "")
    try:
        return _inspect(
            source,
            safe_name(name or (given if isinstance(given, str) else "") or "recording"),
            lines or (),
            buckets,
        )
    except OSError as error:
        raise RecordingError(
            f"The recording cannot be read ({error.strerror or type(error).__name__})."
        ) from None


def _inspect(file: IO[bytes], name: str, lines: Sequence[TranscriptLine], buckets: int) -> Inspection:
    size = file.seek(0, os.SEEK_END)
    kind = recognised(file, size)
    expected = _ENDINGS.get(ending_of(name), "")
    by_name = FORMATS[expected][1] if expected else "application/octet-stream"
    if size == 0:
        said = [finding("recording-empty", "filename", f"{name} has no bytes at all.", value=name)]
        return Inspection(name=name, size=0, content_type=by_name, findings=said)
    if not kind:
        said = [_unreadable(name, "it is in no format that is known here")]
        return Inspection(name=name, size=size, content_type=by_name, findings=said)
    findings: list[Finding] = []
    if expected and expected != kind:
        message = f"{name} is called {ending_of(name)}, but is {kind} inside."
        findings.append(finding("recording-mislabelled", "filename", message, value=kind))
    if kind == "m4a" and _promises_too_much(file, size):
        said = [*findings, _unreadable(name, "it declares more samples than it has bytes")]
        return Inspection(name=name, size=size, format=kind, content_type=FORMATS[kind][1], findings=said)
    frame = _wav_frame(file) if kind == "wav" else None
    sound = _Sound()
    facts = _decode(file, kind, sound)
    seconds = sound.seconds
    if seconds <= 0:
        why = "it holds no sound at all" if facts.opened else "it cannot be decoded"
        said = [*findings, _unreadable(name, why)]
        return Inspection(
            name=name,
            size=size,
            format=kind,
            codec=facts.codec,
            content_type=FORMATS[kind][1],
            findings=said,
        )
    header = facts.header_seconds
    if frame is not None:
        # The promise is compared in the header's own terms, whatever the decoder makes of it.
        header = None if frame.promised is None else frame.promised / frame.block / frame.rate
        if facts.codec.startswith("adpcm") or not frame.consistent:
            header = facts.header_seconds
        if not frame.consistent:
            message = f"{name}: rate, channels and width in its header contradict each other."
            findings.append(finding("recording-mislabelled", "filename", message, value=name))
    findings += _against_header(name, seconds, header, facts, sound)
    findings += _heard(name, sound)
    speaker, why = _proposal(sound, lines)
    findings += _against_lines(name, sound, lines)
    return Inspection(
        name=name,
        size=size,
        format=kind,
        codec=facts.codec,
        channels=sound.channels,
        rate=sound.rate,
        sample_width=facts.width if frame is None else (frame.bits + 7) // 8 or None,
        seconds=round(seconds, 3),
        header_seconds=None if header is None else round(header, 3),
        content_type=FORMATS[kind][1],
        waveform=sound.waveform(buckets),
        speaker=speaker,
        why=why,
        findings=findings,
    )


# --- recognising and decoding ------------------------------------------------------------------------------


def _wav_frame(file: IO[bytes]) -> Wav | None:
    try:
        return read_wav(file)
    except NotWav:
        return None


_SAMPLE_TABLE = re.compile(rb"(?:stsz\x00{4}.{4}|stz2\x00{7}.|trun[\x00\x01]\x00.{2})(.{4})", re.DOTALL)
"""The tables of an .mp4 or .m4a that declare a sample count without listing each sample."""


def _promises_too_much(file: IO[bytes], size: int) -> bool:
    """Check the declared sample counts: the decoder allocates memory for them before it reads any sample."""
    file.seek(0)
    rest = b""
    while block := file.read(1 << 20):
        block = rest + block
        if any(int.from_bytes(found, "big") > size for found in _SAMPLE_TABLE.findall(block)):
            return True
        rest = block[-15:]
    return False


class _Facts(msgspec.Struct):
    opened: bool = False
    codec: str = ""
    width: int | None = None
    header_seconds: float | None = None
    faults: int = 0
    stopped: bool = False
    changed: bool = False


def _decode(file: IO[bytes], kind: str, sound: _Sound) -> _Facts:
    """All sound of the first audio stream into `sound`. What cannot be decoded is counted."""
    import av  # its libraries are large: only who looks into a recording loads them

    facts = _Facts()
    file.seek(0)
    try:
        # The format is given, so that no other reader of the library (playlists!) is tried; and no protocol is open to it.
        options = {"protocol_whitelist": "none"} | ({"max_size": "65536"} if kind == "wav" else {})
        container = av.open(_Plain(file), "r", format=FORMATS[kind][0], options=options)
    except (av.FFmpegError, ValueError, UnicodeError):
        return facts
    with container:
        if not container.streams.audio:
            return facts
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
        for samples, rate in _frames(av, container, stream, facts):
            if sound.channels and len(samples) != sound.channels:
                facts.changed = True
            sound.add(samples, rate)
            if sound.seconds > LONGEST or sound.samples > _MOST_SAMPLES:
                facts.stopped = True
                break
    return facts


class _Plain:
    """The file as the decoder may see it: reading and winding, nothing else; it has no name, and stays open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        return self._file.seek(place, whence)

    def tell(self) -> int:
        return self._file.tell()


def _frames(av: Any, container: Any, stream: Any, facts: _Facts) -> Iterator[tuple[NDArray[np.float32], int]]:
    """(channels × samples between -1 and 1, rate), a packet's worth at a time. Faults are counted and passed over."""
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
                yield _normal(frame), frame.sample_rate


def _normal(frame: Any) -> NDArray[np.float32]:
    """Channels × samples between -1 and 1."""
    data: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        data = data.reshape(-1, frame.layout.nb_channels).T
    sound: NDArray[np.float32] = data.astype(np.float32, order="C")  # side by side: sums run along a side
    if data.dtype == np.uint8:
        return (sound - np.float32(128)) / np.float32(128)
    if data.dtype.kind == "i":
        return sound / np.float32(-float(np.iinfo(data.dtype).min))
    return np.nan_to_num(sound, nan=0.0, posinf=1.0, neginf=-1.0)


# --- what was heard ----------------------------------------------------------------------------------------


class _Sound:
    """The sound in blocks of equal length: lowest, highest, power, for each of the first two channels."""

    def __init__(self) -> None:
        self.channels = 0
        self.rate = 0
        self.seconds = 0.0
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
        if not self.channels:
            self.channels, self.rate = len(samples), rate
            self._block = max(1, round(rate * _FIRST_BLOCK))
            self._rest = np.zeros((min(self.channels, 2), 0), np.float32)
        heard = samples[:2]
        self.seconds += samples.shape[1] / rate
        self.samples += samples.size
        if len(heard) != len(self._rest):  # the number of sides changed on the way
            heard = heard[[0] * len(self._rest)]
        # Not as it comes: a decoder gives 20 ms at a time, and each call of NumPy costs more than that sound.
        self._waiting.append(heard)
        self._long += heard.shape[1]
        if self._long >= max(self._block, _AT_ONCE):
            self._take()

    def _take(self) -> None:
        """What waits, into the sums and into blocks; less than a block stays as the rest."""
        if not self._waiting:
            return
        heard = np.concatenate(self._waiting, axis=1)
        self._waiting, self._long = [], 0
        sides = len(heard)
        if heard.shape[1]:
            peak = np.maximum(heard.max(axis=1), -heard.min(axis=1))
            self.peak[:sides] = np.maximum(self.peak[:sides], peak)
        # Not a product of matrices: that would start threads for each little piece.
        self.square[:sides] += np.einsum("ij,ij->i", heard, heard, dtype=np.float64)
        if sides == 2:
            self.left_right += float(np.einsum("i,i->", heard[0], heard[1], dtype=np.float64))
        joined = np.concatenate((self._rest, heard), axis=1)
        whole = joined.shape[1] // self._block
        if whole:
            self._keep(joined[:, : whole * self._block], whole)
        self._rest = joined[:, whole * self._block :]

    def _keep(self, joined: NDArray[np.float32], whole: int) -> None:
        # The short side first: NumPy is quick along the long one.
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
            ):  # the odd one: as the second half of a block that was silent in its first
                merged = np.concatenate((merged, every[:, :, even:]), axis=2)
            self._blocks = [merged]
            self._count = merged.shape[2]
            self._block *= 2

    @property
    def blocks(self) -> NDArray[np.float32]:
        """3 × sides × blocks. Asking for it closes the sound."""
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
        return self._block / self.rate

    def waveform(self, buckets: int) -> list[list[tuple[float, float]]]:
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
        """Which of the first two channels say nothing: in themselves, or beside the other."""
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
        """Seconds at which the last sound ends that is not far below the loudest."""
        loud = self.blocks[2].max(axis=0)
        heard = np.flatnonzero(loud > max(float(loud.max()) * 1e-3, 1e-7))
        return min(self.seconds, (int(heard[-1]) + 1) * self.block_seconds) if heard.size else 0.0


def _proposal(sound: _Sound, lines: Sequence[TranscriptLine]) -> tuple[Speaker, str]:
    if sound.channels == 1:
        return Speaker("diarize"), "The recording is mono."
    if sound.channels > 2:
        return Speaker("diarize"), f"The recording has {sound.channels} channels; sides are for two."
    silent = sound.silent_sides
    if len(silent) == 2:
        return Speaker("diarize"), "Nothing can be heard on either side."
    if silent:
        return Speaker("diarize"), f"The {('left', 'right')[silent[0]]} side is silent."
    correlation = sound.left_right / math.sqrt(float(sound.square[0] * sound.square[1]))
    if abs(correlation) > _SAME:
        return Speaker("diarize"), "Both sides hold the same sound."
    left, right = sound.blocks[2]
    loud = np.maximum(left, right)
    heard = loud > max(float(np.quantile(loud, 0.95)) * 1e-2, 1e-7)
    lefts = int((heard & (left > _LOUDER * right)).sum())
    rights = int((heard & (right > _LOUDER * left)).sum())
    together = lefts + rights
    if together < _APART * int(heard.sum()) or min(lefts, rights) < _TURNS * together:
        return Speaker("diarize"), "The sides differ, but both speakers are heard on the same side."
    channel_map = _channel_map(sound, lines)
    if channel_map is not None:
        return Speaker("channels", channel_map), (
            f"Each speaker has a side; by the times of the transcript the {channel_map[0]} is on the left."
        )
    if not any(_is_span(line.start, line.stop) for line in lines):
        return Speaker(
            "channels"
        ), "Each speaker has a side; without times in a transcript, nothing says who is on which."
    return Speaker(
        "channels"
    ), "Each speaker has a side; who is on which, the transcript does not say clearly."


def _channel_map(sound: _Sound, lines: Sequence[TranscriptLine]) -> list[str] | None:
    """(left, right), where for both roles the seconds in which one side has the word agree; else None."""
    left, right = sound.blocks[2]
    step = sound.block_seconds
    quiet = max(float(np.quantile(np.maximum(left, right), 0.95)) * 1e-2, 1e-7)
    has_left = np.concatenate(([0], np.cumsum((left > _LOUDER * right) & (left > quiet))))
    has_right = np.concatenate(([0], np.cumsum((right > _LOUDER * left) & (right > quiet))))
    evidence = {"agent": [0.0, 0.0], "customer": [0.0, 0.0]}
    for line in lines:
        if line.role not in evidence or not _is_span(line.start, line.stop):
            continue
        first = min(len(left), int(float(line.start or 0) / step))
        last = min(len(left), math.ceil(float(line.stop or 0) / step))
        evidence[line.role][0] += float(has_left[last] - has_left[first]) * step
        evidence[line.role][1] += float(has_right[last] - has_right[first]) * step
    sides: dict[str, int] = {}
    for role, seconds in evidence.items():
        total = sum(seconds)
        side = int(seconds[1] > seconds[0])
        if total < _LEAST or seconds[side] < _SURE * total:
            return None
        sides[role] = side
    if sides["agent"] == sides["customer"]:
        return None
    return ["agent", "customer"] if sides["agent"] == 0 else ["customer", "agent"]


def _is_span(start: object, stop: object) -> bool:
    return (
        isinstance(start, int | float)
        and isinstance(stop, int | float)
        and math.isfinite(start)
        and math.isfinite(stop)
        and 0 <= start < stop
    )


# --- findings ----------------------------------------------------------------------------------------------


def _unreadable(name: str, why: str) -> Finding:
    return finding("recording-unreadable", "filename", f"{name} cannot be played: {why}.", value=name)


def _against_header(
    name: str, seconds: float, header: float | None, facts: _Facts, sound: _Sound
) -> Iterator[Finding]:
    if facts.stopped:
        message = f"{name} is longer than a call can be: only its first {_span(seconds)} were looked at."
        yield finding("recording-mislabelled", "filename", message, value=_span(seconds))
        return
    tolerance = max(0.5, 0.01 * (header or 0.0))
    if header is not None and seconds < header - tolerance:
        message = f"{name} holds {_span(seconds)} of the {_span(header)} that its header promises."
        yield finding("recording-cut", "filename", message, value=_span(seconds))
    elif facts.faults:
        places = "one place" if facts.faults == 1 else f"{facts.faults:,} places"
        message = f"{name} could not be decoded in {places}; {_span(seconds)} were heard."
        yield finding("recording-cut", "filename", message, value=facts.faults)
    elif header is not None and seconds > header + tolerance:
        message = f"{name} holds {_span(seconds)}, but its header says {_span(header)}."
        yield finding("recording-mislabelled", "filename", message, value=_span(header))
    if facts.changed:
        message = f"{name} changes its number of channels on the way: only the first ones were compared."
        yield finding("recording-mislabelled", "filename", message, value=sound.channels)


def _heard(name: str, sound: _Sound) -> Iterator[Finding]:
    silent = sound.silent_sides
    sides = min(sound.channels, 2)
    if len(silent) == sides:
        yield finding(
            "recording-silent", "filename", f"{name} holds {_span(sound.seconds)} of silence.", value=name
        )
    elif silent:
        side = ("left", "right")[silent[0]]
        yield finding(
            "recording-side-silent", "filename", f"Nothing is heard on the {side} side of {name}.", value=side
        )


def _against_lines(name: str, sound: _Sound, lines: Sequence[TranscriptLine]) -> Iterator[Finding]:
    times = [
        time
        for line in lines
        for time in (line.start, line.stop)
        if isinstance(time, int | float) and math.isfinite(time) and time >= 0
    ]
    if not times or max(times) <= 0:
        return
    last = max(times)
    if last > sound.seconds + max(2.0, 0.02 * sound.seconds):
        message = f"The transcript goes on to {_span(last)}, but {name} ends after {_span(sound.seconds)}."
        yield finding("recording-length-differs", "filename", message, value=_span(sound.seconds))
    elif sound.last_heard > last + max(60.0, 0.25 * last):
        message = f"The transcript ends at {_span(last)}, but something is heard in {name} up to {_span(sound.last_heard)}."
        yield finding("recording-length-differs", "filename", message, value=_span(sound.seconds))


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min {whole % 60} s" if hours else f"{minutes} min {whole % 60} s"
