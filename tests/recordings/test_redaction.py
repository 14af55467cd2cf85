"""Silencing: to the sample, in a copy, with everything else as it was; and what is found that has to be silenced."""

from __future__ import annotations

import io
import math
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reddy_lib.errors import RecordingError
from reddy_lib.model import TranscriptLine
from reddy_lib.personal_data import Said, find_personal_data
from reddy_lib.recordings.inspect import inspect_recording
from reddy_lib.recordings.marking import BY_HAND, find_words, whole_lines
from reddy_lib.recordings.redaction import Span, Word, excerpt, place, silence_recording
from reddy_lib.recordings.wav import Wav, read_wav
from tests.conftest import SHARED
from tests.recording_files import encoded, tone, wav_bytes

FORMS = [(8, 1), (16, 1), (24, 1), (32, 1), (32, 3), (64, 3), (8, 6), (8, 7)]
RATE = 8_000


def silent(bits: int, form: int) -> bytes:
    return {(8, 1): b"\x80", (8, 6): b"\xd5", (8, 7): b"\xff"}.get((bits, form), bytes(bits // 8))


# --- silencing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "form"), FORMS)
@pytest.mark.parametrize("sides", [1, 2])
def test_exactly_the_samples_of_a_span_are_silent(bits: int, form: int, sides: int, tmp_path: Path) -> None:
    loud = np.full(RATE, 0.7)
    content = wav_bytes(*([loud] * sides), bits=bits, form=form)
    source, target = tmp_path / "a.wav", tmp_path / "b.wav"
    source.write_bytes(content)
    done = silence_recording(source, target, [(0.25, 0.5), (0.90001, 0.95)])
    copy = target.read_bytes()
    assert source.read_bytes() == content
    assert len(copy) == len(content)
    begin, block = read_wav(io.BytesIO(content)).begin, sides * bits // 8
    assert copy[:begin] == content[:begin]
    for sample in range(RATE):
        at = begin + sample * block
        inside = 2_000 <= sample < 4_000 or 7_200 <= sample < 7_600
        assert copy[at : at + block] == (silent(bits, form) * sides if inside else content[at : at + block])
    assert (done.path, done.beyond) == (target, [])
    assert done.seconds == pytest.approx(0.3)


@given(
    st.lists(
        st.tuples(st.floats(0, 2), st.floats(0.0001, 2)).map(lambda pair: (pair[0], pair[0] + pair[1])),
        max_size=6,
    )
)
def test_whatever_the_spans_no_sample_of_them_sounds_and_no_other_is_touched(
    tmp_path_factory: pytest.TempPathFactory, spans: list[tuple[float, float]]
) -> None:
    content = wav_bytes(np.full(RATE, 0.5))
    target = tmp_path_factory.mktemp("copy") / "b.wav"
    silence_recording(io.BytesIO(content), target, spans)
    samples = np.frombuffer(target.read_bytes()[44:], "<i2")
    assert len(samples) == RATE
    at = np.arange(RATE) / RATE
    wanted = np.zeros(RATE, bool)
    around = np.zeros(RATE, bool)
    for start, stop in spans:
        wanted |= (at >= start) & (at < stop)
        around |= (at > start - 2 / RATE) & (at < stop + 2 / RATE)
    assert not samples[wanted].any()
    assert samples[~around].all()


def test_a_span_without_end_reaches_to_the_end(tmp_path: Path) -> None:
    done = silence_recording(
        io.BytesIO(wav_bytes(np.full(RATE, 0.5))), tmp_path / "b.wav", [Span(0.5, math.inf)]
    )
    assert (done.seconds, done.beyond) == (0.5, [])
    assert not any((tmp_path / "b.wav").read_bytes()[44 + RATE :])


def test_a_span_that_the_recording_does_not_reach_is_given_back(tmp_path: Path) -> None:
    far, long = Span(70, 80, "card number"), Span(0.5, 9, "phone")
    done = silence_recording(io.BytesIO(wav_bytes(tone(1))), tmp_path / "b.wav", [far, long, Span(0, 1.5)])
    assert done.beyond == [far, long]


def test_a_header_of_an_odd_length_is_copied_so_that_it_can_be_read(tmp_path: Path) -> None:
    plain = wav_bytes(np.full(RATE, 0.5))
    content = plain[:16] + (17).to_bytes(4, "little") + plain[20:36] + b"\0\0" + plain[36:]
    silence_recording(io.BytesIO(content), tmp_path / "b.wav", [(0, 1)])
    assert read_wav(io.BytesIO((tmp_path / "b.wav").read_bytes())).present == 2 * RATE


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("after", [b"LIST\x04\x00\x00\x00word", b"word" * 300, b""])
@pytest.mark.parametrize("before", [b"LIST\x08\x00\x00\x00INFOword", b"bext\x04\x00\x00\x00word", b""])
def test_nothing_but_the_samples_is_copied(tmp_path: Path, before: bytes, after: bytes, odd: bool) -> None:
    loud = np.full(RATE - odd, 0.5)
    content = wav_bytes(loud, bits=8, extra=before) + b"\0" * odd + after
    silence_recording(io.BytesIO(content), tmp_path / "b.wav", [(0.5, 0.6)])
    plain = wav_bytes(loud, bits=8) + b"\0" * odd
    copy = (tmp_path / "b.wav").read_bytes()
    assert b"word" not in copy
    assert (len(copy), copy[8:44]) == (len(plain), plain[8:44])
    assert int.from_bytes(copy[4:8], "little") == len(copy) - 8
    with wave.open(str(tmp_path / "b.wav")) as file:
        assert file.getnframes() == RATE - odd


def test_a_cut_file_stays_as_long_as_it_is(tmp_path: Path) -> None:
    content = wav_bytes(np.full(RATE, 0.5), promised=1_000_000)[:-1]
    silence_recording(io.BytesIO(content), tmp_path / "b.wav", [(0.9, 99)])
    assert len((tmp_path / "b.wav").read_bytes()) == len(content)


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize(
    "ending", [".mp3", ".m4a", ".ogg", ".opus", ".flac", ".webm", ".aac", ".aiff", ".wma"]
)
def test_other_formats_are_silenced_in_a_wav_whose_seconds_are_theirs(
    ending: str, sides: int, tmp_path: Path
) -> None:
    from tests.recording_files import FORMATS

    rate = FORMATS[ending][2]
    source = tmp_path / ("a" + ending)
    sound = np.concatenate([np.zeros(2 * rate), tone(4, rate)])
    content = encoded(ending, [sound] * sides, rate)
    source.write_bytes(content)
    done = silence_recording(source, tmp_path / "b.wav", [(3, 4), (5.5, math.inf)])
    assert (done.decoded, done.named("call 7.2" + ending), done.beyond) == (True, "call 7.2.wav", [])
    assert source.read_bytes() == content
    wav, heard = samples_of(tmp_path / "b.wav")
    assert (wav.form, wav.channels, wav.bits) == (1, sides, 16)
    rate = wav.rate  # opus always has 48,000

    def loud(start: float, stop: float) -> float:
        return float(np.abs(heard[round(start * rate) : round(stop * rate)]).max())

    assert np.flatnonzero(np.abs(heard).max(axis=1) > 4_000)[0] / rate == pytest.approx(2, abs=0.08)
    assert [loud(3, 4), loud(5.5, len(heard) / rate)] == [0, 0]
    assert min(loud(2.9, 3), loud(4, 4.1), loud(5.4, 5.5)) > 8_000
    assert done.seconds == pytest.approx(1.5, abs=0.15)


def samples_of(path: Path) -> tuple[Wav, NDArray[np.int16]]:
    content = path.read_bytes()
    wav = read_wav(io.BytesIO(content))
    assert int.from_bytes(content[4:8], "little") == len(content) - 8
    return wav, np.frombuffer(content[wav.begin :], "<i2").reshape(-1, wav.channels)


def test_compressed_samples_of_a_wav_are_decoded(tmp_path: Path) -> None:
    import av

    source = tmp_path / "a.wav"
    with av.open(str(source), "w", format="wav") as container:
        stream = container.add_stream("adpcm_ima_wav", rate=8_000, layout="mono")
        data = (tone(2) * 32_767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(data, format="s16", layout="mono")
        frame.sample_rate = 8_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    with source.open("rb") as file:
        assert read_wav(file).form == 0x11
    done = silence_recording(source, tmp_path / "b.wav", [(0.5, 1)])
    _, heard = samples_of(done.path)
    assert not heard[4_000:8_000].any()
    assert np.abs(heard[8_000:8_400]).max() > 8_000


def damaged(ending: str) -> bytes:
    """Thirty seconds with damage in their middle, and silence but for the last two seconds."""
    sound = np.concatenate([np.random.default_rng(3).normal(0, 0.01, 28 * 16_000), tone(2, 16_000)])
    content = bytearray(encoded(ending, [sound], 16_000))
    middle = len(content) // 2
    content[middle : middle + 3_000] = bytes(range(250)) * 12
    return bytes(content)


def test_a_recording_that_cannot_be_decoded_whole_is_refused(tmp_path: Path) -> None:
    """After a part that is lost, all seconds would be others than the transcript's."""
    with pytest.raises(RecordingError, match=r"Parts of it cannot be decoded.*Export it as wav"):
        silence_recording(io.BytesIO(damaged(".mp3")), tmp_path / "b.wav", [(0, 1)])
    assert not (tmp_path / "b.wav").exists()


def test_where_its_times_tell_how_much_is_lost_the_rest_stays_where_it_was(tmp_path: Path) -> None:
    silence_recording(io.BytesIO(damaged(".flac")), tmp_path / "b.wav", [(0, 1)])
    _, heard = samples_of(tmp_path / "b.wav")
    assert np.flatnonzero(np.abs(heard) > 8_000)[0] / 16_000 == pytest.approx(28, abs=0.06)


def with_gap(seconds: float, *, late: float = 0.0, kind: str = "webm", codec: str = "libopus") -> bytes:
    """Eight seconds of silence, a gap in which nothing was written, and two seconds of a tone; all of it `late` s late."""
    import av

    rate, file = 48_000, io.BytesIO()
    with av.open(file, "w", format=kind) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        at = round(late * rate)
        for part in (np.zeros(8 * rate), tone(2, rate)):
            data = (part * 32_767).astype(np.int16)
            for begin in range(0, len(data), 960):
                frame = av.AudioFrame.from_ndarray(
                    data[begin : begin + 960].reshape(1, -1), format="s16", layout="mono"
                )
                frame.sample_rate, frame.pts = rate, at + begin
                container.mux(stream.encode(frame))
            at += len(data) + round(seconds * rate)
        container.mux(stream.encode(None))
    return file.getvalue()


def test_a_gap_of_the_file_is_as_long_as_a_player_has_it(tmp_path: Path) -> None:
    content = with_gap(4)
    done = silence_recording(io.BytesIO(content), tmp_path / "b.wav", [(13, 20)])
    wav, heard = samples_of(tmp_path / "b.wav")
    loud = np.flatnonzero(np.abs(heard) > 8_000) / wav.rate
    early, late = np.percentile(loud, [5, 100])  # the encoder puts the first few samples before the gap
    assert (early, late) == (pytest.approx(12.05, abs=0.1), pytest.approx(13, abs=0.06))
    found = inspect_recording(io.BytesIO(content), name="a.webm")
    assert found.seconds == pytest.approx(14, abs=0.1)
    assert done.seconds == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("kind", "codec"), [("webm", "libopus"), ("mp4", "aac"), ("ogg", "libopus")])
def test_a_recording_that_begins_late_is_refused(tmp_path: Path, kind: str, codec: str) -> None:
    """Some players begin at once, others wait: where its seconds are depends on who plays it."""
    late, punctual = (with_gap(0, late=seconds, kind=kind, codec=codec) for seconds in (5, 0))
    with pytest.raises(RecordingError, match=r"begins at 5\.0 s.*Export it as wav"):
        silence_recording(io.BytesIO(late), tmp_path / "late.wav", [(1, 2)])
    assert not (tmp_path / "late.wav").exists()
    silence_recording(io.BytesIO(punctual), tmp_path / "punctual.wav", [(1, 2)])


def with_tracks(kind: str, codec: str, rate: int, count: int = 2) -> bytes:
    """Tracks side by side, each with a tone of its own, as some recorders keep the two speakers."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=kind) as container:
        streams = [container.add_stream(codec, rate=rate, layout="mono") for _ in range(count)]
        for number, stream in enumerate(streams):
            data = (tone(4, rate, hertz=300 + 200 * number) * 32_767).astype(np.int16)
            for begin in range(0, len(data), 1_024):
                part = data[begin : begin + 1_024].reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
                frame.sample_rate, frame.pts = rate, begin
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(("kind", "codec", "rate"), [("matroska", "libopus", 48_000), ("mp4", "aac", 16_000)])
def test_a_recording_with_two_tracks_is_refused(tmp_path: Path, kind: str, codec: str, rate: int) -> None:
    """A copy would have one of them, and nothing tells which the transcript is about."""
    two, one = with_tracks(kind, codec, rate), with_tracks(kind, codec, rate, count=1)
    with pytest.raises(RecordingError, match=r"2 audio tracks.*Export it as wav"):
        silence_recording(io.BytesIO(two), tmp_path / "two.wav", [(1, 2)])
    assert not (tmp_path / "two.wav").exists()
    silence_recording(io.BytesIO(one), tmp_path / "one.wav", [(1, 2)])
    assert [found.code for found in inspect_recording(two).findings] == ["recording-tracks"]
    assert not inspect_recording(one).findings


@pytest.mark.parametrize("second", ["samples", "file"])
def test_a_wav_with_samples_in_two_places_is_refused(tmp_path: Path, second: str) -> None:
    first, other = wav_bytes(tone(4)), wav_bytes(tone(4, hertz=600))
    whole = first + (other if second == "file" else other[36:])
    with pytest.raises(RecordingError, match="several blocks of audio data"):
        silence_recording(io.BytesIO(whole), tmp_path / "a.wav", [(1, 2)])
    note = b"LIST" + (4).to_bytes(4, "little") + b"INFO"
    silence_recording(io.BytesIO(first + note), tmp_path / "b.wav", [(1, 2)])


def test_it_tells_what_is_silent_as_far_as_the_recording_goes(tmp_path: Path) -> None:
    spans = [(1.0, 2.0), (3.5, 4.4), (3.0, 3.6), (9.0, 9.5)]
    done = silence_recording(io.BytesIO(wav_bytes(tone(4))), tmp_path / "a.wav", spans)
    assert done.length == 4
    assert [one[:2] for one in done.silent] == [(1.0, 2.0), (3.0, np.inf)]
    far = silence_recording(io.BytesIO(wav_bytes(tone(4))), tmp_path / "b.wav", [(3.0, 8.0)])
    assert [one[:2] for one in far.silent] == [(3.0, 4.0)], "what was said later is not in it"


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"cannot be silenced\. Its format is unknown\."):
        silence_recording(io.BytesIO(b"no sound at all" * 99), tmp_path / "b.wav", [(0, 1)])
    assert not (tmp_path / "b.wav").exists()


def test_nothing_is_written_over_least_of_all_the_original(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content := wav_bytes(tone(1)))
    with pytest.raises(RecordingError, match="exists already"):
        silence_recording(path, path, [(0, 1)])
    link = tmp_path / "link.wav"
    link.symlink_to(path)
    with pytest.raises(RecordingError, match="exists already"):
        silence_recording(path, link, [(0, 1)])
    assert path.read_bytes() == content


def test_a_copy_that_cannot_be_finished_is_taken_away(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def readinto(self, buffer: object) -> int:
            raise OSError(5, "Input/output error")

        def read(self, size: int | None = -1) -> bytes:
            if size is not None and size >= 1 << 16:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(RecordingError, match="Nothing of it was kept"):
        silence_recording(Broken(wav_bytes(tone(9))), tmp_path / "b.wav", [(0, 1)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "span", [(2, 1), (1, 1), (-1, 2), (float("nan"), 2), (1, float("nan")), (math.inf, math.inf)]
)
def test_a_span_that_is_none_is_refused_before_anything_is_written(
    span: tuple[float, float], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="start before stop"):
        silence_recording(io.BytesIO(wav_bytes(tone(1))), tmp_path / "b.wav", [span])
    assert list(tmp_path.iterdir()) == []


# --- places become seconds ---------------------------------------------------------------------------------

LINES = [
    TranscriptLine("agent", "Your number, please.", 0.0, 2.0),
    TranscriptLine("customer", "It is 020 7946 0018, yes.", 2.5, 8.0),
    TranscriptLine("agent", "Thank you.", 8.5, None),
    TranscriptLine("customer", "Bye.", 12.0, None),
    TranscriptLine("agent", "Bye.", None, None),
]
PHONE = Said(2, 6, 19, "phone")
WORDS = [Word("It", 2.5, 2.7), Word("is", 2.7, 3.0), Word("020", 3.0, 4.0), Word("7946", 4.5, 5.5),
         Word("0018,", 6.0, 7.0), Word("yes.", 7.2, 8.0)]  # fmt: skip


def test_words_with_times_bound_the_place_closely() -> None:
    (span,) = place([PHONE], LINES, words={2: WORDS}).spans
    assert span == (pytest.approx(2.85), pytest.approx(7.15), "phone", "words")


@pytest.mark.parametrize(
    "words", [{}, {2: WORDS[:3]}, {2: WORDS[::-1]}, {2: [*WORDS[:2], *WORDS[3:]]}, {1: WORDS}]
)
def test_words_that_are_not_those_of_the_line_leave_the_whole_line(words: dict[int, list[Word]]) -> None:
    assert place([PHONE], LINES, words=words).spans == [Span(2.0, 8.5, "phone", "lines")]


def test_a_line_without_a_stop_ends_where_the_next_begins_or_never() -> None:
    assert place([Said(3, 0, 5, "email")], LINES).spans == [Span(8.0, 12.5, "email", "lines")]
    assert place([Said(4, 0, 3, "email")], LINES).spans == [Span(11.5, math.inf, "email", "lines")]


def test_a_place_without_any_time_is_given_back() -> None:
    nowhere = Said(5, 0, 3, "email")
    assert place([nowhere, PHONE], LINES) == ([Span(2.0, 8.5, "phone", "lines")], [nowhere])


def test_spans_that_meet_are_one() -> None:
    spans = place([PHONE, Said(3, 0, 5, "email")], LINES).spans
    assert spans == [Span(2.0, 12.5, "phone, email", "lines")]


def test_a_word_without_a_time_at_the_edge_of_a_place_leaves_the_whole_line() -> None:
    """It may be anywhere in the line: by the times of the others, it would be heard."""
    for gap in (2, 4):
        words = [
            word._replace(start=math.nan, stop=math.nan) if at == gap else word
            for at, word in enumerate(WORDS)
        ]
        assert place([PHONE], LINES, words={2: words}).spans == [Span(2.0, 8.5, "phone", "lines")]
        words[gap] = WORDS[gap]._replace(stop=WORDS[gap].start)  # a word that takes no time was not timed
        assert place([PHONE], LINES, words={2: words}).spans == [Span(2.0, 8.5, "phone", "lines")]
    within = [word._replace(start=math.nan) if word.text == "7946" else word for word in WORDS]
    assert place([PHONE], LINES, words={2: within}) == place([PHONE], LINES, words={2: WORDS})


def test_a_span_of_words_and_lines_says_that_it_rests_on_both() -> None:
    [span] = place([PHONE, Said(3, 0, 5, "phone")], LINES, words={2: WORDS}, line_margin=2).spans
    assert (span.by, span.why) == ("words, lines", "phone")


@given(st.data())
def test_by_words_every_touched_word_is_in_the_span_and_the_span_is_in_that_of_the_line(
    data: st.DataObject,
) -> None:
    begin = data.draw(st.integers(0, len(LINES[1].text) - 1))
    end = data.draw(st.integers(begin + 1, len(LINES[1].text)))
    one = Said(2, begin, end, BY_HAND)
    [by_line] = place([one], LINES).spans
    [span] = place([one], LINES, words={2: WORDS}).spans
    assert by_line.start <= span.start < span.stop <= by_line.stop
    at = 0
    for word in WORDS:
        at = LINES[1].text.index(word.text, at)
        if begin < at + len(word.text) and at < end:
            assert span.start <= word.start
            assert word.stop <= span.stop
        at += len(word.text)


# --- what a person marks -----------------------------------------------------------------------------------


def test_words_are_found_wherever_they_stand_whatever_their_case_and_spaces() -> None:
    lines = [TranscriptLine("agent", text) for text in ("Ann  Lee, hi ann\nlee", "Nothing", "Dear Ann Lee.")]
    assert find_words(lines, " ann lee ") == [
        Said(1, 0, 8, BY_HAND), Said(1, 13, 20, BY_HAND), Said(3, 5, 12, BY_HAND)
    ]  # fmt: skip
    assert find_words(lines, "ann lee", among={2, 3}) == [Said(3, 5, 12, BY_HAND)]
    assert find_words(lines, "ann lee", among={2}) == find_words(lines, "  ") == find_words(lines, "Bo") == []


def test_whole_words_come_before_parts_of_words() -> None:
    lines = [TranscriptLine("agent", "An annual visit of Ann's"), TranscriptLine("agent", "Anna (.*) pays")]
    assert find_words(lines, "ann") == [Said(1, 19, 22, BY_HAND)]
    assert find_words(lines, "annu") == [Said(1, 3, 7, BY_HAND)]
    assert find_words(lines, "(.*)") == [Said(2, 5, 9, BY_HAND)], "what is typed is no pattern"


def test_a_line_without_text_has_nothing_to_mark() -> None:
    lines = [TranscriptLine("agent", "Hello"), TranscriptLine("agent", " ")]
    assert whole_lines(lines, [1, 2]) == [Said(1, 0, 5, BY_HAND)]


@given(st.lists(st.text(max_size=30), max_size=3), st.text(max_size=4))
def test_whatever_is_searched_what_is_found_says_it(texts: list[str], words: str) -> None:
    lines = [TranscriptLine("agent", text) for text in texts]
    for one in find_words(lines, words):
        found = lines[one.line - 1].text[one.begin : one.end]
        assert found
        assert len(found.split()) == len(words.split())
    for number, text in enumerate(texts, 1):
        if words.split() and words in text:
            assert number in {one.line for one in find_words([*lines[:number]], words, among={number})}


# --- listened to before ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "form"), FORMS)
def test_an_excerpt_is_the_seconds_of_a_span_with_one_around_it(bits: int, form: int) -> None:
    content = wav_bytes(tone(6), tone(6, hertz=300), bits=bits, form=form)
    part = excerpt(io.BytesIO(content), Span(2.0, 3.5))
    whole, small = read_wav(io.BytesIO(content)), read_wav(io.BytesIO(part))
    assert (small.form, small.channels, small.rate, small.bits) == (whole.form, 2, RATE, bits)
    begin = whole.begin + RATE * whole.block
    assert (
        part[small.begin : small.begin + small.present]
        == content[begin : begin + round(3.5 * RATE) * whole.block]
    )


def test_an_excerpt_ends_with_the_recording_and_is_never_a_whole_one() -> None:
    content = wav_bytes(tone(100))

    def seconds(span: Span) -> float:
        part = excerpt(io.BytesIO(content), span)
        return read_wav(io.BytesIO(part)).present / 2 / RATE if part else 0.0

    assert seconds(Span(0.0, 1.0)) == 2.0
    assert seconds(Span(99.0, math.inf)) == 2.0
    assert seconds(Span(5.0, 99.0)) == 60.0
    assert seconds(Span(100.0, 101.0)) == 0.0


@pytest.mark.parametrize("ending", [".mp3", ".flac", ".m4a"])
def test_an_excerpt_of_another_format_is_a_wav(ending: str) -> None:
    content = io.BytesIO(encoded(ending, [np.concatenate([tone(9, 16_000), np.zeros(16_000)])], 16_000))
    part = excerpt(content, Span(2.0, 3.5))
    small = read_wav(io.BytesIO(part))
    assert (small.channels, small.rate, small.bits) == (1, 16_000, 16)
    assert small.present / 2 / 16_000 == 3.5
    end = np.frombuffer(excerpt(content, Span(8.5, math.inf))[44:], "<i2")
    assert len(end) / 16_000 == pytest.approx(2.5, abs=0.1)
    assert np.flatnonzero(np.abs(end) > 4_000)[-1] / 16_000 == pytest.approx(1.5, abs=0.06)
    assert excerpt(content, Span(30.0, 31.0)) == b""
    with pytest.raises(RecordingError, match="Its format is unknown"):
        excerpt(io.BytesIO(b"no sound at all" * 99), Span(0, 1))


# --- real recordings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((SHARED / "audio").glob("*.wav")), ids=lambda path: path.name[:20])
def test_by_words_less_of_a_real_recording_is_silenced_and_exactly_that(path: Path, tmp_path: Path) -> None:
    from reddy_lib.transcripts import read_transcript
    from reddy_lib.transcripts.words import word_times

    texts = ["So", "my", "number", "is", "020", "7946", "0018", "and", "then", "I", "called", "again"]
    said = [{"word": text, "start": 2 + at, "end": 2.75 + at} for at, text in enumerate(texts)]
    cell = {"results": {"utterances": [
        {"transcript": "Hello.", "speaker": 0, "start": 0.25, "end": 1.0,
         "words": [{"word": "Hello.", "start": 0.25, "end": 1.0}]},
        {"transcript": " ".join(texts), "speaker": 1, "start": 2.0, "end": 13.75, "words": said},
    ]}}  # fmt: skip
    lines = read_transcript(cell).lines
    words = {number: [Word(*one) for one in found] for number, found in word_times(cell, lines).items()}
    found = find_personal_data(lines)
    [wide] = place(found, lines).spans
    [tight] = place(found, lines, words=words).spans
    assert (wide[:2], tight[:2]) == ((1.5, 14.25), (5.85, 8.9))
    content = path.read_bytes()
    wav = read_wav(io.BytesIO(content))
    done = silence_recording(path, tmp_path / "copy.wav", [tight])
    copy = done.path.read_bytes()
    begin, end = (wav.begin + wav.block * round(seconds * wav.rate) for seconds in tight[:2])
    assert path.read_bytes() == content
    assert content[begin:end].strip(content[begin : begin + 1]), "somebody speaks there"
    assert copy[begin:end] == silent(wav.bits, wav.form) * ((end - begin) // (wav.bits // 8))
    assert copy[:begin] + content[begin:end] + copy[end:] == content
    assert done.seconds == pytest.approx(3.05, abs=0.001)
