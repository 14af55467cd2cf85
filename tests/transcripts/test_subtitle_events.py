"""Cues that nobody said, and subtitles that are a table of events."""

from __future__ import annotations

import pytest

from reddy_lib.transcripts import read_transcript

SAID = [
    ("agent", "Thank you for calling, how can I help?"),
    ("customer", "My parcel has not arrived."),
    ("agent", "I will look it up for you."),
    ("customer", "Thanks a lot."),
]


def srt(event: str, at: int) -> str:
    cues = [f"{role.title()}: {text}" for role, text in SAID]
    cues.insert(at, event)
    return "\n\n".join(
        f"{n + 1}\n00:00:{4 * n:02},000 --> 00:00:{4 * n + 3:02},000\n{cue}" for n, cue in enumerate(cues)
    )


@pytest.mark.parametrize("at", [0, 2])
@pytest.mark.parametrize(
    "event",
    ["[hold music]", "(Anruf gehalten)", "♪ music ♪", "System: Call put on hold", "EVENT: hold", "*** Call on hold ***",
     "Internal note: customer seems upset", '{"event": "hold", "seconds": 12}', "Call on hold"],
)  # fmt: skip
def test_a_cue_that_nobody_said_is_left_out_and_named(event: str, at: int) -> None:
    read = read_transcript(srt(event, at))
    assert [(line.role, line.text) for line in read.lines] == SAID
    (told,) = [found for found in read.findings if found.code == "not-spoken"]
    assert event in told.message


@pytest.mark.parametrize(
    "speech", ["And one more thing, it is urgent.", "Yes.", "Participant 1: hello there"]
)
def test_speech_without_a_label_is_kept(speech: str) -> None:
    read = read_transcript(srt(speech, 2))
    assert speech.rpartition(": ")[2] in " ".join(line.text for line in read.lines)


def test_what_a_menu_says_is_no_event() -> None:
    read = read_transcript(srt("IVR: Welcome, please press one for sales.", 0))
    assert read.lines[0].text == "Welcome, please press one for sales."


HEAD = "[Script Info]\nTitle: Call 12\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n"


def ass(fields: str, *, name: bool = True, style: bool = False, head: str = HEAD) -> str:
    rows = [
        "[Events]",
        f"Format: {fields}",
        "Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,checked by Ann",
    ]
    for n, (role, text) in enumerate(SAID):
        cells = {
            "Layer": "0", "Start": f"0:00:{4 * n:02}.50", "End": f"0:00:{4 * n + 3:02}.00",
            "Style": role.title() if style else "Default", "Name": role.title() if name else "",
            "Text": text if name or style else f"{role.title()}: {text}",
        }  # fmt: skip
        rows.append("Dialogue: " + ",".join(cells.get(field, "0") for field in fields.split(", ")))
    return head + "\n".join(rows)


USUAL = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"


@pytest.mark.parametrize(
    "text",
    [ass(USUAL), ass(USUAL, head=""), ass(USUAL, name=False), ass(USUAL, name=False, style=True),
     ass("Start, End, Name, Text"), ass(USUAL).replace("Thank you", "{\\i1}Thank you{\\i0}")],
)  # fmt: skip
def test_events_of_a_script_are_lines(text: str) -> None:
    read = read_transcript(text)
    assert read.form == "ASS"
    assert [(line.role, line.text) for line in read.lines] == SAID
    assert [(line.start, line.stop) for line in read.lines][1] == (4.5, 7.0)
    assert not [found for found in read.findings if found.severity == "error"]


def test_an_event_whose_times_cannot_be_read_is_kept() -> None:
    broken = ass(USUAL).replace("0:00:04.50,0:00:07.00", "later,0:00:07.00")
    assert "My parcel has not arrived." in " ".join(line.text for line in read_transcript(broken).lines)


def test_signs_of_line_breaks_end_lines() -> None:
    read = read_transcript(" ¶ ".join(f"{role.title()}: {text}" for role, text in SAID))
    assert [(line.role, line.text) for line in read.lines] == SAID
