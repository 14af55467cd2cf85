"""Turns under a line with a name and a time, as Teams, Zoom, Otter and Rev write them."""

from __future__ import annotations

import pytest

from reddy_lib.transcripts import Transcript, accounted, read_transcript

BEN, ANN = ("ben", "Good morning.\nWhat is it about?"), ("ann", "I lost my card.")
CALL = [("Ben", "0:07", BEN[1]), ("Ann", "0:12", ANN[1]), ("Ben", "0:20", "Oh."), ("Ann", "0:22", "Yes.")]


def said(transcript: Transcript) -> list[tuple[str, str, float | None]]:
    return [(line.role, line.text, line.start) for line in transcript.lines]


def codes(transcript: Transcript) -> list[str]:
    return [item.code for item in transcript.findings if item.code != "times-estimated"]


def whole(cell: str, transcript: Transcript) -> bool:
    loss = accounted(cell, transcript)
    return loss.unassigned == [] and loss.added == 0


@pytest.mark.parametrize(
    "header",
    [
        "{name} 00:0{time}",
        "{name}  {time}",
        "{name}\t{time}",
        "{name}   {time}  ",
        "{time} {name}",
        "00:0{time}  {name}",
        "[{time}] {name}",
        "{name} ({time})",
        "{name} ({time}):",
        "{name} [{time}]",
        "{name} | {time}",
        "{name} - {time}",
        "{name} – {time}",
        "{time} - {name}",
        "**{name}** {time}",
        "**{name}**  [{time}]",
        "**{name} {time}**",
        "### {name} {time}",
        "[{name}] {time}",
        "{time}.500 {name}",
    ],
)
def test_each_way_to_write_a_header_gives_the_same_turns(header: str) -> None:
    cell = "\n".join(f"{header.format(name=name, time=time)}\n{text}" for name, time, text in CALL)
    transcript = read_transcript(cell, times="leave out")
    plus = 0.5 if ".500" in header else 0
    assert transcript.form == "labelled text"
    assert said(transcript) == [
        ("ben", "Good morning.\nWhat is it about?", 7 + plus),
        ("ann", "I lost my card.", 12 + plus),
        ("ben", "Oh.", 20 + plus),
        ("ann", "Yes.", 22 + plus),
    ]
    assert transcript.labels == {"Ben": 2, "Ann": 2}
    assert codes(transcript) == []
    assert whole(cell, transcript)


@pytest.mark.parametrize("gap", ["\n", "\n\n", "\r\n", "\r", "\u2028"])
def test_blank_lines_and_line_ends_change_nothing(gap: str) -> None:
    rows = [part for name, time, text in CALL for part in (f"{name}  {time}", *text.split("\n"))]
    assert said(read_transcript(gap.join(rows), times="leave out")) == [
        ("ben", "Good morning.\nWhat is it about?", 7),
        ("ann", "I lost my card.", 12),
        ("ben", "Oh.", 20),
        ("ann", "Yes.", 22),
    ]


def test_the_stop_of_a_turn_is_the_next_header() -> None:
    transcript = read_transcript("Agent 00:00:07\nHello.\nCustomer 00:00:12\nHi there.")
    assert [(line.start, line.stop) for line in transcript.lines] == [(7.0, 12.0), (12.0, 12.77)]


@pytest.mark.parametrize(
    ("first", "second", "roles"),
    [
        ("Agent", "Customer", ["agent", "customer"]),
        ("Agent (Ben)", "Customer (Ann)", ["agent", "customer"]),
        ("AGENT", "CALLER", ["agent", "customer"]),
        ("Kundenberaterin", "Anrufer", ["agent", "customer"]),
        ("Оператор", "Клиент", ["agent", "customer"]),
        ("客服", "客户", ["agent", "customer"]),
        ("Speaker 1", "Speaker 2", ["speaker 1", "speaker 2"]),
        ("IVR", "Caller", ["ivr", "customer"]),
    ],
)
def test_roles_need_not_come_back(first: str, second: str, roles: list[str]) -> None:
    cell = f"{first} 0:03\nHello, how are you?\n{second} 0:09\nFine."
    transcript = read_transcript(cell)
    assert [line.role for line in transcript.lines] == roles
    assert [line.start for line in transcript.lines] == [3.0, 9.0]
    assert whole(cell, transcript)


def test_the_agent_column_settles_a_call_of_two_turns_between_names() -> None:
    transcript = read_transcript(
        "Ben Smith 0:03\nHello.\nAnn Lee 0:09\nHi.", agent=["ben.smith@cedarline.example"]
    )
    assert said(transcript) == [("agent", "Hello.", 3), ("customer", "Hi.", 9)]
    assert codes(transcript) == ["role-from-name"]


def test_the_analysts_own_label_is_enough() -> None:
    transcript = read_transcript("Desk A 0:03\nHello.\nAnn 0:09\nHi.", roles={"desk a": "agent"})
    assert said(transcript) == [("agent", "Hello.", 3), ("customer", "Hi.", 9)]


def test_names_of_several_words_initials_and_accents() -> None:
    cell = "Zoë O’Neill-Smith  0:01\nA.\nJ. R. Müller  0:02\nB.\nZoë O’Neill-Smith  0:03\nC.\nJ. R. Müller  0:04\nD."
    transcript = read_transcript(cell)
    assert transcript.labels == {"Zoë O’Neill-Smith": 2, "J. R. Müller": 2}
    assert whole(cell, transcript)


def test_somebody_who_speaks_once_in_between_is_a_speaker() -> None:
    cell = "Ben 0:07\nA.\nAnn 0:12\nB.\nZoe 0:15\nC.\nBen 0:20\nD.\nAnn 0:25\nE."
    assert said(read_transcript(cell))[2] == ("zoe", "C.", 15)


@pytest.mark.parametrize(
    "line",
    [
        "Lunch 12:30",
        "Meet me at 0:15",
        "at 0:15",
        "Order 0:15",
        "It was 0:15.",
        "Ben 0:15, or so",
        "0:15",
        "Zoe!",
    ],
)
def test_a_line_that_only_looks_like_a_header_stays_what_somebody_said(line: str) -> None:
    cell = f"Ben 0:07\nA.\nAnn 0:12\nB.\n{line}\nC.\nBen 0:20\nD.\nAnn 0:25\nE."
    transcript = read_transcript(cell)
    assert [text for _, text, _ in said(transcript)] == ["A.", f"B.\n{line}\nC.", "D.", "E."]
    assert whole(cell, transcript)


@pytest.mark.parametrize(
    "cell",
    [
        "Breakfast 8:00\ntoast\nLunch 12:30\nsoup\nDinner 18:00\nfish",  # nobody comes back
        "Ben 0:12\na\nAnn 0:05\nb\nBen 0:03\nc\nAnn 0:01\nd",  # times fall
        "Ben 0:12\na\nAnn 0:12\nb\nBen 0:12\nc\nAnn 0:12\nd",  # times stand still
        "Ben 0:01\nAnn 0:02\nBen 0:03\nAnn 0:04",  # nobody says anything
        "Ben 0:01\na\nBen 0:02\nb\nBen 0:03\nc",  # one name alone
        "Start 0:01\na\nEnd 0:02\nb\nStart 0:03\nc\nEnd 0:04\nd",  # fields
        "the bus 8:00\na\na train 9:00\nb\nthe bus 10:00\nc\na train 11:00\nd",  # no names
        "Ben 99:99\na\nAnn 99:98\nb\nBen 99:99\nc\nAnn 99:99\nd",  # no times
    ],
)
def test_other_texts_with_times_have_no_headers(cell: str) -> None:
    transcript = read_transcript(cell)
    assert transcript.form == "no speakers"
    assert [line.text for line in transcript.lines] == cell.split("\n")
    assert codes(transcript) == ["transcript-no-speakers"]


def test_labels_before_a_colon_win_over_lines_that_look_like_headers() -> None:
    cell = "Agent: Hello.\nMonday 9:00\nCustomer: Hi.\nFriday 9:30\nAgent: Bye.\nMonday 10:00\nx\nFriday 11:00\ny"
    assert read_transcript(cell).labels == {"Agent": 2, "Customer": 1}


def test_a_title_above_is_an_aside_and_speech_above_is_a_line_without_role() -> None:
    title = read_transcript(
        "Call with Cedarline\n2 March 2026\nBen 0:07\nA.\nAnn 0:12\nB.\nBen 0:15\nC.\nAnn 0:18\nD."
    )
    assert said(title)[0] == ("ben", "Call with Cedarline\n2 March 2026\nA.", 7)
    assert codes(title) == ["aside-kept"]
    speech = read_transcript(
        "hello, is this on?\nBen 0:07\nA.\nAnn 0:12\nB.\nBen 0:15\nC.\nAnn 0:18\nD.", times="leave out"
    )
    assert said(speech)[:2] == [("", "hello, is this on?", None), ("ben", "A.", 7)]
    assert codes(speech) == ["line-not-read"]


def test_stage_directions_under_a_header_stay_in_place() -> None:
    transcript = read_transcript("Ben 0:07\nA.\n[pause]\nMore.\nAnn 0:12\nB.\nBen 0:15\nC.\nAnn 0:18\nD.")
    assert said(transcript)[0] == ("ben", "A.\n[pause]\nMore.", 7)
    assert codes(transcript) == ["aside-kept"]


def test_a_header_without_words_is_an_empty_line() -> None:
    transcript = read_transcript(
        "Ben 0:07\nA.\nAnn 0:12\nBen 0:15\nC.\nAnn 0:18\nD.\nBen 0:20", times="leave out"
    )
    assert said(transcript) == [
        ("ben", "A.", 7),
        ("ann", "", 12),
        ("ben", "C.", 15),
        ("ann", "D.", 18),
        ("ben", "", 20),
    ]


def test_speakers_left_out_are_counted() -> None:
    transcript = read_transcript(
        "IVR 0:01\nPress 1.\nAgent 0:05\nHello.\nCaller 0:09\nHi.", roles={"ivr": "leave out"}
    )
    assert said(transcript) == [("agent", "Hello.", 5), ("customer", "Hi.", 9)]
    assert transcript.left_out == [(0, "Press 1.")]
    assert codes(transcript) == ["lines-left-out"]


def test_times_of_day_with_a_half_count_from_the_first() -> None:
    transcript = read_transcript(
        "Agent 10:00:07 AM\nHello.\nCaller 10:00:12 AM\nHi.\nAgent 10:00:20 AM\nBye."
    )
    assert said(transcript) == [("agent", "Hello.", 0), ("customer", "Hi.", 5), ("agent", "Bye.", 13)]


def test_a_long_call_over_an_hour_keeps_its_clocks() -> None:
    cell = "Ben 59:58\nA.\nAnn 1:00:03\nB.\nBen 1:00:10\nC.\nAnn 1:01:00\nD."
    assert [line.start for line in read_transcript(cell).lines] == [3598, 3603, 3610, 3660]


SPOKEN = "Agent: Hello, how can I help?\nCustomer: My bill is wrong.\nAgent: I will look."


@pytest.mark.parametrize(
    ("block", "email", "call", "started"),
    [
        (
            "Call ID: C-1001\nAgent: ann@x.example\nCustomer: +44 20 7946 0123\nDate: 2026-05-20 15:00\n\n",
            1,
            1,
            1,
        ),
        ("Agent: Ann Lee <ann@x.example>\nDate: 20.05.2026 15:00\n-----\n", 1, 0, 1),
        ("Agent: ann@x.example\nCall: C-1001\n", 1, 1, 0),
        ("**Agent email:** ann@x.example\n**Date:** 05/06/2026 15:00\n\n", 1, 0, 0),  # May or June
        ("Agent: ann@x.example\n\n", 1, 0, 0),
        ("Call: C-1001\nAgent: Ann Lee\nCustomer: Tom Baker\nDate: 2026-05-20\n\n", 0, 1, 0),
        ("Customer: tom@x.example\nStarted: 2026-05-20T15:00:00Z\nEnd: 2026-05-20T15:09:00Z\n\n", 0, 0, 1),
    ],
)
def test_facts_above_the_words_are_nobodys_words(block: str, email: bool, call: bool, started: bool) -> None:
    transcript = read_transcript(block + SPOKEN)
    assert [line.text for line in transcript.lines] == [row.partition(": ")[2] for row in SPOKEN.splitlines()]
    assert transcript.agent_email == ("ann@x.example" if email else "")
    assert transcript.conversation_id == ("C-1001" if call else "")
    assert transcript.started == (1779289200 if started else None)
    assert "not-spoken" in {item.code for item in transcript.findings}


@pytest.mark.parametrize(
    "text",
    [
        "Customer: tom@x.example\nAgent: Thanks. What is wrong?\nCustomer: My bill.",
        "Customer: tom@x.example\n\nAgent: Thanks. What is wrong?\n\nCustomer: My bill.",
        "Agent: Anna\nCustomer: Tom\n\nAgent: What is wrong?\nCustomer: My bill.",
        "Customer: 4711-22\nCustomer: That is my number.\nAgent: Thanks.",
    ],
)
def test_what_somebody_may_have_said_stays_theirs(text: str) -> None:
    said = [row.partition(": ")[2] for row in text.splitlines() if row]
    assert [line.text for line in read_transcript(text).lines] == said


def test_the_facts_of_a_speaker_who_is_known_by_elimination_are_taken() -> None:
    text = (
        "Berater/in: ann@x.example\nKunde: 4711-22\nDatum: 20.05.2026 15:00\n\n"
        "Berater/in: Guten Tag, wie kann ich helfen?\nKunde: Die Rechnung ist falsch.\nBerater/in: Ich sehe nach."
    )
    transcript = read_transcript(text)
    assert [line.text[:5] for line in transcript.lines] == ["Guten", "Die R", "Ich s"]
    assert (transcript.agent_email, transcript.started) == ("ann@x.example", 1779289200)


@pytest.mark.parametrize(
    ("rows", "started"),
    [
        (("20/03/2026, 10:00 - Tom: Hello", "20/03/2026, 10:01 - Agent: Hi", "20/03/2026, 10:03 - Tom: Bill"), 1774000800),
        (("[20.03.26, 10:00:00] Tom: Hello", "[20.03.26, 10:01:00] Agent: Hi", "[20.03.26, 10:03:00] Tom: Bill"),
         1774000800),
        (("3/20/26, 9:59 PM - Tom: Hello", "3/20/26, 10:00 PM - Agent: Hi", "3/20/26, 10:02 PM - Tom: Bill"), 1774043940),
        (("05/03/2026, 10:00 - Tom: Hello", "05/03/2026, 10:01 - Agent: Hi", "05/03/2026, 10:03 - Tom: Bill"), None),
    ],
)  # fmt: skip
def test_the_stamps_of_a_chat_say_when_it_started_and_how_its_lines_follow(
    rows: tuple[str, ...], started: int | None
) -> None:
    text = "\n".join(rows)
    transcript = read_transcript(text)
    assert [(line.role, line.text, line.start) for line in transcript.lines] == [
        ("customer", "Hello", 0),
        ("agent", "Hi", 60),
        ("customer", "Bill", 180),
    ]
    assert transcript.started == started
    assert not accounted(text, transcript).unassigned


@pytest.mark.parametrize(
    "numbers", [("1", "2", "3"), ("00005", "00010", "00015"), ("0", "1", "2"), ("41", "42", "43")]
)
@pytest.mark.parametrize("mark", ["|", ";", "\t"])
def test_numbers_that_count_the_lines_are_no_speakers(numbers: tuple[str, ...], mark: str) -> None:
    said = [("Agent", "Hello, how can I help?"), ("Customer", "My bill is wrong."), ("Agent", "I will look.")]
    text = "\n".join(mark.join((number, *one)) for number, one in zip(numbers, said, strict=True))
    transcript = read_transcript(text)
    assert [(line.role.title(), line.text) for line in transcript.lines] == said
    assert not accounted(text, transcript).unassigned


def test_numbers_that_do_not_count_are_times() -> None:
    text = "0|Agent|Hello, how can I help?\n7|Customer|My bill is wrong.\n12|Agent|I will look."
    assert [line.start for line in read_transcript(text).lines] == [0.0, 7.0, 12.0]


@pytest.mark.parametrize("heading", ["Transcript", "Verbatim", "Gespräch"])
@pytest.mark.parametrize("facts", ["", "Call: K-7701\nAgent: kim@x.example\n"], ids=["alone", "below facts"])
def test_a_first_line_behind_its_heading_is_the_first_speakers(heading: str, facts: str) -> None:
    text = f"{facts}{heading}: Agent: Hello there\nCustomer: Hi, my bill: wrong\nAgent: Bye"
    lines = read_transcript(text).lines
    assert [line.role for line in lines] == ["agent", "customer", "agent"]
    assert lines[0].text.splitlines()[-1] == "Hello there"
    assert [line.text for line in lines[1:]] == ["Hi, my bill: wrong", "Bye"]


def test_a_speaker_who_calls_another_by_name_is_no_heading() -> None:
    lines = read_transcript("Kim: Pat: is that you?\nPat: yes, it is me\nKim: ok\nPat: bye").lines
    assert [line.text for line in lines] == ["Pat: is that you?", "yes, it is me", "ok", "bye"]


def test_calls_with_a_rule_between_them_are_not_one_call() -> None:
    one = "Agent: Good morning, how can I help you?\nCustomer: A tree fell.\nAgent: I am sorry."
    for rule in ("-" * 20, "=====", "* * *"):
        read = read_transcript(f"{one}\n{rule}\n{one}")
        assert "line-not-read" in {found.code for found in read.findings}
    goes_on = f"{one}\n{'-' * 20}\nAgent: Are you still there?\nCustomer: Yes, I am."
    assert "line-not-read" not in {found.code for found in read_transcript(goes_on).findings}
    between = one.replace("\n", f"\n{'-' * 20}\n")
    assert "line-not-read" not in {found.code for found in read_transcript(between).findings}


CHAT = ("Laura Behrens: Good morning, how can I help?", "Omar: My line is dead.", "Laura Behrens: I check.")


def test_what_the_program_of_a_chat_wrote_is_no_message() -> None:
    notice = "Messages and calls are end-to-end encrypted."
    lines = [notice, CHAT[0], CHAT[1], "Omar added Tom", CHAT[2]]
    text = "\n".join(f"14/03/2026, 09:0{n} - {line}" for n, line in enumerate(lines))
    read = read_transcript(text, agent=("Laura Behrens",))
    assert [line.text for line in read.lines] == [line.partition(": ")[2] for line in CHAT]
    assert not accounted(text, read).unassigned
    assert notice in " ".join(found.message for found in read.findings if found.code == "not-spoken")
    lost = "\n".join(f"[00:0{n}] {line}" for n, line in enumerate(lines))  # clocks alone: a label may be lost
    kept = read_transcript(lost, agent=("Laura Behrens",)).lines
    assert notice in " ".join(line.text for line in kept)


def test_a_further_message_without_its_name_is_kept() -> None:
    lines = [*CHAT[:2], "And the television is dead too.", CHAT[2], "One moment"]
    text = "\n".join(f"14/03/2026, 09:0{n} - {line}" for n, line in enumerate(lines))
    read = read_transcript(text, agent=("Laura Behrens",))
    said = " ".join(line.text for line in read.lines)
    assert "And the television is dead too." in said
    assert "One moment" in said
    codes = [found.code for found in read.findings]
    assert "not-spoken" not in codes
    assert codes.count("line-without-speaker") == 2


@pytest.mark.parametrize(
    "notice",
    ["Omar left", "Call transferred to Tom", "[hold music]", "Omar added Tom", "<Media omitted>"],
)
def test_a_dated_notice_between_messages_is_left_out(notice: str) -> None:
    lines = [*CHAT[:2], notice, CHAT[2]]
    text = "\n".join(f"14/03/2026, 09:0{n} - {line}" for n, line in enumerate(lines))
    read = read_transcript(text, agent=("Laura Behrens",))
    assert notice not in " ".join(line.text for line in read.lines)
    assert "not-spoken" in {found.code for found in read.findings}


@pytest.mark.parametrize(
    "day", ["Friday, March 14th", "14 March 2026", "14.03.2026", "--- 2026-03-14 ---", "2026年3月14日"]
)
def test_a_day_above_the_first_message_is_a_heading(day: str) -> None:
    text = f"{day}\n" + "\n".join(CHAT)
    read = read_transcript(text, agent=("Laura Behrens",))
    assert read.lines[0].text == "Good morning, how can I help?"
    assert "not-spoken" in {found.code for found in read.findings}


@pytest.mark.parametrize("words", ["May I?", "March", "On Friday then", "Sunday best"])
def test_words_that_are_no_day_are_not_left_out(words: str) -> None:
    read = read_transcript(f"{words}\n" + "\n".join(CHAT), agent=("Laura Behrens",))
    assert words in " ".join(line.text for line in read.lines)
