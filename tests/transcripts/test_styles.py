"""The ways in which a text names its speakers: marks, clocks, tables, joined turns, markup; and what nobody said."""

from __future__ import annotations

import pytest

from reddy_lib.transcripts import Transcript, accounted, read_transcript

TALK = [
    ("agent", "Good morning, how can I help?"),
    ("customer", "My bill doubled."),
    ("agent", "Let me look at it."),
]
TIMED = [
    ("agent", "Hello there.", 1.0),
    ("customer", "My bill doubled.", 4.0),
    ("agent", "Let me look.", 9.0),
]


def said(transcript: Transcript) -> list[tuple[str, str]]:
    return [(line.role, line.text) for line in transcript.lines]


def held(transcript: Transcript) -> bool:
    return any(item.severity == "error" for item in transcript.findings) or any(
        line.role not in ("agent", "customer") for line in transcript.lines
    )


@pytest.mark.parametrize(
    "style",
    [
        "[{label}] {clock} – {text}", "{label} ({clock}): {text}", "{clock} {label}\n{text}",
        "{label} | {clock} | {text}",
        "| {clock} | {label} | {text} |", "{clock} - {label} - {text}", "{clock}\t{label}\t{text}",
        "{label}\t{clock}\t{text}",
        "{clock} {label} » {text}", "[{clock}] {label} -> {text}", "{clock} {label} >> {text}",
        "{label} - {clock}: {text}",
        "{clock} {label} — {text}", "({label}) [{clock}] {text}", "({clock}) ({label}) {text}",
        "1. [{clock}] {label}: {text}",
        "{label}: {text} [{clock}]", "| {label} | {clock} | {text} |",
    ],
)  # fmt: skip
def test_a_clock_before_between_or_after_label_and_words_is_a_time(style: str) -> None:
    labels = {"agent": "Associate", "customer": "Caller"}
    cell = "\n".join(
        style.format(label=labels[role], text=text, clock=f"00:0{int(start)}") for role, text, start in TIMED
    )
    transcript = read_transcript(cell)
    assert [(line.role, line.text, line.start) for line in transcript.lines] == TIMED
    assert not held(transcript)
    assert accounted(cell, transcript).unassigned == []


@pytest.mark.parametrize(
    "labels", [("Associate", "Caller"), ("Ben Smith", "Tom Alder")], ids=["roles", "names"]
)
@pytest.mark.parametrize(
    "style",
    [
        "<{label}> {text}", "**{label}:** {text}", "{label}> {text}", "1. {label}: {text}", "{label}：{text}",
        "【{label}】{text}",
        "{label} — {text}", "{label} / {text}", "{label}\t{text}", "{label} | {text}", "\u200f{label}: {text}",
        "{{{label}}} {text}",
        "<b>{label}</b>: {text}<br>", "<p><strong>{label}:</strong> {text}</p>",
        "<div><span>{label}</span>: {text}</div>",
        "[{label}]: {text}", "{label} = {text}",
    ],
)  # fmt: skip
def test_marks_between_label_and_words(style: str, labels: tuple[str, str]) -> None:
    agent, customer = labels
    cell = "\n".join(
        style.format(label=agent if role == "agent" else customer, text=text) for role, text in TALK
    )
    transcript = read_transcript(cell, agent=["ben.smith@cedarline.example"])
    assert said(transcript) == TALK
    assert not held(transcript)
    assert accounted(cell, transcript).unassigned == []


def test_a_colon_in_the_words_is_no_label() -> None:
    cell = "Associate — your account: it is overdue.\nCaller — what? Since when: Monday?\nAssociate — yes."
    assert said(read_transcript(cell)) == [
        ("agent", "your account: it is overdue."),
        ("customer", "what? Since when: Monday?"),
        ("agent", "yes."),
    ]


@pytest.mark.parametrize("labels", [("Agent", "Customer"), ("A", "B")])
@pytest.mark.parametrize("join", [" / ", " | ", "<br>", " ; ", " // ", "\\n", " ~ "])
def test_turns_that_are_joined_in_one_line_are_parted_and_the_mark_is_no_word(
    join: str, labels: tuple[str, str]
) -> None:
    cell = join.join(f"{labels[role == 'customer']}: {text}" for role, text in TALK)
    transcript = read_transcript(cell)
    assert said(transcript) == TALK
    assert accounted(cell, transcript).unassigned == []


@pytest.mark.parametrize(
    "cell",
    [
        'speaker,text\nagent,"Good morning, how can I help?"\ncustomer,My bill doubled.\nagent,Let me look at it.',
        "Sprecher;Text\nBerater;Good morning, how can I help?\nKunde;My bill doubled.\nBerater;Let me look at it.",
        "| Speaker | Text |\n|---|---|\n| Agent | Good morning, how can I help? |\n| Customer | My bill doubled. |\n"
        "| Agent | Let me look at it. |",
        "agent\tGood morning, how can I help?\ncustomer\tMy bill doubled.\nagent\tLet me look at it.",
        '"Petra: Good morning, how can I help?\n\nCaller: My bill doubled.\n\nPetra: Let me look at it."',
        "*** Agent joined ***\nAgent: Good morning, how can I help?\nCustomer: My bill doubled.\n[hold music]\n"
        "Call transferred\nAgent: Let me look at it.",
        "System: Agent joined the chat\nAgent: Good morning, how can I help?\nCustomer: My bill doubled.\n"
        "Agent: Let me look at it.\nSystem: Chat ended",
        "Internal note: customer is rude\nAgent: Good morning, how can I help?\nCustomer: My bill doubled.\n"
        "Agent: Let me look at it.",
    ],
)  # fmt: skip
def test_tables_quotes_and_what_nobody_said(cell: str) -> None:
    transcript = read_transcript(cell)
    assert said(transcript) == TALK
    assert not held(transcript)
    assert accounted(cell, transcript).unassigned == []


def test_what_nobody_said_is_left_out_with_a_finding() -> None:
    transcript = read_transcript(
        "Agent: Hello.\n[Call transferred to Billing]\nCustomer: Hi.", times="leave out"
    )
    (found,) = transcript.findings
    assert (found.code, found.value) == ("not-spoken", "[Call transferred to Billing]")
    assert transcript.left_out == [(1, "[Call transferred to Billing]")]


def test_what_may_be_speech_stays() -> None:
    for text in ("The agent left.", "I was transferred to you", "Was the call transferred?"):
        transcript = read_transcript(f"Customer: So I waited.\n{text}\nAgent: I see.")
        assert text in transcript.lines[0].text


def test_a_table_has_times_too() -> None:
    cell = "time\tspeaker\ttext\n00:01\tagent\tHello there.\n00:04\tcustomer\tMy bill doubled.\n00:09\tagent\tLet me look."
    assert [(line.role, line.text, line.start) for line in read_transcript(cell).lines] == TIMED


def test_digits_and_marks_of_other_scripts() -> None:
    cell = "[٠٠:٠١] الموظف: مرحبا\n[٠٠:٠٤] العميل: فاتورتي\n[٠٠:٠٩] الموظف: حسنا"
    assert [(line.role, line.start) for line in read_transcript(cell).lines] == [
        ("agent", 1.0),
        ("customer", 4.0),
        ("agent", 9.0),
    ]


def test_lines_with_times_and_no_speaker_are_one_transcript_that_waits_for_its_speakers() -> None:
    transcript = read_transcript("0:02\nGood morning.\n\n0:06\nHi, my bill.\n\n0:10\nI see.")
    assert transcript.form == "no speakers"
    assert held(transcript)


@pytest.mark.parametrize(
    "cell",
    [
        "I called about my bill - it doubled.\nThen I waited; nothing happened.\nSo I called again.",
        "Please note: bring your card.\nStep 1: open the app.\nStep 2: log in.",
        "1: open the app\n2: log in\n3: tap pay\n4: done",
        "The price is 5 / 6 dollars and I said yes / no.",
    ],
)
def test_prose_names_no_speakers(cell: str) -> None:
    assert read_transcript(cell).form == "no speakers"
