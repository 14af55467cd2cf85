"""Inspect a recording: its format, its real length, and who speaks on which side.

A file is recognised by its first bytes, then decoded to its end (`decoding`). So the result (seconds, waveform, sides) is
what can be heard, and not what a header promises.

The *content* of a file never raises: an empty file, one that is not audio, or one that is cut off is a finding.
`speaker` is a proposal: "channels" if each side has its own speaker, otherwise "diarize", with the reason in `why`. It
has a channel map only if the transcript's times show clearly who is on which side.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
from collections.abc import Iterator, Sequence
from typing import IO

import msgspec
import numpy as np
from numpy.typing import NDArray

import reddy_lib.arguments as arguments
from reddy_lib.errors import RecordingError
from reddy_lib.findings import Finding, finding
from reddy_lib.model import Speaker, TranscriptLine
from reddy_lib.open_databases import refuse_open
from reddy_lib.recordings.audio_formats import FORMATS, recognised
from reddy_lib.recordings.decoding import DecodedFacts, Sound, decode
from reddy_lib.recordings.file_names import ending_of, safe_name
from reddy_lib.recordings.unplayable import unreadable
from reddy_lib.recordings.wav import ALAW, FLOAT, MULAW, PCM, NotWav, Wav, read_wav

__all__ = ["Inspection", "inspect_recording", "why_not_played"]


_SAME = 0.95  # correlation from which two sides are one signal, perhaps at different volumes
_LOUDER = 4.0  # power: a side that is 6 dB above the other is speaking
_APART = 0.6  # share of the loud blocks in which one side is speaking, if each speaker has a side
_TURNS = 0.02  # share of those that each side must have
_SURE = 0.8  # share of the evidence, for each role, that has to agree on a channel map
_LEAST = 2.0  # seconds of evidence for each role

_ENDINGS = {
    ".wav": "wav", ".mp3": "mp3", ".aac": "aac", ".m4a": "m4a", ".mp4": "m4a", ".ogg": "ogg", ".oga": "ogg",
    ".opus": "ogg", ".flac": "flac", ".webm": "webm", ".mka": "webm", ".aif": "aiff", ".aiff": "aiff", ".amr": "amr",
    ".wma": "wma",
}  # fmt: skip


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a recording. If it cannot be read, only `name`, `size` and `findings` are set.

    Attributes:
        name: base name of the file.
        size: bytes.
        format: "wav", "mp3", "m4a", "ogg", "flac", "webm", "aac", "aiff", "amr", "wma"; "" if it is none of these.
        codec: the decoder's name, "pcm_s16le", "opus", "aac"…
        channels: number of them.
        rate: samples per second.
        sample_width: bytes of one sample if samples are not compressed (wav, aiff), else None.
        seconds: length as decoded.
        header_seconds: length according to the header, None if it has none.
        content_type: for the upload, by the content; by the name if the content was not recognised.
        waveform: for each of at most two channels, (lowest, highest) sample of each bucket, -1 to 1. The buckets have
            equal lengths.
        speaker: proposal for `Call.speaker`.
        why: the reason for it, as a sentence.
        findings: without a row; their field is "filename".
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
        """Return whether any sound could be decoded."""
        return self.seconds > 0


def inspect_recording(
    source: str | os.PathLike[str] | bytes | IO[bytes],
    *,
    name: str | None = None,
    lines: Sequence[TranscriptLine] | None = None,
    buckets: int = 400,
) -> Inspection:
    """Inspect a recording.

    Args:
        source: a path, bytes, or an open binary file that can seek; it is not closed.
        name: by default the source's own.
        lines: the call's transcript, with times in seconds from the source (not estimated ones). With it, sides get
            roles, and lengths are compared.
        buckets: points of the waveform (fewer for a very short file).

    Raises RecordingError: the file cannot be opened or read. Its content never raises.
    """
    if isinstance(source, bytes):
        return _inspect(io.BytesIO(source), safe_name(name or "recording"), lines or (), buckets)
    if isinstance(source, str | os.PathLike):
        path = arguments.file_path(source, "source")
        refuse_open(path, RecordingError)
        try:
            with path.open("rb") as file:
                return _inspect(file, safe_name(name or path.name), lines or (), buckets)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise RecordingError(
                f"The recording {safe_name(path.name)} cannot be opened ({reason})."
            ) from None
    arguments.binary_file(source, "source")
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


def why_not_played(file: IO[bytes]) -> str:
    """Return why no sound can be read from an open file, as the end of a sentence; "" if nothing is wrong with it.

    Of a wav of samples, the header is checked alone, and an .m4a above 64 MB is not checked further.

    Raises OSError: it cannot be read. Its content never raises.
    """
    size = file.seek(0, os.SEEK_END)
    kind = recognised(file, size)
    if not kind:
        return "its format is not recognised"
    if kind == "m4a" and size > _SCANNED:
        return ""
    if kind == "m4a" and _promises_too_much(file, size):
        return "it declares more samples than it has bytes"
    frame = _wav_frame(file) if kind == "wav" else None
    if frame is not None and frame.form in (PCM, FLOAT, ALAW, MULAW) and frame.consistent:
        return "" if frame.present >= frame.block else "it holds no sound"
    sound = _First()
    with contextlib.suppress(_Heard):
        facts = decode(file, kind, sound)
        return "it holds no sound" if facts.opened else "it cannot be decoded"
    return ""


_SCANNED = 64 << 20
"""Bytes above which an .m4a is not looked through when it is attached."""


class _Heard(Exception):
    """A sound was decoded."""


class _First:
    """What a decoder fills until it has something to play; see `decoding.Samples`."""

    def __init__(self) -> None:
        self.begins = self.seconds = 0.0
        self.channels = self.samples = 0
        self.tracks = 1

    def add(self, samples: NDArray[np.float32], rate: int) -> None:
        if samples.size:
            raise _Heard


def _inspect(file: IO[bytes], name: str, lines: Sequence[TranscriptLine], buckets: int) -> Inspection:
    size = file.seek(0, os.SEEK_END)
    kind = recognised(file, size)
    expected = _ENDINGS.get(ending_of(name), "")
    by_name = FORMATS[expected][1] if expected else "application/octet-stream"
    if size == 0:
        said = [finding("recording-empty", "filename", f"{name} is empty.", value=name)]
        return Inspection(name=name, size=0, content_type=by_name, findings=said)
    if not kind:
        said = [unreadable(name, "its format is not recognised")]
        return Inspection(name=name, size=size, content_type=by_name, findings=said)
    findings: list[Finding] = []
    if expected and expected != kind:
        message = f"{name} is called {ending_of(name)}, but is {kind} inside."
        findings.append(finding("recording-mislabelled", "filename", message, value=kind))
    if kind == "m4a" and _promises_too_much(file, size):
        said = [*findings, unreadable(name, "it declares more samples than it has bytes")]
        return Inspection(name=name, size=size, format=kind, content_type=FORMATS[kind][1], findings=said)
    frame = _wav_frame(file) if kind == "wav" else None
    sound = Sound()
    facts = decode(file, kind, sound)
    seconds = sound.seconds
    if seconds <= 0:
        why = "it holds no sound" if facts.opened else "it cannot be decoded"
        said = [*findings, unreadable(name, why)]
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
        # Compare with the length by the header's own numbers, whatever the decoder says.
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


# --- who is on which side ----------------------------------------------------------------------------------


def _proposal(sound: Sound, lines: Sequence[TranscriptLine]) -> tuple[Speaker, str]:
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
        ), "Each speaker has a side; without times in a transcript, it is not known who is on which."
    return Speaker(
        "channels"
    ), "Each speaker has a side; the transcript does not say clearly who is on which."


def _channel_map(sound: Sound, lines: Sequence[TranscriptLine]) -> list[str] | None:
    """Return (left, right) if, for both roles, one side is speaking most of the time; else None."""
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


def _against_header(
    name: str, seconds: float, header: float | None, facts: DecodedFacts, sound: Sound
) -> Iterator[Finding]:
    if facts.stopped:
        message = f"{name} is longer than a call can be: only its first {_span(seconds)} were inspected."
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
    if sound.tracks > 1:
        message = f"{name} has {sound.tracks} audio tracks; only the first was checked."
        yield finding("recording-tracks", "filename", message, value=sound.tracks)
    if facts.changed:
        message = f"{name} changes its number of channels in the middle: only the first ones were compared."
        yield finding("recording-mislabelled", "filename", message, value=sound.channels)


def _heard(name: str, sound: Sound) -> Iterator[Finding]:
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


def _against_lines(name: str, sound: Sound, lines: Sequence[TranscriptLine]) -> Iterator[Finding]:
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
        message = f"The transcript runs to {_span(last)}, but {name} ends after {_span(sound.seconds)}."
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
