"""What an analyst marks by hand on the recording tab: words of the transcript, or a stretch of time."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.batches import edits as editing
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.redaction_marks import marks_of
from reddy_lib.recordings.attachments import open_recording
from reddy_lib.recordings.wav import read_wav
from tests import screen
from tests.conftest import PRODUCTS
from tests.recording_files import encoded, tone, wav_bytes
from tests.screen import labels, set_status, words

Sheet = Callable[..., Path]
SAYS = (
    "agent [00:01]: Who is it?\ncustomer [00:04]: We saw Ann Lee of Elm Street\n"
    "agent [00:08]: Thank you, Ann Lee\nagent [00:11]: Bye"
)
RATE = 8_000


def timed(*lines: tuple[str, float, str]) -> str:
    """A transcript whose words take half a second each."""
    return json.dumps(
        {"segments": [
            {"speaker": who, "text": text, "start": start, "end": start + len(text.split()) / 2,
             "words": [{"word": word, "start": start + at / 2, "end": start + at / 2 + 0.5}
                       for at, word in enumerate(text.split())]}
            for who, start, text in lines
        ]}
    )  # fmt: skip


WORDS = timed(
    ("agent", 1, "Who is it ?"), ("customer", 4, "We saw Ann Lee of Elm Street"), ("agent", 8, "Thank you")
)


@pytest.fixture(autouse=True)
def own_ledger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("REDDY_AUDIO_FOLDER", raising=False)
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)


@pytest.fixture
def batch(tmp_path: Path, sheet: Sheet) -> reddy.Batch:
    """Rows 2 and 3 say the same; row 4 has times of words; row 5 has no times at all. Each has a recording of 12 s."""
    said = {2: SAYS, 3: SAYS, 4: WORDS, 5: "agent: Who is it?\ncustomer: We saw Ann Lee"}
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        batch = ledger.load(
            sheet(4, {row: {"Transcript": text} for row, text in said.items()}),
            products=PRODUCTS,
            progress=False,
        )
    for row in said:
        batch.attach(row, io.BytesIO(wav_bytes(tone(12, hertz=300 + row))), name=f"call-{row}.wav")
    return batch


def tab(batch: reddy.Batch, row: int) -> AppTest:
    state = {f"review {batch.id} tab": "Recording"}
    return screen.opened("review", batch, query={"row": str(row)}, **state)


def press(app: AppTest, label: str) -> AppTest:
    return screen.press(app, label)


def small(app: AppTest, kind: str) -> list[Any]:
    """Buttons without words: "listen", "unmark"."""
    return [one for one in app.button if (one.key or "").startswith(f"recording {kind} ")]


def mark(app: AppTest, text: str = "", *lines: int) -> AppTest:
    next(one for one in app.text_input if one.label == "Words").set_value(text)
    next(one for one in app.multiselect if one.label == "Lines").set_value(list(lines))
    return press(screen.run(app), "Mark words")


def mark_time(app: AppTest, start: str, stop: str) -> AppTest:
    next(one for one in app.text_input if one.label == "From").set_value(start)
    next(one for one in app.text_input if one.label == "To").set_value(stop)
    return press(app, "Mark time")


def spans(app: AppTest) -> list[str]:
    """What is listed, as it is read on the screen: the label of a span, and under it what it says and rests on."""
    listed = [one.label for one in app.checkbox if (one.key or "").startswith("recording span ")]
    under = [one.value for one in app.caption if re.search(r"\bby its (words|whole line)$", one.value)]
    pairs = [label if "marked by hand" in label else f"{label} · {under.pop(0)}" for label in listed]
    assert not under
    return [html.unescape(one.replace("\\", "").replace("\u2060", "")) for one in pairs]


def samples(batch: reddy.Batch, row: int) -> bytes:
    found = batch.recording(row)
    assert found is not None
    with open_recording(batch.database, found) as file:
        wav = read_wav(file)
        file.seek(wav.begin)
        return file.read()


def silent_seconds(batch: reddy.Batch, row: int) -> tuple[float, float]:
    """From where to where the recording is silent, in seconds."""
    data = samples(batch, row)
    quiet = [at for at in range(0, len(data) - 200, 200) if not any(data[at : at + 200])]
    return quiet[0] / 2 / RATE, (quiet[-1] + 200) / 2 / RATE


class TestWords:
    def test_they_are_marked_wherever_they_stand_shown_before_and_silenced_with_one_click(
        self, batch: reddy.Batch
    ) -> None:
        app = tab(batch, 2)
        next(one for one in app.text_input if one.label == "Words").set_value("ann lee")
        screen.run(app)
        assert words(app).count(":red-background[Ann Lee]") == 2
        assert marks_of(batch, 2) == []
        press(app, "Mark words")
        assert spans(app) == [
            "0:03.0 to 0:09.5 · line 2 · “Ann Lee” · by its whole line",
            "0:07.0 to 0:12.0 · line 3 · “Ann Lee” · by its whole line",
        ]
        assert "2 places marked" in words(app)
        assert next(one for one in app.text_input if one.label == "Words").value == ""
        next(one for one in app.checkbox if "line 3" in one.label).uncheck()
        screen.run(app)
        press(app, "Silence 1 span in a copy")
        assert silent_seconds(batch, 2) == (3.0, 9.5)

    def test_of_a_chosen_line_alone_or_the_whole_line(self, batch: reddy.Batch) -> None:
        app = mark(tab(batch, 2), "Ann Lee", 3)
        app = mark(app, "", 1)
        assert ["line 3" in one or "line 1 · “Who is it?”" in one for one in spans(app)] == [True, True]
        assert [(one.line, one.begin, one.end) for one in marks_of(batch, 2)] == [(1, 0, 10), (3, 11, 18)]

    @pytest.mark.parametrize(
        ("text", "lines", "said"),
        [
            ("Bo", (), "“Bo” is in no line of this transcript"),
            ("Elm", (1,), "“Elm” is not in line 1"),
            ("Elm", (1, 3), "“Elm” is not in the chosen lines"),
            (" ", (), "Write the words that must not be heard, or choose a line."),
        ],
    )
    def test_what_cannot_be_marked_is_a_sentence(
        self, batch: reddy.Batch, text: str, lines: tuple[int, ...], said: str
    ) -> None:
        app = mark(tab(batch, 2), text, *lines)
        assert len(app.error) == 1
        assert said in words(app)
        assert marks_of(batch, 2) == []

    def test_words_that_are_everywhere_are_not_marked(self, sheet: Sheet, batch: reddy.Batch) -> None:
        call = batch.call(2)
        for number in range(60):
            call = editing.with_line_cells(
                editing.insert_line(call, number),
                {number + 1: {"role": "agent", "text": "the", "start": 1, "stop": 2}},
            )
        batch.replace(2, call)
        app = mark(tab(batch, 2), "the")
        assert "That is in 60 places" in words(app)
        assert marks_of(batch, 2) == []

    def test_their_own_times_are_used_where_the_source_has_them_and_it_is_said(
        self, batch: reddy.Batch
    ) -> None:
        app = mark(tab(batch, 4), "Ann Lee")
        assert spans(app) == ["0:04.8 to 0:06.2 · line 2 · “Ann Lee” · by its words"]
        assert "with 0.15 s around them" in words(app)
        press(app, "Silence 1 span in a copy")
        begin, end = silent_seconds(batch, 4)
        assert (begin, end) == (pytest.approx(4.85, abs=0.02), pytest.approx(6.15, abs=0.02))

    def test_an_edited_line_falls_back_to_its_own_times_and_it_is_said(self, batch: reddy.Batch) -> None:
        batch.replace(4, editing.with_line_cells(batch.call(4), {2: {"text": "We saw Ann Lee of Elm St"}}))
        app = mark(tab(batch, 4), "Ann Lee")
        assert spans(app) == ["0:03.0 to 0:09.0 · line 2 · “Ann Lee” · by its whole line"]
        assert "or the line was edited" in words(app)

    def test_a_line_that_was_changed_after_words_in_it_were_marked_is_said(self, batch: reddy.Batch) -> None:
        mark(tab(batch, 2), "Elm Street")
        batch.replace(2, editing.with_line_cells(batch.call(2), {2: {"text": "We saw Ann Lee of Elm St"}}))
        app = tab(batch, 2)
        assert "Line 2 was changed after words in it were marked: mark them again." in words(app)
        assert spans(app) == []
        small(app, "unmark")[0].click()
        screen.run(app)
        assert "was changed after" not in words(app)

    def test_a_name_that_is_markdown_is_shown_as_it_is(self, batch: reddy.Batch) -> None:
        batch.replace(2, editing.with_line_cells(batch.call(2), {2: {"text": "I am *Ann* _Lee_ `x`"}}))
        app = mark(tab(batch, 2), "*Ann* _Lee_ `x`")
        assert any("“*Ann* _Lee_ `x`”" in one for one in spans(app))
        assert not any("*Ann*" in source for source in screen.sources(app))


class TestTime:
    def test_a_stretch_is_marked_and_silenced(self, batch: reddy.Batch) -> None:
        app = mark_time(tab(batch, 2), "0:01.5", "3")
        assert spans(app) == ["0:01.5 to 0:03.0 · marked by hand"]
        press(app, "Silence 1 span in a copy")
        assert silent_seconds(batch, 2) == (1.5, 3.0)

    @pytest.mark.parametrize(
        ("start", "stop", "said"),
        [("5", "4", "before it starts"), ("0:20", "0:30", "outside of the recording"), ("", "4", "is empty"),
         ("now", "4", "is not a time")],
    )  # fmt: skip
    def test_what_is_no_stretch_of_this_recording_is_a_sentence(
        self, batch: reddy.Batch, start: str, stop: str, said: str
    ) -> None:
        app = mark_time(tab(batch, 2), start, stop)
        assert len(app.error) == 1
        assert said in words(app)
        assert marks_of(batch, 2) == []

    def test_it_is_for_a_transcript_without_times_too(self, batch: reddy.Batch) -> None:
        app = tab(batch, 5)
        assert "Nothing can be proposed" in words(app)
        assert "Mark words" not in labels(app)
        mark_time(app, "1", "2")
        press(app, "Silence 1 span in a copy")
        assert silent_seconds(batch, 5) == (1.0, 2.0)

    def test_it_is_not_applied_to_another_recording_of_the_call(self, batch: reddy.Batch) -> None:
        mark_time(tab(batch, 2), "1", "2")
        batch.attach(2, io.BytesIO(wav_bytes(tone(12, hertz=900))), name="other.wav")
        app = tab(batch, 2)
        assert spans(app) == []
        assert "1 time marked by hand is of another recording of this call" in words(app)


class TestMarks:
    def test_they_are_there_again_for_whoever_comes_next_and_on_no_other_call(
        self, batch: reddy.Batch
    ) -> None:
        mark_time(mark(tab(batch, 2), "Elm Street"), "1", "2")
        assert len(spans(tab(batch, 2))) == 2
        assert spans(tab(batch, 3)) == []

    def test_leaving_the_call_and_coming_back_in_one_session(self, batch: reddy.Batch) -> None:
        app = mark(tab(batch, 2), "Elm Street")
        for step, there in (("after", "Row 3"), ("before", "Row 2")):
            next(one for one in app.button if one.key == f"review {batch.id} {step}").click()
            screen.run(app)
            assert there in words(app)
            assert len(spans(app)) == (there == "Row 2")

    def test_they_are_taken_away_one_at_a_time(self, batch: reddy.Batch) -> None:
        app = mark_time(mark(tab(batch, 2), "Ann Lee"), "1", "2")
        assert len(spans(app)) == 3
        small(app, "unmark")[1].click()
        screen.run(app)
        assert [one.split(" ·")[0] for one in spans(app)] == ["0:01.0 to 0:02.0", "0:07.0 to 0:12.0"]

    def test_a_tick_that_was_taken_out_stays_out_when_something_is_marked_before_it(
        self, batch: reddy.Batch
    ) -> None:
        app = mark(tab(batch, 2), "Elm Street")
        app.checkbox[0].uncheck()
        mark_time(screen.run(app), "0", "1")
        assert [one.value for one in app.checkbox if (one.key or "").startswith("recording span ")] == [
            True,
            False,
        ]
        assert "Silence 1 span in a copy" in labels(app)

    def test_each_is_listened_to_by_itself(self, batch: reddy.Batch) -> None:
        app = mark_time(mark(tab(batch, 2), "Elm Street"), "1", "2")
        assert len(app.get("audio")) == 1
        small(app, "listen")[0].click()
        screen.run(app)
        assert len(app.get("audio")) == 2
        small(app, "listen")[0].click()
        screen.run(app)
        assert len(app.get("audio")) == 1

    def test_a_sent_call_shows_its_marks_and_takes_none(self, batch: reddy.Batch) -> None:
        mark(tab(batch, 2), "Elm Street")
        set_status(batch, 2, status="accepted")
        app = tab(batch, 2)
        assert len(spans(app)) == 1
        assert not {"Mark words", "Mark time", "Silence 1 span in a copy"} & set(labels(app))
        assert not small(app, "unmark")

    def test_a_call_that_was_sent_meanwhile_takes_no_mark(self, batch: reddy.Batch) -> None:
        app = tab(batch, 2)
        set_status(batch, 2, status="queued")
        mark_time(app, "1", "2")
        assert marks_of(batch, 2) == []

    def test_a_stretch_of_another_format_is_marked_and_silenced(self, batch: reddy.Batch) -> None:
        batch.attach(2, io.BytesIO(encoded(".flac", [tone(12, 16_000)], 16_000)), name="call.flac")
        app = tab(batch, 2)
        mark_time(app, "5", "6")
        press(app, "Silence 1 span in a copy")
        copy = batch.recording(2)
        assert copy is not None
        assert copy.name == "call.wav"
        with open_recording(batch.database, copy) as file:
            assert file.read()[44 + 5 * 32_000 : 44 + 6 * 32_000] == bytes(32_000)

    def test_the_words_of_a_call_are_read_from_its_cell_once(
        self, batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from reddy_lib.ui import silencing

        asked: list[int] = []
        words_of = silencing.words_of

        def counted(batch: reddy.Batch, row: int) -> Any:
            asked.append(row)
            return words_of(batch, row)

        monkeypatch.setattr(silencing, "words_of", counted)
        mark(tab(batch, 4), "Ann Lee")
        assert asked == [4]


CARD_AND_CODE = (
    "agent [00:00]: The card number please?\ncustomer [00:02]: It is 4111 1111 1111 1111\n"
    "agent [00:05]: And the security code?\ncustomer [00:07]: 836\nagent [00:09]: Thank you"
)


class TestOneAfterTheOther:
    @pytest.fixture
    def both(self, tmp_path: Path, sheet: Sheet) -> reddy.Batch:
        """Row 2 says a card number and a security code. It has a recording of 12 s."""
        with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
            batch = ledger.load(
                sheet(1, {2: {"Transcript": CARD_AND_CODE}}), products=PRODUCTS, progress=False
            )
        batch.attach(2, io.BytesIO(wav_bytes(tone(12))), name="call.wav")
        return batch

    def test_what_was_not_silenced_is_still_listed_and_silenced_in_the_same_copy(
        self, both: reddy.Batch
    ) -> None:
        original = both.recording(2)
        app = tab(both, 2)
        assert [one.partition(" · ")[2] for one in spans(app)] == [
            "card number · by its whole line", "security code · by its whole line",
        ]  # fmt: skip
        next(one for one in app.checkbox if "security code" in one.label).uncheck()
        press(screen.run(app), "Silence 1 span in a copy")
        assert [one.partition(" · ")[2] for one in spans(app)] == ["security code · by its whole line"]
        press(app, "Silence 1 span in a copy")
        assert spans(app) == []
        start, stop = silent_seconds(both, 2)
        assert start <= 2
        assert stop >= 9
        press(app, "Attach the original again")
        assert both.recording(2) == original

    def test_masked_words_are_proposed_for_the_original_and_not_for_its_silenced_copy(
        self, both: reddy.Batch
    ) -> None:
        original = both.recording(2)
        assert original is not None
        assert any("everything said in it can be heard" in one.value for one in tab(both, 2).warning)
        both.apply(MaskPersonalData())
        said = tab(both, 2)
        assert "What is masked in the transcript is silent in this recording." in words(said)
        assert any("outside the silenced seconds" in one.value for one in said.warning)
        assert not any("everything said in it" in one.value for one in said.warning)
        both.attach(2, original)
        app = tab(both, 2)
        assert len(spans(app)) == 2
        press(app, "Silence 2 spans in a copy")
        assert both.counts()["ready"] == 1
