"""Reading one transcript cell: forms, roles, times, and what is said about the rest."""

from __future__ import annotations

import json
from time import perf_counter, process_time

import pytest

from reddy_lib.errors import TranscriptUnreadable
from reddy_lib.model import TranscriptLine
from reddy_lib.transcripts import Transcript, parse_transcript, read_transcript, role_of
from reddy_lib.transcripts.formats.cut import breaks_off
from reddy_lib.transcripts.key_names import classify_key
from reddy_lib.transcripts.roles import name_in_label
from reddy_lib.transcripts.times import fill_in, line_numbers, looks_like_milliseconds, read_moment


def said(transcript: Transcript) -> list[tuple[str, str]]:
    return [(line.role, line.text) for line in transcript.lines]


def spans(transcript: Transcript) -> list[tuple[float | None, float | None]]:
    return [(line.start, line.stop) for line in transcript.lines]


def codes(transcript: Transcript) -> list[tuple[str, int | None]]:
    return [(item.code, item.line) for item in transcript.findings]


# --- data ------------------------------------------------------------------------------------------------


def test_a_list_as_reddy_takes_it_is_read_as_it_is() -> None:
    cell = (
        '[{"role": "agent", "text": "Good morning", "start": 0, "stop": 1.5}, '
        '{"role": "customer", "text": "Hi", "start": 1.5, "stop": 2}]'
    )
    assert read_transcript(cell) == Transcript(
        [TranscriptLine("agent", "Good morning", 0, 1.5), TranscriptLine("customer", "Hi", 1.5, 2)],
        [],
        "json",
        {"agent": 1, "customer": 1},
        exact=True,
    )


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "agent", "text": "Hello", "start": 5, "stop": 8},
        {"speaker": "Rep", "content": "Hello", "begin": "5", "end": "8"},
        {"who": "Advisor", "message": "Hello", "start_time": "0:05", "end_time": "00:00:08"},
        {"participantRole": "AGENT", "utterance": "Hello", "startMs": 5000, "endMs": 8000},
        {"ParticipantRole": "AGENT", "Content": "Hello", "BeginOffsetMillis": 5000, "EndOffsetMillis": 8000},
        {"participant": {"name": "Agent"}, "transcript": "Hello", "offset": 5.0, "duration": 3},
        {"channel": "agent", "text": "Hello", "startTime": "PT5S", "duration": "PT3S"},
        {"speaker_label": "agent", "Text": "Hello", "start_time_ms": "5000", "duration_ms": "3000"},
        {"role": "agent", "text": "Hello", "offsetInTicks": 50_000_000, "durationInTicks": 30_000_000},
        {"Role": "Agent", "Words": ["Hello"], "From": 5, "To": 8},
        {"role": "agent", "text": "Hello", "start": "5s", "stop": "8000 ms"},
    ],
)
def test_the_usual_names_of_keys_mean_the_same(turn: dict[str, object]) -> None:
    transcript = read_transcript(json.dumps([turn]))
    assert transcript.lines == [TranscriptLine("agent", "Hello", 5, 8)]
    assert transcript.findings == []


@pytest.mark.parametrize(
    "cell",
    [
        '{"speaker": "Agent", "message": "Hello"}\n{"speaker": "Caller", "message": "Hi"}\n',
        "[{'speaker': 'Agent', 'message': 'Hello'}, {'speaker': 'Caller', 'message': 'Hi'}]",
        '{"id": 3, "call": {"segments": [{"speaker": "Agent", "text": "Hello"}, {"speaker": "Caller", "text": "Hi"}]}}',
        '[["Agent", "Hello"], ["Caller", "Hi"]]',
        '["Agent: Hello", "Caller: Hi"]',
        '"Agent: Hello\\nCaller: Hi"',
    ],
    ids=["json lines", "python literal", "wrapped", "pairs", "texts", "text in quotes"],
)
def test_one_conversation_in_many_wrappings(cell: str) -> None:
    assert said(read_transcript(cell)) == [("agent", "Hello"), ("customer", "Hi")]


def test_data_that_is_already_parsed_is_read_too() -> None:
    assert said(read_transcript([{"role": "rep", "text": "Hello"}])) == [("agent", "Hello")]
    assert said(read_transcript({"turns": [{"role": "rep", "text": "Hello"}]})) == [("agent", "Hello")]


def test_an_item_without_text_is_kept_as_a_line_that_shows_it() -> None:
    transcript = read_transcript(
        '[{"role": "agent", "text": "One moment"}, {"what": "hold"}]', times="leave out"
    )
    assert said(transcript) == [("agent", "One moment"), ("", '{"what":"hold"}')]
    assert codes(transcript) == [("line-not-read", 2)]


def test_a_line_of_json_lines_that_is_cut_off_is_kept_in_its_place() -> None:
    cell = '{"role": "agent", "text": "A"}\n{"role": "customer", "te\n{"role": "agent", "text": "C"}'
    transcript = read_transcript(cell, times="leave out")
    assert said(transcript) == [("agent", "A"), ("", '{"role": "customer", "te'), ("agent", "C")]
    assert codes(transcript) == [("line-not-read", 2)]


def test_two_lists_that_could_be_the_transcript_are_not_chosen_between() -> None:
    cell = '{"a": [{"role": "agent", "text": "x"}], "b": [{"role": "agent", "text": "y"}]}'
    transcript = read_transcript(cell)
    assert transcript.form == "unreadable"
    assert said(transcript) == [("", cell)]
    assert codes(transcript) == [("transcript-unreadable", 1)]


def test_an_empty_text_stays_a_line() -> None:
    assert said(read_transcript('[{"role": "agent", "text": ""}, {"role": "agent", "text": null}]')) == [
        ("agent", ""),
        ("agent", ""),
    ]


def test_a_list_without_any_speaker_says_so_and_guesses_nobody() -> None:
    transcript = read_transcript(
        '[{"text": "Hello", "start": 0, "end": 1}, {"text": "Hi", "start": 1, "end": 2}]'
    )
    assert transcript.form == "no speakers"
    assert said(transcript) == [("", "Hello"), ("", "Hi")]
    assert codes(transcript) == [("transcript-no-speakers", None)]


def test_speaker_numbers_become_labels_and_the_one_beside_a_mapped_one_is_the_other_side() -> None:
    cell = (
        '[{"speaker": 0, "text": "Hello", "start": 0, "end": 1}, '
        '{"speaker": 1, "text": "Hi", "start": 1, "end": 2}]'
    )
    transcript = read_transcript(cell, roles={"speaker 0": "agent"})
    assert transcript.labels == {"speaker 0": 1, "speaker 1": 1}
    assert said(transcript) == [("agent", "Hello"), ("customer", "Hi")]
    assert ("role-by-elimination", None) in codes(transcript)


def test_malformed_data_is_one_line_with_the_whole_cell() -> None:
    cell = '[{"role": "agent", "text": "Hel'
    transcript = read_transcript(cell)
    assert said(transcript) == [("", cell)]
    assert transcript.form == "unreadable"
    assert codes(transcript) == [("transcript-unreadable", 1)]
    with pytest.raises(TranscriptUnreadable) as caught:
        parse_transcript(cell)
    assert caught.value.text == cell


@pytest.mark.parametrize("cell", ["", "  \n ", None, float("nan"), "[]", "{}", '""'])
def test_an_empty_cell_has_no_lines_and_no_findings(cell: object) -> None:
    assert read_transcript(cell) == Transcript([], [], "empty", {})


@pytest.mark.parametrize(
    ("key", "part", "factor"),
    [
        ("BeginOffsetMillis", "start", 0.001),
        ("start_time_usec", "start", 1e-6),
        ("endTime", "stop", None),
        ("end_sec", "stop", 1.0),
        ("durationInTicks", "duration", 1e-7),
        ("speakerLabel", "role", None),
        ("Utterance", "text", None),
    ],
)
def test_a_key_tells_its_part_and_its_unit(key: str, part: str, factor: float | None) -> None:
    found = classify_key(key)
    assert found is not None
    assert (found.part, found.factor) == (part, factor)


@pytest.mark.parametrize("key", ["confidence", "sentiment", "ms", "us", ""])
def test_a_key_that_means_nothing_known_is_none(key: str) -> None:
    assert classify_key(key) is None


# --- text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "[00:12] Agent: Hello there",
        "(00:00:12) Agent: Hello there",
        "00:12 - Agent: Hello there",
        "00:12 Agent: Hello there",
        "Agent [00:12]: Hello there",
        "Agent (00:12): Hello there",
        "Agent: [00:12] Hello there",
        "Agent: 00:12 - Hello there",
        "Agent 00:12: Hello there",
        "[12.0] Agent: Hello there",
        "[12s] Agent: Hello there",
        "**[00:12] Agent:** Hello there",
        "> [00:12] **Agent**: Hello there",
        "[00:12] <v Agent>Hello there</v>",
        "[00:12] [Agent] Hello there",
        "00:00:12\nAgent: Hello there",
    ],
)
def test_a_time_may_stand_before_or_after_the_label(line: str) -> None:
    transcript = read_transcript(line, times="leave out")
    assert transcript.lines == [TranscriptLine("agent", "Hello there", 12)]
    assert transcript.findings == []


def test_a_span_gives_start_and_stop() -> None:
    transcript = read_transcript(
        "[00:01 - 00:03.5] Agent: Hi\n00:00:04.000 --> 00:00:05,250\nCustomer: Hello"
    )
    assert spans(transcript) == [(1, 3.5), (4, 5.25)]
    assert transcript.findings == []


def test_labels_with_names_keep_their_role_and_give_it_to_the_name() -> None:
    transcript = read_transcript(
        "Agent (Ben): Hello\nCustomer Ana: Hi\nBen: How can I help?\nAna: My card", times="leave out"
    )
    assert [line.role for line in transcript.lines] == ["agent", "customer", "agent", "customer"]
    assert transcript.labels == {"Agent (Ben)": 1, "Customer Ana": 1, "Ben": 1, "Ana": 1}


def test_a_list_inside_a_turn_is_not_a_speaker() -> None:
    cell = (
        "Agent: Use these:\nPort: 8080\nPassword: secret\nHost: mail\nCustomer: Thanks\n"
        "Agent: Again:\nPort: 8081\nCustomer: Bye"
    )
    transcript = read_transcript(cell, times="leave out")
    assert said(transcript) == [
        ("agent", "Use these:\nPort: 8080\nPassword: secret\nHost: mail"),
        ("customer", "Thanks"),
        ("agent", "Again:\nPort: 8081"),
        ("customer", "Bye"),
    ]
    assert codes(transcript) == [("line-without-speaker", 1)] * 3 + [("line-without-speaker", 3)]


def test_names_that_keep_coming_back_are_speakers_without_a_role() -> None:
    transcript = read_transcript(
        "Daleen: Hello\nLouis: Hi\nDaleen: Your name?\nLouis: Louis.", times="leave out"
    )
    assert [line.role for line in transcript.lines] == ["daleen", "louis", "daleen", "louis"]
    assert transcript.labels == {"Daleen": 2, "Louis": 2}


def test_the_analysts_own_labels_are_speakers_even_once() -> None:
    transcript = read_transcript(
        "Desk 4: Hello\nLine 2: Hi", roles={"desk 4": "agent", " LINE 2 ": "customer"}, times="leave out"
    )
    assert said(transcript) == [("agent", "Hello"), ("customer", "Hi")]


def test_text_before_the_first_speaker_is_kept_without_a_role() -> None:
    transcript = read_transcript("Hello?\nIs anybody there?\nAgent: Hello", times="leave out")
    assert said(transcript) == [("", "Hello?"), ("", "Is anybody there?"), ("agent", "Hello")]
    assert codes(transcript) == [("line-not-read", 1), ("line-not-read", 2)]


def test_a_line_without_label_stays_with_the_line_above() -> None:
    transcript = read_transcript(
        "Agent: One\nCustomer: Two\n\nstill two\n[00:30] and this", times="leave out"
    )
    assert said(transcript) == [("agent", "One"), ("customer", "Two\nstill two\n[00:30] and this")]
    assert codes(transcript) == [("line-without-speaker", 2), ("line-without-speaker", 2)]


def test_a_time_on_a_line_of_its_own_that_leads_nowhere_is_kept_as_text() -> None:
    transcript = read_transcript("Agent: One\n00:00:07", times="leave out")
    assert said(transcript) == [("agent", "One\n00:00:07")]


def test_a_text_without_any_label_is_flagged_and_not_guessed() -> None:
    transcript = read_transcript("Hello, my name is Ana.\nHi Ana, this is Ben.", times="leave out")
    assert transcript.form == "no speakers"
    assert said(transcript) == [("", "Hello, my name is Ana."), ("", "Hi Ana, this is Ben.")]
    assert codes(transcript) == [("transcript-no-speakers", None)]


def test_a_bracket_with_an_impossible_time_is_a_finding() -> None:
    transcript = read_transcript("[00:75] Agent: Hello", times="leave out")
    assert transcript.lines == [TranscriptLine("agent", "Hello")]
    assert codes(transcript) == [("time-unreadable", 1)]
    assert transcript.findings[0].value == "00:75"


def test_a_sound_before_the_label_stays_with_the_text() -> None:
    assert said(read_transcript("[noise] Agent: hello\nCustomer: [laughs] hi")) == [
        ("agent", "[noise] hello"),
        ("customer", "[laughs] hi"),
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "**Agent:** Hello Ana. **Customer:** Hi! **Agent:** Bye.",
        "Agent: Hello Ana. Customer: Hi! Agent: Bye.",
        "Agent: Hello Ana.\\nCustomer: Hi!\\nAgent: Bye.",
    ],
    ids=["bold", "plain", "written line breaks"],
)
def test_a_transcript_in_one_line_is_cut_before_its_labels(cell: str) -> None:
    assert said(read_transcript(cell)) == [("agent", "Hello Ana."), ("customer", "Hi!"), ("agent", "Bye.")]


def test_an_address_is_not_a_label() -> None:
    assert said(read_transcript("Agent: see\nhttps://example.com/a: b\nCustomer: ok")) == [
        ("agent", "see\nhttps://example.com/a: b"),
        ("customer", "ok"),
    ]


def test_a_cell_as_long_as_excel_allows_was_probably_cut() -> None:
    cell = "Agent: " + "a" * (32_767 - 7)
    assert ("transcript-cut", None) in codes(read_transcript(cell))
    assert ("transcript-cut", None) not in codes(read_transcript(cell + "a"))


_TALK = "Agent: Good morning. How can I help?\nCustomer: My bill is wrong. It is twice as high as it was.\nAgent: "


def _as_long_as(length: int, *, end: str = "") -> str:
    words = (
        "I am looking at it and will call you back about it as soon as there is news for you and yours " * 20
    )
    return (_TALK + words)[: length - len(end)].rstrip().ljust(length - len(end), "x") + end


@pytest.mark.parametrize("length", [250, 255, 256, 500, 1000, 1024])
def test_a_cell_that_ends_in_a_sentence_at_a_limit_was_probably_cut(length: int) -> None:
    assert ("transcript-cut", None) in codes(read_transcript(_as_long_as(length)))
    assert ("transcript-cut", None) in codes(read_transcript(_as_long_as(length) + "..."))
    assert ("transcript-cut", None) not in codes(read_transcript(_as_long_as(length - 3)))
    assert ("transcript-cut", None) not in codes(read_transcript(_as_long_as(length, end=".")))


@pytest.mark.parametrize("mark", ["[see more]", "(truncated)", "… [read more]", "<output truncated>"])
def test_a_mark_at_the_end_says_that_the_rest_is_missing(mark: str) -> None:
    assert ("transcript-cut", None) in codes(read_transcript(_TALK + "I will send y" + mark))
    assert ("transcript-cut", None) not in codes(read_transcript(_TALK + mark + " I will send it."))


@pytest.mark.parametrize(
    "end",
    [
        " " * 30_000 + "x ",
        " " * 30_000 + "x...",
        ("." * 16_000 + "a").ljust(32_700, "b"),
        ("." + "'" * 16_000 + "a").ljust(32_700, "b"),
    ],
    ids=["blanks", "blanks before dots", "dots", "quotes"],
)
def test_long_runs_of_one_mark_take_no_longer_than_words(end: str) -> None:
    text = f"Agent: hello\nCustomer: hi\nAgent: {end}"[:32_760].ljust(32_760, "c") + end[-8:]
    began = process_time()
    breaks_off(text)
    assert process_time() - began < 0.2


def test_text_without_marks_of_sentences_is_not_called_cut() -> None:
    cell = ("Agent: hello how can i help\nCustomer: my bill is wrong\nAgent: " + "let me see " * 30)[:255]
    assert ("transcript-cut", None) not in codes(read_transcript(cell))


# --- roles -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "label",
    ["Agent", "REP", " advisor ", "AUTOMATED_AGENT", "Main Agent", "Agent 2", "Agent (Ben)", "Ben (Agent)", "Agent Ben",
     "Customer Service Representative", "Customer Support", "operador", "Оператор", "Kundenberaterin"],
)  # fmt: skip
def test_labels_of_the_agents_side(label: str) -> None:
    assert role_of(label) == "agent"


@pytest.mark.parametrize(
    "label",
    ["Customer", "caller", "END_USER", "Client", "Cliente", "Kunde", "клиент", "Customer (Ana)"],
)
def test_labels_of_the_customers_side(label: str) -> None:
    assert role_of(label) == "customer"


@pytest.mark.parametrize(
    "label",
    [
        "user",
        "User",
        "IVR",
        "system",
        "bot",
        "supervisor",
        "spk_0",
        "Ben",
        "unknown",
        "Customer bot",
        "",
        "internal",
        "external",
        "Mitarbeiterin",
        "Contact",
        "patient",
        "assistant",
    ],
)
def test_labels_that_nobody_may_guess(label: str) -> None:
    assert role_of(label) == ""


def test_the_analysts_mapping_wins_over_the_vocabulary() -> None:
    assert role_of("Agent", {"AGENT": "customer"}) == "customer"
    assert role_of("IVR", {" ivr ": "leave out"}) == "leave out"


def test_an_unknown_speaker_keeps_its_label_as_role() -> None:
    assert said(read_transcript("Agent: Hello\nIVR: Press one", times="leave out")) == [
        ("agent", "Hello"),
        ("ivr", "Press one"),
    ]


def test_lines_left_out_are_counted_and_the_rest_is_numbered_anew() -> None:
    cell = "IVR: Press one\nIVR: Press two\nAgent: Hello\nand welcome"
    transcript = read_transcript(cell, roles={"IVR": "leave out"}, times="leave out")
    assert said(transcript) == [("agent", "Hello\nand welcome")]
    assert codes(transcript) == [("lines-left-out", None), ("line-without-speaker", 1)]
    assert "2 lines of 'IVR' were left out" in transcript.findings[0].message
    assert transcript.labels == {"IVR": 2, "Agent": 1}


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Agent (Ben)", "Ben"),
        ("Ana (Customer)", "Ana"),
        ("Agent Ben", "Ben"),
        ("Agent", ""),
        ("Ben (Bob)", ""),
    ],
)
def test_the_name_beside_a_role(label: str, name: str) -> None:
    assert name_in_label(label) == name


# --- times -----------------------------------------------------------------------------------------------


def test_milliseconds_are_found_by_their_pace() -> None:
    cell = json.dumps(
        [
            {"role": "agent", "text": "Good morning", "start": 1000, "stop": 2500},
            {"role": "customer", "text": "Hi", "start": 2600, "stop": 3000},
        ]
    )
    assert spans(read_transcript(cell)) == [(1, 2.5), (2.6, 3)]
    assert spans(read_transcript(cell, unit="s")) == [(1000, 2500), (2600, 3000)]


def test_milliseconds_can_be_told() -> None:
    cell = '[{"role": "agent", "text": "Hello", "start": 10, "stop": 900}]'
    assert spans(read_transcript(cell, unit="ms")) == [(0.01, 0.9)]
    assert spans(read_transcript(cell)) == [(10, 900)]


@pytest.mark.parametrize(
    ("numbers", "words", "expected"),
    [
        ([0, 95_000], 200, True),
        ([0, 1200], 61, False),
        ([0, 900], 1, False),
        ([0.5, 95_000.5], 10, False),
        ([], 0, False),
    ],
)
def test_only_implausible_whole_numbers_are_milliseconds(
    numbers: list[float], words: int, expected: bool
) -> None:
    assert looks_like_milliseconds(numbers, words) is expected


def test_an_unreadable_time_is_left_empty_and_reported() -> None:
    transcript = read_transcript(
        '[{"role": "agent", "text": "Hi", "start": "abc", "stop": 3}]', times="leave out"
    )
    assert transcript.lines == [TranscriptLine("agent", "Hi", None, 3)]
    assert [(item.code, item.field, item.line, item.value) for item in transcript.findings] == [
        ("time-unreadable", "start", 1, "abc")
    ]


def test_times_without_a_source_are_estimated_with_one_finding() -> None:
    transcript = read_transcript(
        "Agent: one two three four five six seven eight nine ten eleven twelve thirteen\nCustomer: yes"
    )
    assert spans(transcript) == [(0, 5.0), (5.0, 5.38)]
    assert codes(transcript) == [("times-estimated", None)]
    assert "all lines were estimated" in transcript.findings[0].message


def test_a_missing_stop_is_the_next_start_and_said_to_be_derived() -> None:
    cell = (
        '[{"role": "agent", "text": "a", "start": 0}, '
        '{"role": "agent", "text": "b", "start": 4}, '
        '{"role": "agent", "text": "c d"}]'
    )
    transcript = read_transcript(cell)
    assert spans(transcript) == [(0, 4), (4, 4.38), (4.38, 5.15)]
    message = transcript.findings[-1].message
    assert "Times of lines 2–3 were estimated" in message
    assert "The stop of line 1 was derived" in message


def test_leaving_out_invents_nothing_and_says_nothing() -> None:
    transcript = read_transcript("Agent: Hello\n[00:10] Customer: Hi", times="leave out")
    assert spans(transcript) == [(None, None), (10, None)]
    assert transcript.findings == []


def test_lines_are_never_put_in_another_order() -> None:
    cell = (
        '[{"role": "agent", "text": "second", "start": 9, "stop": 10}, '
        '{"role": "customer", "text": "first", "start": 1, "stop": 2}]'
    )
    assert spans(read_transcript(cell)) == [(9, 10), (1, 2)]


def test_times_of_day_are_counted_from_the_first_and_said_to_be() -> None:
    cell = (
        '[{"role": "agent", "text": "a", "AbsoluteTime": "2026-03-30T10:00:00Z"}, '
        '{"role": "customer", "text": "b", "AbsoluteTime": "2026-03-30T10:00:12Z"}]'
    )
    transcript = read_transcript(cell)
    assert [line.start for line in transcript.lines] == [0, 12]
    assert "times of day" in transcript.findings[0].message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("01:05", 65),
        ("1:02:03.5", 3723.5),
        ("00:04,250", 4.25),
        (5, 5),
        ("5.5", 5.5),
        ("5,5", 5.5),
        ("250 ms", 0.25),
        ("PT1M2.5S", 62.5),
        (1_700_000_000_000, 1_700_000_000),
    ],
)
def test_times_as_sources_write_them(value: object, seconds: float) -> None:
    moment = read_moment(value)
    assert moment is not None
    assert moment.seconds == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value", ["abc", "1:99", "P", True, [], float("nan"), float("inf"), "2026-99-99T10:00"]
)
def test_what_is_no_time(value: object) -> None:
    assert read_moment(value) is None


def test_estimates_stay_between_the_starts_that_the_source_gives() -> None:
    filled, estimated, derived = fill_in([(0, 1), (None, None), (2, 3)], [1, 100, 1])
    assert filled == [(0, 1), (1, 2), (2, 3)]
    assert (estimated, derived) == ([2], [])


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([3], "line 3"),
        ([1, 2, 3], "lines 1–3"),
        ([1, 3, 4, 9], "lines 1, 3–4 and 9"),
        (list(range(1, 40, 2)), "lines 1, 3, 5, 7, 9, 11, 13, 15 and 12 more"),
    ],
)
def test_line_numbers_in_words(numbers: list[int], text: str) -> None:
    assert line_numbers(numbers) == text


def test_the_repr_counts_and_quotes_nobody() -> None:
    assert (
        repr(read_transcript("Agent: my card number is 4111"))
        == "<Transcript labelled text · 1 lines · 1 findings>"
    )


def test_a_text_longer_than_any_call_is_held_and_not_taken_apart() -> None:
    text = "Agent: Hello, what can I do? Customer: The bill is wrong. " * 40_000
    began = perf_counter()
    transcript = read_transcript(text)
    assert perf_counter() - began < 2
    assert [line.text for line in transcript.lines] == [text]
    (only,) = [item for item in transcript.findings if item.code == "transcript-unreadable"]
    assert "holds 2,320,000 characters" in only.message
    assert len(str(only.value)) < 200


def test_data_with_a_time_for_each_word_may_be_longer_than_text() -> None:
    words = [{"word": "yes", "start": n, "end": n + 1} for n in range(20)]
    turns = [
        {"speaker": ("Agent", "Customer")[n % 2], "text": "yes " * 20, "words": words} for n in range(3_000)
    ]
    text = json.dumps(turns)
    assert len(text) > 2_000_000
    assert len(read_transcript(text).lines) == 3_000


def test_a_line_of_json_lines_that_is_broken_can_be_sent_as_it_is() -> None:
    rows = [f'{{"speaker": "{who}", "text": "Hello {n}"}}' for n, who in enumerate(["Agent", "Customer"] * 3)]
    rows[2] = rows[2][:-3]
    lines = read_transcript("\n".join(rows)).lines
    assert any(rows[2] in line.text for line in lines)
    assert {type(line.text) for line in lines} == {str}
