"""Silence parts of a recording: copy it, with chosen seconds replaced by silence.

Reddy does not redact a recording that comes with a transcript, so it has to be done before. The original is never
changed. In the copy of a wav file, the form, the length and every sample outside of the spans are those of the
original; comments and whatever else it holds are left out. Inside of the spans, each sample is the one that means
silence in its format (0x80 for 8 bits, 0xD5 for A-law, 0xFF for µ-law, otherwise zeros). No sample is decoded or
encoded again. The copy of any other recording is a wav file of 16 bits.

A span comes from a person who marks seconds, or from words in a line (`find_personal_data`). Words become seconds by
their own times if the source has them, or else by the times of the whole line, with a margin. Words without any time are
returned, and so is a span beyond the end of the recording, so that neither is missed. Times from another recording would
silence the wrong seconds: if `inspect` finds `recording-length-differs`, listen first.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple, TypeGuard

import reddy_lib.arguments as arguments
from reddy_lib.errors import RecordingError
from reddy_lib.model import TranscriptLine
from reddy_lib.open_databases import refuse_open
from reddy_lib.personal_data import Said
from reddy_lib.recordings.as_wav import cut_as_wav, decoded_length, write_as_wav
from reddy_lib.recordings.file_names import safe_name, stem_of
from reddy_lib.recordings.wav import (
    ALAW,
    FLOAT,
    MULAW,
    PCM,
    NotWav,
    Wav,
    copy_samples,
    has_more_samples,
    read_wav,
)

__all__ = [
    "LINE_MARGIN",
    "Placed",
    "Silenced",
    "Span",
    "Word",
    "excerpt",
    "length_of",
    "place",
    "silence_recording",
    "span_of_line",
]

LINE_MARGIN = 0.5
"""Seconds added before and after a line whose words have no times of their own."""
WORD_MARGIN = 0.15
CHUNK = 1 << 20
_ROUNDING = 0.01  # seconds: a length that was rounded is still the end


class Span(NamedTuple):
    """Seconds of a recording to silence: from `start` up to `stop` (infinity: to its end).

    `why`: the kind of data; `by`: where the seconds are from, "words", "lines", or both with a comma; "" = a person.
    """

    start: float
    stop: float
    why: str = ""
    by: str = ""


class Word(NamedTuple):
    """A word of a line, with its times in seconds from the start of the call; NaN if they are not known."""

    text: str
    start: float
    stop: float


class Placed(NamedTuple):
    """`spans`: in order, overlapping ones merged. `without_time`: words whose line has no start, to be listened for."""

    spans: list[Span]
    without_time: list[Said]


class Silenced(NamedTuple):
    """The result.

    Attributes:
        path: the copy.
        seconds: of silence that was written.
        beyond: spans that end after the recording, so that their words are elsewhere, or in no recording.
        decoded: the copy is a wav file of another recording.
        length: of the copy, in seconds.
        silent: what is silent now, in order, as far as the copy goes; infinity: to its end.
    """

    path: Path
    seconds: float
    beyond: list[Span]
    decoded: bool = False
    length: float = 0.0
    silent: Sequence[Span] = ()

    def named(self, original: str) -> str:
        """Return the name of the copy: the original's, with the ending of a wav file if it is one now."""
        return f"{stem_of(original)}.wav" if self.decoded else original


def place(
    said: Iterable[Said],
    lines: Sequence[TranscriptLine],
    *,
    words: Mapping[int, Sequence[Word]] | None = None,
    line_margin: float = LINE_MARGIN,
    word_margin: float = WORD_MARGIN,
) -> Placed:
    """Convert words in lines to seconds. `words`: line number → its words in order, if the source has their times."""
    spans: list[Span] = []
    without: list[Said] = []
    for one in said:
        line = lines[one.line - 1]
        span = _by_words(one, line, (words or {}).get(one.line, ()), word_margin)
        span = span or _by_line(one, lines, line_margin)
        if span is None:
            without.append(one)
        else:
            spans.append(span)
    return Placed(_joined(spans), without)


def silence_recording(
    source: str | os.PathLike[str] | IO[bytes],
    target: str | os.PathLike[str],
    spans: Iterable[Span | tuple[float, float]],
) -> Silenced:
    """Copy a recording to `target`, which must not exist, with `spans` silenced. The copy is a wav file.

    Silence begins with the sample at `start` (rounded down) and ends with the one at `stop` (rounded up).

    Args:
        source: a path, or an open binary file that can seek.

    Raises:
        RecordingError: it cannot be decoded; `target` exists; the disk is full. There is no copy then.
        ValueError: a span is not two numbers of seconds, start before stop.
    """
    wanted = [_checked(span) for span in spans]
    path = arguments.file_path(target, "target")
    if isinstance(source, str | os.PathLike):
        refuse_open(source, RecordingError)
        try:
            with Path(source).open("rb") as file:
                return _silence(file, path, wanted, safe_name(Path(source).name))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise RecordingError(f"{safe_name(Path(source).name)} cannot be opened ({reason}).") from None
    arguments.binary_file(source, "source")
    return _silence(source, path, wanted, "The recording")


def excerpt(source: IO[bytes], span: Span, *, around: float = 1.0, most: float = 60.0) -> bytes:
    """Return a span as a wav file, to listen to it before it is silenced.

    It has `around` seconds before and after the span, and at most `most` seconds. b"" if the recording ends before it.

    Raises RecordingError: it cannot be decoded.
    """
    begin, end = span.start - around, min(span.stop + around, span.start - around + most)
    wav = _plain(source)
    if wav is None:
        part = io.BytesIO()
        return part.getvalue() if cut_as_wav(source, part, max(0.0, begin), end) else b""
    frames = wav.present // wav.block
    first, last = max(0, math.floor(begin * wav.rate)), min(frames, math.ceil(end * wav.rate))
    if first >= last or span.start * wav.rate >= frames:
        return b""
    source.seek(wav.begin + first * wav.block)
    data = source.read((last - first) * wav.block)
    head = struct.pack("<HHIIHH", wav.form, wav.channels, wav.rate, wav.rate * wav.block, wav.block, wav.bits)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body + bytes(len(data) % 2)


def length_of(source: IO[bytes]) -> float:
    """Return how many seconds a recording has, as it is decoded. Raises RecordingError: it cannot be decoded."""
    wav = _plain(source)
    return decoded_length(source) if wav is None else wav.present // wav.block / wav.rate


def _silence(source: IO[bytes], path: Path, spans: list[Span], name: str) -> Silenced:
    plain = _plain(source)
    decoded = plain is None
    try:
        copy = path.open("x+b")
    except FileExistsError:
        raise RecordingError(f"{safe_name(path.name)} exists already, and was not overwritten.") from None
    except OSError as error:
        raise RecordingError(f"{safe_name(path.name)} cannot be written ({error.strerror}).") from None
    try:
        with copy:
            if plain is None:
                write_as_wav(source, copy)
            elif has_more_samples(source, plain):
                raise RecordingError(
                    "It has several blocks of audio data, and players differ in which one they play."
                )
            else:
                copy_samples(source, plain, copy)
            copy.flush()
            wav = read_wav(copy)
            count = _write_silence(copy, wav, spans)
            copy.flush()
            os.fsync(copy.fileno())
    except BaseException as error:
        # An incomplete copy could have parts that are not silenced.
        with contextlib.suppress(OSError):
            path.unlink()
        if isinstance(error, OSError):
            raise RecordingError(
                f"The silenced copy of {name} could not be written ({error.strerror}). Nothing of it was kept."
            ) from None
        if isinstance(error, RecordingError):
            raise RecordingError(
                f"{name} cannot be silenced. {error} Export it as wav (PCM, 16 bits), and silence the copy; or send the "
                "transcript without it."
            ) from None
        raise
    frames = wav.present // wav.block
    beyond = [
        span
        for span in spans
        if span.start * wav.rate >= frames or frames + wav.rate < span.stop * wav.rate < math.inf
    ]
    length = frames / wav.rate
    return Silenced(path, count / wav.rate, beyond, decoded, length, _as_written(spans, beyond, length))


def _as_written(spans: Iterable[Span], beyond: Sequence[Span], length: float) -> list[Span]:
    """Return what is silent in a copy of this length. A span that ends well after it says nothing about what comes then."""
    found = [
        span._replace(stop=length if span in beyond else math.inf)
        if span.stop >= length - _ROUNDING
        else span
        for span in spans
        if span.start < length
    ]
    return _joined(found)


def _write_silence(copy: IO[bytes], wav: Wav, spans: list[Span]) -> int:
    """Overwrite the samples of these spans; return how many of each channel."""
    silence = _silent_block(wav)
    assert silence is not None
    frames = wav.present // wav.block
    count = 0
    for span in _joined(spans):
        first = math.floor(round(span.start * wav.rate, 6))
        last = frames if math.isinf(span.stop) else math.ceil(round(span.stop * wav.rate, 6))
        first, last = min(first, frames), min(last, frames)
        copy.seek(wav.begin + first * wav.block)
        left = last - first
        count += left
        most = max(1, CHUNK // wav.block)
        while left > 0:
            copy.write(silence * min(left, most))
            left -= most
    return count


def _plain(source: IO[bytes]) -> Wav | None:
    """Return the header of a wav file whose samples are stored as they are, None for any other recording."""
    try:
        wav = read_wav(source)
    except NotWav:
        return None
    return wav if _silent_block(wav) is not None else None


def _silent_block(wav: Wav) -> bytes | None:
    """Return one sample of every channel that means silence, None if samples are compressed or of an unknown width."""
    if wav.form in (ALAW, MULAW) and wav.bits == 8 and wav.block == wav.channels:
        return (b"\xd5" if wav.form == ALAW else b"\xff") * wav.channels
    widths = {PCM: (8, 16, 24, 32), FLOAT: (32, 64)}.get(wav.form, ())
    if wav.bits in widths and wav.block == wav.channels * wav.bits // 8:
        return (b"\x80" if wav.bits == 8 else b"\0") * wav.block
    return None


def _checked(given: object) -> Span:
    if isinstance(given, tuple | list) and 2 <= len(given) <= len(Span._fields):
        span = Span(*given)
        numbers = isinstance(span.start, int | float) and isinstance(span.stop, int | float)
        if numbers and 0 <= span.start < span.stop and not math.isinf(span.start):
            return span
    shown = ", ".join(map(repr, given)) if isinstance(given, tuple | list) else repr(given)
    raise ValueError(f"each span to silence must be two numbers of seconds, start before stop, not {shown}")


def _by_words(said: Said, line: TranscriptLine, words: Sequence[Word], margin: float) -> Span | None:
    """Return the span from the first to the last word that overlaps `said`; None if the words differ from the text, or
    have no times."""
    text = line.text.lower()
    end = 0
    touched: list[Word] = []
    for word in words:
        piece = word.text.strip().lower()
        begin = text.find(piece, end) if piece else -1
        if begin < 0:
            return None
        if text[end:begin].strip() and any(character.isalnum() for character in text[end:begin]):
            return None  # a word of the text is missing, so the others cannot be trusted
        end = begin + len(piece)
        if begin < said.end and said.begin < end:
            touched.append(word)
    if len(text) != len(line.text) or any(character.isalnum() for character in text[end:]) or not touched:
        return None
    timed = [word for word in touched if 0 <= word.start < word.stop < math.inf]
    if not timed or timed[0] is not touched[0] or timed[-1] is not touched[-1]:
        return None  # a first or last word without a time may be anywhere in the line
    start, stop = min(word.start for word in timed), max(word.stop for word in timed)
    return Span(max(0.0, start - margin), stop + margin, said.kind, "words")


def span_of_line(lines: Sequence[TranscriptLine], number: int) -> tuple[float, float] | None:
    """Return from when to when a line (from 1) is spoken, None without a start.

    Without a stop, it ends where a later line starts, or with the recording (infinity).
    """
    line = lines[number - 1]
    start = line.start
    if not _is_time(start):
        return None
    if _is_time(line.stop) and line.stop > start:
        return start, line.stop
    later = [other.start for other in lines[number:] if _is_time(other.start) and other.start > start]
    return start, later[0] if later else math.inf


def _by_line(said: Said, lines: Sequence[TranscriptLine], margin: float) -> Span | None:
    span = span_of_line(lines, said.line)
    if span is None:
        return None
    return Span(max(0.0, span[0] - margin), span[1] + margin, said.kind, "lines")


def _both(one: str, other: str) -> str:
    return one if not other or other in one.split(", ") else f"{one}, {other}".strip(", ")


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].stop:
            last = joined[-1]
            joined[-1] = Span(
                last.start, max(last.stop, span.stop), _both(last.why, span.why), _both(last.by, span.by)
            )
        else:
            joined.append(span)
    return joined
