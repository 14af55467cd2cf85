"""Looking inside recordings: every format, headers that lie, sides, roles, lengths. No content raises."""

from __future__ import annotations

import io
import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reddy_lib.errors import RecordingError
from reddy_lib.model import Speaker, TranscriptLine, content_type_of
from reddy_lib.recordings.inspect import Inspection, inspect_recording
from tests.conftest import SHARED
from tests.recording_files import FORMATS, encoded, silence, tone, turns, wav_bytes

AUDIO = SHARED / "audio"


def codes(found: Inspection) -> list[str]:
    return [one.code for one in found.findings]


def lines_for(seconds: float, *, turn: float = 3.0, first: str = "agent") -> list[TranscriptLine]:
    roles = (first, "customer" if first == "agent" else "agent")
    return [
        TranscriptLine(roles[number % 2], "…", number * turn, (number + 1) * turn)
        for number in range(int(seconds // turn))
    ]


# --- formats -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("sides", [1, 2])
def test_each_format_is_described_as_it_is(ending: str, sides: int) -> None:
    _, codec, rate = FORMATS[ending]
    both = turns(8, rate)
    sound = both if sides == 2 else (both[0] + both[1],)
    found = inspect_recording(encoded(ending, sound, rate), name="call" + ending)
    expected = {".opus": "ogg"}.get(ending, ending[1:])
    assert (found.format, found.channels) == (expected, sides)
    assert found.seconds == pytest.approx(8, abs=0.15)
    assert found.rate == (48_000 if codec == "libopus" else rate)  # Opus always comes out at 48 kHz
    assert found.content_type == content_type_of("call" + ending)
    assert found.findings == []
    assert found.speaker.separation == ("channels" if sides == 2 else "diarize")
    assert len(found.waveform) == sides
    assert len(found.waveform[0]) == 400
    assert all(-1.1 <= low <= high <= 1.1 for low, high in found.waveform[0])
    assert found.readable
    assert repr(found).startswith(f"<Inspection 'call{ending}' · {expected} (")


@pytest.mark.parametrize(
    ("bits", "form", "codec"),
    [(8, 1, "pcm_u8"), (16, 1, "pcm_s16le"), (24, 1, "pcm_s24le"), (32, 1, "pcm_s32le"), (32, 3, "pcm_f32le"),
     (64, 3, "pcm_f64le"), (8, 6, "pcm_alaw"), (8, 7, "pcm_mulaw")],
)  # fmt: skip
def test_wav_tells_its_width_whatever_the_form_of_its_samples(bits: int, form: int, codec: str) -> None:
    found = inspect_recording(wav_bytes(tone(1), bits=bits, form=form), name="a.wav")
    assert (found.codec, found.sample_width, found.seconds, found.header_seconds) == (
        codec,
        bits // 8,
        1.0,
        1.0,
    )
    assert found.findings == []


def test_the_sample_recordings_are_described_as_their_list_says() -> None:
    if not (AUDIO / "expected.json").exists():
        pytest.skip("the sample recordings are not here")
    expected: dict[str, dict[str, Any]] = json.loads((AUDIO / "expected.json").read_text(encoding="utf-8"))
    for name, told in expected.items():
        found = inspect_recording(AUDIO / name)
        assert found.findings == [], name
        assert found.seconds == pytest.approx(told["seconds"], abs=0.02), name
        assert found.format == told.get("format", "wav"), name
        for key, attribute in (("channels", "channels"), ("rate", "rate"), ("sampwidth", "sample_width")):
            if key in told:
                assert getattr(found, attribute) == told[key], name
        assert found.speaker == Speaker("channels" if told.get("channels") == 2 else "diarize"), name


def test_the_waveform_is_that_of_the_whole_and_not_of_its_beginning() -> None:
    sound = np.concatenate((silence(5), tone(5, loud=0.8)))
    (wave,) = inspect_recording(wav_bytes(sound), buckets=100).waveform
    assert len(wave) == 100
    assert all(low == high == 0 for low, high in wave[:49])
    assert all(low < -0.7 and high > 0.7 for low, high in wave[51:])


def test_a_recording_of_a_moment_has_fewer_points() -> None:
    found = inspect_recording(wav_bytes(tone(0.02)))
    assert found.seconds == 0.02
    assert 1 <= len(found.waveform[0]) <= 4


def test_long_recordings_take_no_more_memory_than_short_ones() -> None:
    """Twenty-five minutes are merged into fewer blocks twice; what is heard stays where it is."""

    class Zeros(io.RawIOBase):
        """A wav file of 1,500 s with a tone in its last 15 s, made as it is read."""

        def __init__(self) -> None:
            self.head = wav_bytes(np.zeros(0), promised=1_500 * 16_000)
            self.size = len(self.head) + 1_500 * 16_000
            self.place = 0

        def seek(self, place: int, whence: int = 0) -> int:
            self.place = max(0, {0: 0, 1: self.place, 2: self.size}[whence] + place)
            return self.place

        def tell(self) -> int:
            return self.place

        def read(self, size: int = -1) -> bytes:
            begin, end = self.place, min(self.size, self.place + (size if size >= 0 else 1 << 16))
            self.place = max(begin, end)
            data = bytearray(max(0, end - begin))
            if begin < len(self.head):
                data[: len(self.head) - begin] = self.head[begin : min(end, len(self.head))]
            loud = self.size - 15 * 16_000
            if end > loud:
                data[max(0, loud - begin) :] = b"\x00\x40" * ((end - max(begin, loud)) // 2)
            return bytes(data)

    tracemalloc.start()
    found = inspect_recording(Zeros(), name="long.wav", buckets=100)  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.seconds == 1_500
    assert peak < 24 << 20
    heard = [number for number, (_, high) in enumerate(found.waveform[0]) if high > 0.1]
    assert heard == [99]


# --- what is wrong with a file -----------------------------------------------------------------------------


def test_an_empty_file_is_a_finding() -> None:
    found = inspect_recording(b"", name="a.wav")
    assert codes(found) == ["recording-empty"]
    assert not found.readable
    assert found.content_type == "audio/wav"


@pytest.mark.parametrize(
    "content",
    [b"\x00" * 5_000, b"agent,start\nann,5\n" * 50, b"<html>Not found</html>", b"PK\x03\x04" + b"x" * 900,
     b"\xff", b"RIFF", b"%PDF-1.7 " * 90, b"ID3\x04\x00\x00\x00\x00\x00\x05hello"],
)  # fmt: skip
def test_what_is_no_audio_is_a_finding(content: bytes) -> None:
    found = inspect_recording(content, name="a.mp3")
    assert codes(found)[-1] == "recording-unreadable"
    assert found.seconds == 0
    assert "cannot be read" in repr(found)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.97])
def test_a_cut_file_raises_nothing_and_tells_what_is_left(ending: str, kept: float) -> None:
    rate = FORMATS[ending][2]
    whole = encoded(ending, [tone(10, rate)], rate)
    found = inspect_recording(whole[: int(len(whole) * kept)], name="a" + ending)
    if ending == ".m4a":  # its table of contents stands at the end
        assert codes(found) == ["recording-unreadable"]
    elif found.seconds == 0:
        assert kept == 0.02
        assert codes(found) == ["recording-unreadable"]
    else:
        assert found.seconds <= 10.2
        if (
            ending in (".wav", ".flac", ".mp3", ".aiff") and kept < 0.9
        ):  # the header tells the length: the cut shows
            assert codes(found) == ["recording-cut"]
            assert f"holds {found.seconds:.1f} s of the 10." in found.findings[0].message


def test_a_recorder_that_died_left_a_header_without_length() -> None:
    """Zero, or all ones: it was never filled in. What is there counts, and nothing is wrong with it."""
    for promised in (0, 0xFFFFFFFF):
        found = inspect_recording(wav_bytes(tone(3), promised=promised), name="a.wav")
        assert (found.seconds, found.header_seconds, found.findings) == (3.0, None, [])


def test_a_header_that_promises_more_is_told_with_both_numbers() -> None:
    found = inspect_recording(wav_bytes(tone(3), promised=16_000 * 60), name="a.wav")
    assert codes(found) == ["recording-cut"]
    assert found.findings[0].message == "a.wav holds 3.0 s of the 60.0 s that its header promises."
    assert (found.seconds, found.header_seconds) == (3.0, 60.0)


def test_a_header_that_contradicts_itself_is_told() -> None:
    content = bytearray(wav_bytes(tone(3)))
    content[28:32] = (99_999).to_bytes(4, "little")  # bytes a second
    assert "recording-mislabelled" in codes(inspect_recording(bytes(content), name="a.wav"))


def test_an_ending_that_is_wrong_is_told_and_the_content_counts() -> None:
    found = inspect_recording(wav_bytes(tone(3)), name="call.mp3")
    assert codes(found) == ["recording-mislabelled"]
    assert found.content_type == "audio/wav"
    assert "call.mp3 is called .mp3, but is wav inside" in found.findings[0].message


def test_damage_in_the_middle_is_told() -> None:
    content = bytearray(encoded(".mp3", [tone(10, 16_000)], 16_000))
    middle = len(content) // 2
    content[middle : middle + 4_000] = b"\xaa" * 4_000
    found = inspect_recording(bytes(content), name="a.mp3")
    assert codes(found) == ["recording-cut"]
    assert found.readable


@pytest.mark.parametrize("name", ["list.mp3", "list.m3u8", "list.wav"])
def test_a_playlist_opens_nothing(name: str, tmp_path: Path) -> None:
    """The decoder's library follows playlists to files and addresses, if it is let."""
    other = tmp_path / "other.wav"
    other.write_bytes(wav_bytes(tone(1)))
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{other}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile '{other}'\n",
        f"[playlist]\nFile1={other}\n",
        f'<?xml version="1.0"?><MPD><BaseURL>file://{other}</BaseURL></MPD>',
    ):
        found = inspect_recording(text.encode(), name=name)
        assert codes(found) == ["recording-unreadable"]


def test_a_file_that_cannot_be_opened_is_a_situation(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"gone\.wav cannot be opened"):
        inspect_recording(tmp_path / "gone.wav")
    with pytest.raises(RecordingError, match="cannot be opened"):
        inspect_recording(tmp_path)


def test_an_open_file_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(tone(1)))
    with path.open("rb") as file:
        assert inspect_recording(file).name == "a.wav"
        assert not file.closed


HEADS = [
    b"", b"RIFF\x00\x00\x00\x00WAVE", b"ID3\x04\x00\x00\x00\x00\x00\x00", b"OggS", b"fLaC", b"\x1aE\xdf\xa3",
    b"\x00\x00\x00\x18ftypM4A ", b"\xff\xfb\x90\x00", b"FORM\x00\x00\x00\x00AIFF", b"#!AMR\n",
]  # fmt: skip


@given(st.binary(max_size=400), st.sampled_from(HEADS))
def test_no_bytes_raise(rest: bytes, head: bytes) -> None:
    found = inspect_recording(head + rest, name="a.bin")
    assert found.readable or found.findings


@pytest.mark.parametrize("ending", FORMATS)
def test_no_damage_raises(ending: str) -> None:
    """Bytes changed, taken out and put in, at any place and in the header: two hundred times, the same every run."""
    rate = FORMATS[ending][2]
    whole = encoded(ending, turns(1, rate), rate)
    chance = random.Random(7)
    for _ in range(200):
        content = bytearray(whole)
        for _ in range(chance.choice((1, 3, 20))):
            at = chance.randrange(min(len(content), chance.choice((64, 600, len(content)))))
            content[at : at + chance.choice((0, 1, 1, 4, 90))] = chance.randbytes(chance.choice((0, 1, 1, 4)))
            content = content or bytearray(b"x")
        found = inspect_recording(bytes(content), name="a" + ending, lines=lines_for(3))
        assert found.readable or found.findings
        assert all(low <= high for side in found.waveform for low, high in side)


# --- sides -------------------------------------------------------------------------------------------------


def test_mono_is_taken_apart_by_voices() -> None:
    found = inspect_recording(wav_bytes(tone(5)))
    assert (found.speaker, found.why) == (Speaker("diarize"), "The recording is mono.")


@pytest.mark.parametrize("gain", [1.0, 0.4, -1.0])
def test_two_sides_with_the_same_sound_are_taken_apart_by_voices(gain: float) -> None:
    found = inspect_recording(wav_bytes(tone(5), gain * tone(5)))
    assert (found.speaker, found.why) == (Speaker("diarize"), "Both sides hold the same sound.")
    assert found.findings == []


def test_a_silent_side_is_told_and_does_not_count_as_a_speaker() -> None:
    hiss = np.random.default_rng(1).normal(0, 0.0005, 40_000)
    for left, right, side in ((tone(5), silence(5), "right"), (hiss, tone(5), "left")):
        found = inspect_recording(wav_bytes(left, right), name="a.wav")
        assert codes(found) == ["recording-side-silent"]
        assert found.speaker == Speaker("diarize")
        assert found.findings[0].message == f"Nothing is heard on the {side} side of a.wav."


def test_silence_is_told() -> None:
    for sides in ((silence(5),), (silence(5), silence(5))):
        assert codes(inspect_recording(wav_bytes(*sides))) == ["recording-silent"]


def test_a_room_with_two_microphones_has_no_sides() -> None:
    """Both are heard on both sides, differently loud: the sides differ, but not by speaker."""
    first, second = turns(20)
    found = inspect_recording(wav_bytes(0.9 * first + 0.6 * second, 0.6 * first + 0.9 * second))
    assert found.speaker == Speaker("diarize")


@pytest.mark.parametrize("agent_first", [True, False])
def test_times_of_the_transcript_say_who_is_on_which_side(agent_first: bool) -> None:
    left, right = turns(30)
    roles = ["agent", "customer"] if agent_first else ["customer", "agent"]
    found = inspect_recording(wav_bytes(left, right), lines=lines_for(30, first=roles[0]))
    assert found.speaker == Speaker("channels", roles)
    assert f"the {roles[0]} is on the left" in found.why


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [TranscriptLine("agent", "…", None, None)],
        [TranscriptLine("agent", "…", 0, 30), TranscriptLine("customer", "…", 0, 30)],  # both all the time
        lines_for(30, turn=2.0),  # times of another call
        [TranscriptLine("agent", "…", 0, 3)],  # nothing of the customer
        [TranscriptLine("agent", "…", float("nan"), 3), TranscriptLine("customer", "…", 9, 3)],
    ],
)  # fmt: skip
def test_without_clear_evidence_nobody_is_put_on_a_side(lines: list[TranscriptLine]) -> None:
    left, right = turns(30)
    assert inspect_recording(wav_bytes(left, right), lines=lines).speaker == Speaker("channels")


def test_more_than_two_channels_have_no_sides() -> None:
    found = inspect_recording(wav_bytes(*(tone(3, hertz=200 + 100 * n) for n in range(4))))
    assert (found.channels, found.speaker, len(found.waveform)) == (4, Speaker("diarize"), 2)


# --- length ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "last", "differs"),
    [(30, 30, False), (30, 31.5, False), (30, 45, True), (30, 20, False), (100, 20, True), (100, 0, False)],
)
def test_the_length_is_held_against_the_last_line(seconds: float, last: float, differs: bool) -> None:
    found = inspect_recording(wav_bytes(tone(seconds)), lines=[TranscriptLine("agent", "…", 0, last)])
    assert codes(found) == (["recording-length-differs"] if differs else [])


def test_music_on_hold_that_is_silent_is_no_speech_after_the_last_line() -> None:
    sound = np.concatenate((tone(20), silence(200)))
    assert codes(inspect_recording(wav_bytes(sound), lines=[TranscriptLine("agent", "…", 0, 20)])) == []
