"""What `check` finds in a call: each rule with a call that breaks it, and both sides of its border."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reddy_lib.checks import MOST_OF_A_CODE, RULES, Given, check
from reddy_lib.findings import CATALOGUE, Finding
from reddy_lib.model import Call, Speaker, Tag, TranscriptLine, payload_json

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

NOON = 1_774_872_000.0  # 2026-03-30 12:00 UTC
NOW = NOON + 86_400
PRODUCTS = [
    {"id": 7, "name": "Cards hotline", "status": "active"},
    {"id": 8, "name": "Loans", "status": "inactive"},
]


def a_call(**changes: Any) -> Call:
    """A call that is in order, with what a test changes."""
    fields: dict[str, Any] = {
        "agent_email": "maria.lind@cedarline.example",
        "product_id": 7,
        "conversation_id": "c-1",
        "timestamp": NOON,
        "transcript": [
            TranscriptLine("agent", "Cedarline, you are speaking with Maria.", 0, 3.5),
            TranscriptLine("customer", "Hello, my card was swallowed.", 4, 7),
        ],
        "tags": [
            Tag("Queue", "Cards", "string"),
            Tag("CSAT", 0, "integer"),
            Tag("Resolved", False, "boolean"),
        ],
    }
    return Call(**{**fields, **changes})


def lines(*lines: tuple[str, str, Any, Any]) -> list[TranscriptLine]:
    return [TranscriptLine(*line) for line in lines]


def timed(*starts: float | None) -> list[TranscriptLine]:
    """A line of a few words at each start."""
    return [TranscriptLine("agent", "Let me have a look at that.", start) for start in starts]


def found(call: Call, **given: Any) -> list[Finding]:
    return check(call, **{"products": PRODUCTS, "now": NOW, **given})


def codes(call: Call, **given: Any) -> list[str]:
    return [one.code for one in found(call, **given)]


def only(call: Call, **given: Any) -> Finding:
    (one,) = found(call, **given)
    return one


def place(one: Finding) -> tuple[str, str, int | None]:
    return one.code, one.field, one.line


def test_a_call_in_order_has_no_findings() -> None:
    assert found(a_call()) == []


def test_an_empty_call_is_told_everything_that_it_lacks() -> None:
    assert codes(Call()) == [
        "agent-email-missing",
        "product-missing",
        "transcript-missing",
        "timestamp-missing",
    ]


def test_checking_changes_nothing_in_the_call() -> None:
    call = a_call(agent_email="nobody", transcript=lines(("bot", "", 9, 2)))
    before = payload_json(call)
    found(call)
    assert payload_json(call) == before


# --- agent -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [None, "", "   "])
def test_a_missing_agent_email_is_an_error(address: str | None) -> None:
    one = only(a_call(agent_email=address))
    assert place(one) == ("agent-email-missing", "agent_email", None)
    assert one.severity == "error"


@pytest.mark.parametrize(
    "address",
    [
        "maria.lind@cedarline.example",
        "m@x.io",
        "maria.o'neill+reviews@uk.cedarline.example",
        "maria_lind-2@cedar-line.co.uk",
        "Maria.Lind@Cedarline.Example",
        "jürgen@größe.example",
        "agent@xn--gre-6ka8i.xn--p1ai",
        "a" * 64 + "@cedarline.example",
        "123@456.example",
    ],
)
def test_addresses_that_people_have_are_accepted(address: str) -> None:
    assert found(a_call(agent_email=address)) == []


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("maria.lind", "it has no @"),
        ("maria@lind@cedarline.example", "it has 2 @ signs"),
        ("a@b.example; c@d.example", "it contains a space"),
        ("maria lind@cedarline.example", "it contains a space"),
        ("maria@cedarline.example ", "it contains a space"),
        ("maria@cedarline.example\u00a0", "it contains a space"),
        ("@cedarline.example", "it has nothing before the @"),
        ("maria@cedarline", "the part after the @ has no dot"),
        ("maria@", "the part after the @ has no dot"),
        ("maria@.example", "a character or dot is in a place where it is not allowed"),
        ("maria@cedarline.", "a character or dot is in a place where it is not allowed"),
        ("maria@cedarline..example", "a character or dot is in a place where it is not allowed"),
        (".maria@cedarline.example", "a character or dot is in a place where it is not allowed"),
        ("maria..lind@cedarline.example", "a character or dot is in a place where it is not allowed"),
        ("mailto:maria@cedarline.example", "a character or dot is in a place where it is not allowed"),
        ("<maria@cedarline.example>", "a character or dot is in a place where it is not allowed"),
        ("maria@-cedarline.example", "a character or dot is in a place where it is not allowed"),
        ("maria@10.0.0.1", "a character or dot is in a place where it is not allowed"),
    ],
)
def test_what_is_not_an_address_is_named_with_the_reason(address: str, why: str) -> None:
    one = only(a_call(agent_email=address))
    assert place(one) == ("agent-email-invalid", "agent_email", None)
    assert one.message == f"“{address}” is not an email address: {why}."
    assert one.value == address


def test_an_address_may_have_254_characters_and_no_more() -> None:
    just = "maria@" + "cedarline." * 24 + "examples"
    assert len(just) == 254
    assert found(a_call(agent_email=just)) == []
    one = only(a_call(agent_email=just + "x"))
    assert one.code == "agent-email-invalid"
    assert one.message.endswith("it has 255 characters, and an address has at most 254.")


def test_a_hostile_address_is_judged_in_no_time() -> None:
    """No backtracking: these would take ages with a careless expression."""
    for address in ("a" * 250, "a." * 120 + "@", "a@" + "b-" * 120, "a@" + "b." * 120 + "!"):
        assert codes(a_call(agent_email=address)) == ["agent-email-invalid"]


# --- product -----------------------------------------------------------------------------------------------


def test_a_missing_product_is_an_error() -> None:
    assert place(only(a_call(product_id=None))) == ("product-missing", "product_id", None)


def test_a_product_outside_the_list_is_an_error_that_names_it() -> None:
    one = only(a_call(product_id=99))
    assert (one.code, one.value) == ("product-unknown", "99")
    assert one.message == "Product 99 is not in Reddy's list of 2 products."


def test_without_the_list_any_product_number_passes() -> None:
    assert found(a_call(product_id=99), products=None) == []


def test_an_empty_list_knows_no_product() -> None:
    assert codes(a_call(), products=[]) == ["product-unknown"]


@pytest.mark.parametrize("product", ["7", 7.0, True])
@pytest.mark.parametrize("products", [None, PRODUCTS])
def test_a_product_that_is_not_a_whole_number_is_an_error(product: Any, products: Any) -> None:
    one = only(a_call(product_id=product), products=products)
    assert (one.code, one.message) == ("product-unknown", f"“{product}” is not a product id.")


def test_an_inactive_product_is_a_warning() -> None:
    one = only(a_call(product_id=8))
    assert (one.code, one.severity) == ("product-inactive", "warning")
    assert one.message == "Product 8 (Loans) is inactive."


@pytest.mark.parametrize("product", [{"id": 7}, {"id": 7, "status": None}, {"id": 7, "status": "Active"}])
def test_a_product_whose_status_says_nothing_else_is_active(product: dict[str, Any]) -> None:
    assert found(a_call(), products=[product]) == []


# --- transcript and recording ------------------------------------------------------------------------------


@pytest.mark.parametrize("filename", [None, "", "  "])
@pytest.mark.parametrize("transcript", [None, []])
def test_neither_transcript_nor_recording_is_an_error(transcript: Any, filename: str | None) -> None:
    one = only(a_call(transcript=transcript, filename=filename))
    assert place(one) == ("transcript-missing", "transcript", None)


def test_a_transcript_without_any_text_counts_as_missing() -> None:
    call = a_call(transcript=lines(("agent", "", None, None), ("customer", " \n", None, None)))
    missing, *empty = found(call)
    assert missing.message == "The transcript has 2 lines and no text."
    assert [place(one) for one in empty] == [("text-empty", "text", 1), ("text-empty", "text", 2)]


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x1f", "\x7f", "\x80", "\x9d", "\x9f"])
def test_characters_of_no_alphabet_hold_the_call(character: str) -> None:
    spoken = lines(("agent", f"Hello,\n{character}ukasz{character}.", 0, 2), ("customer", "Hello.", 2, 3))
    one = only(a_call(transcript=spoken))
    assert (*place(one), one.severity) == ("control-characters", "text", 1, "error")
    assert one.message == f"Line 1 holds 2 control characters (U+{ord(character):04X})."
    one = only(a_call(tags=[Tag("Case", f"1{character}", "string")]))
    assert place(one) == ("control-characters", "tags", 1)


@pytest.mark.parametrize(
    "text", ["one\ntwo\r\nthree", "a\tb", "hard\u00a0space", "a\x0bb\x0cc", "next\x85line", "👩\u200d💻"]
)
def test_line_breaks_and_marks_of_writing_are_no_control_characters(text: str) -> None:
    assert codes(a_call(transcript=lines(("agent", text, 0, 2), ("customer", "Hello.", 2, 3)))) == []


def test_a_recording_alone_is_held_back_because_it_would_not_be_sent() -> None:
    one = only(a_call(transcript=None, filename="0042.wav"))
    assert place(one) == ("recording-not-sent", "filename", None)
    assert one.severity == "error"
    assert "0042.wav" in one.message


def test_a_recording_beside_a_transcript_warns_that_nothing_is_redacted() -> None:
    [one] = check(a_call(filename="0042.wav"), products=PRODUCTS, now=NOW, recording=True)
    assert place(one) == ("recording-with-transcript", "filename", None)
    assert one.severity == "warning"
    assert one.message == "The recording 0042.wav is sent with a transcript, so Reddy will not redact it."


def test_a_recording_that_is_only_named_beside_a_transcript_warns_that_it_will_not_come() -> None:
    one = only(a_call(filename="0042.wav"))
    assert place(one) == ("recording-with-transcript", "filename", None)
    assert "no file is attached" in one.message


def test_a_recording_alone_is_sound_once_its_file_is_attached() -> None:
    call = a_call(transcript=None, filename="0042.wav")
    assert check(call, products=PRODUCTS, now=NOW, recording=True) == []


# --- lines -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ("", "Line 2 has no role."),
        ("  ", "Line 2 has no role."),
        ("ivr", "Line 2 has the role “ivr”: Reddy accepts agent and customer."),
        ("Agent", "Line 2 has the role “Agent”: Reddy expects agent."),
        ("customer ", "Line 2 has the role “customer ”: Reddy expects customer."),
    ],
)
def test_a_role_that_reddy_does_not_know_is_an_error_on_its_line(role: str, message: str) -> None:
    call = a_call(transcript=lines(("agent", "Hello.", None, None), (role, "Hello.", None, None)))
    one = only(call)
    assert place(one) == ("role-unknown", "role", 2)
    assert (one.message, one.value) == (message, role)


def test_a_line_without_text_is_a_warning_on_its_line() -> None:
    call = a_call(transcript=lines(("agent", "Hello.", 0, 1), ("customer", "\t ", 1, 2)))
    one = only(call)
    assert place(one) == ("text-empty", "text", 2)
    assert (one.severity, one.message) == ("warning", "Line 2 has no text.")


def test_a_line_that_starts_after_it_stops_is_an_error_with_both_times() -> None:
    call = a_call(transcript=lines(("agent", "Hello.", 12.5, 9)))
    one = only(call)
    assert place(one) == ("start-after-stop", "start", 1)
    assert one.message == "Line 1 starts at 12.5 s and stops at 9 s."


def test_a_line_may_start_and_stop_at_the_same_moment_and_at_nought() -> None:
    assert found(a_call(transcript=lines(("agent", "Oh.", 0, 0), ("customer", "Yes.", 3.25, 3.25)))) == []


def test_one_time_alone_is_fine() -> None:
    assert found(a_call(transcript=lines(("agent", "Oh.", 5, None), ("customer", "Yes.", None, 9)))) == []


def test_times_before_the_call_are_errors_where_they_stand() -> None:
    call = a_call(transcript=lines(("agent", "Hello.", -0.001, 2), ("agent", "Hm.", -3, -1)))
    assert [place(one) for one in found(call)] == [
        ("time-negative", "start", 1),
        ("time-negative", "start", 2),
        ("time-negative", "stop", 2),
        ("lines-out-of-order", "start", 2),
    ]
    assert found(call)[1].message == "Line 2 starts at -3 s, before the call does."


@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf, "soon", True, 10**400])
def test_a_time_that_json_cannot_say_as_a_number_is_unreadable(time: Any) -> None:
    start = only(a_call(transcript=lines(("agent", "Hello.", time, 5))))
    stop = only(a_call(transcript=lines(("agent", "Hello.", 5, time))))
    assert place(start) == ("time-unreadable", "start", 1)
    assert place(stop) == ("time-unreadable", "stop", 1)
    assert start.message.startswith("Line 1 starts at “")


# --- unit and order of times -------------------------------------------------------------------------------


def test_whole_numbers_at_a_crawling_pace_look_like_milliseconds() -> None:
    call = a_call(
        transcript=lines(
            ("agent", "Cedarline, how can I help you today?", 900, 3400),
            ("customer", "I would like to raise the limit of my card, please.", 3900, 182_400),
        )
    )
    one = only(call)
    assert place(one) == ("times-in-milliseconds", "transcript", None)
    assert one.severity == "warning"
    assert one.message == ("The last time is 182,400: in seconds, a call with 18 words would last 2 days.")


def test_the_border_of_the_pace_is_a_word_in_twenty_seconds() -> None:
    sixty_words = "abcde " * 60
    assert codes(a_call(transcript=lines(("agent", sixty_words, 0, 1200)))) == []
    assert codes(a_call(transcript=lines(("agent", sixty_words, 0, 1201)))) == ["times-in-milliseconds"]


def test_a_long_call_with_fractions_of_seconds_is_in_seconds() -> None:
    assert codes(a_call(transcript=lines(("agent", "One moment.", 0, 5000.5)))) == []


def test_a_short_call_is_never_taken_for_milliseconds() -> None:
    assert codes(a_call(transcript=lines(("agent", "Hm.", 0, 1000)))) == []
    assert codes(a_call(transcript=lines(("agent", "Hm.", 0, 1001)))) == ["times-in-milliseconds"]


def test_no_call_lasts_longer_than_a_day_whatever_its_pace() -> None:
    talk = "abcde " * 5000
    assert codes(a_call(transcript=lines(("agent", talk, 0.5, 86_400)))) == []
    assert codes(a_call(transcript=lines(("agent", talk, 0.5, 86_400.5)))) == ["times-in-milliseconds"]


def test_lines_out_of_order_are_one_warning_that_names_the_first() -> None:
    one = only(a_call(transcript=timed(0, 20, 12, 30, 8)))
    assert place(one) == ("lines-out-of-order", "start", 3)
    assert one.severity == "warning"
    assert (
        one.message
        == "Line 3 starts at 12 s, but a line above it at 20 s, with 1 more line going back in time."
    )


def test_people_who_talk_over_each_other_are_not_out_of_order() -> None:
    assert found(a_call(transcript=timed(0, 10, 9, 15))) == []
    assert codes(a_call(transcript=timed(0, 10, 8.999, 15))) == ["lines-out-of-order"]


def test_lines_without_times_do_not_hide_that_the_others_go_back() -> None:
    assert found(a_call(transcript=timed(0, None, 10, None))) == []
    one = only(a_call(transcript=timed(0, 30, None, 10)))
    assert (one.line, one.message) == (4, "Line 4 starts at 10 s, but a line above it at 30 s.")


def test_in_milliseconds_an_overlap_is_measured_in_milliseconds() -> None:
    assert codes(a_call(transcript=timed(0, 90_000, 89_500))) == ["times-in-milliseconds"]
    assert codes(a_call(transcript=timed(0, 90_000, 60_000))) == [
        "times-in-milliseconds",
        "lines-out-of-order",
    ]


def test_calls_between_real_speakers_give_no_warning_about_their_times() -> None:
    folder = SHARED / "harper_valley" / "segments"
    if not folder.is_dir():
        pytest.skip("the shared call data is not here")
    for path in sorted(folder.glob("*.json")):
        segments = json.loads(path.read_text("utf-8"))
        transcript = [
            TranscriptLine(
                "customer" if one["speaker_role"] == "caller" else "agent",
                one["human_transcript"],
                one["offset_ms"] / 1000,
                (one["offset_ms"] + one["duration_ms"]) / 1000,
            )
            for one in segments
        ]
        assert set(codes(a_call(transcript=transcript))) <= {"text-empty"}, path.name


def test_the_same_calls_in_milliseconds_are_all_noticed() -> None:
    folder = SHARED / "harper_valley" / "segments"
    if not folder.is_dir():
        pytest.skip("the shared call data is not here")
    for path in sorted(folder.glob("*.json")):
        segments = json.loads(path.read_text("utf-8"))
        transcript = [TranscriptLine("agent", one["human_transcript"], one["offset_ms"]) for one in segments]
        assert "times-in-milliseconds" in codes(a_call(transcript=transcript)), path.name


# --- many findings of one code -----------------------------------------------------------------------------


def test_twenty_lines_without_a_role_are_listed_one_by_one() -> None:
    call = a_call(transcript=lines(*[("", "Hello.", None, None)] * MOST_OF_A_CODE))
    assert [one.line for one in found(call)] == list(range(1, 21))


def test_what_goes_beyond_twenty_is_one_sentence_with_the_number() -> None:
    call = a_call(transcript=lines(*[("", "Hello.", None, None)] * 54), timestamp=None)
    *roles, summary, timestamp = found(call)
    assert len(roles) == 20
    assert place(summary) == ("role-unknown", "role", 21)
    assert summary.message == "… and 34 more lines, from line 21 on: unknown role."
    assert timestamp.code == "timestamp-missing"


def test_the_summary_counts_each_code_by_itself() -> None:
    call = a_call(transcript=lines(("agent", "Hello.", None, None), *[("", "", None, None)] * 21))
    assert [one.message for one in found(call) if one.message.startswith("…")] == [
        "… and 1 more line, from line 22 on: unknown role.",
        "… and 1 more line, from line 22 on: line without text.",
    ]


def test_a_line_with_two_bad_times_counts_once_in_the_summary() -> None:
    call = a_call(transcript=lines(*[("agent", "Hello.", -1, -1)] * 11))
    assert found(call)[-1].message == "… and 1 more line, from line 11 on: time before the start of the call."


def test_a_summary_about_tags_speaks_of_tags() -> None:
    call = a_call(tags=[Tag("", "x", "string")] * 22)
    assert found(call)[-1].message == "… and 2 more tags, from tag 21 on: tag without a name."


# --- time of the call --------------------------------------------------------------------------------------


def test_a_missing_start_time_is_a_warning() -> None:
    one = only(a_call(timestamp=None))
    assert place(one) == ("timestamp-missing", "timestamp", None)
    assert one.severity == "warning"


@pytest.mark.parametrize("timestamp", [math.nan, math.inf, "2026-03-30", True])
def test_a_start_time_that_is_not_a_number_is_an_error(timestamp: Any) -> None:
    assert codes(a_call(timestamp=timestamp)) == ["timestamp-unreadable"]


def test_a_start_time_in_milliseconds_is_an_error_that_says_which_day_it_is() -> None:
    one = only(a_call(timestamp=NOON * 1000))
    assert place(one) == ("timestamp-in-milliseconds", "timestamp", None)
    assert one.message == "The start time 1,774,872,000,000 is 2026-03-30 12:00 UTC if it is in milliseconds."


def test_milliseconds_begin_above_a_hundred_thousand_million() -> None:
    assert codes(a_call(timestamp=1e11)) == ["timestamp-in-future"]
    assert codes(a_call(timestamp=1e11 + 1)) == ["timestamp-in-milliseconds"]


def test_a_start_time_in_the_future_is_an_error_after_five_minutes_of_grace() -> None:
    assert found(a_call(timestamp=NOW + 300)) == []
    one = only(a_call(timestamp=NOW + 301))
    assert (one.code, one.message) == (
        "timestamp-in-future",
        "The start time, 2026-03-31 12:05 UTC, is in the future.",
    )


def test_without_a_given_clock_the_machine_s_own_decides() -> None:
    assert [one.code for one in check(a_call(timestamp=4_070_908_800))] == ["timestamp-in-future"]
    assert check(a_call(timestamp=1_700_000_000)) == []


def test_a_start_time_before_2000_is_an_error() -> None:
    assert found(a_call(timestamp=946_684_800)) == []
    one = only(a_call(timestamp=46_111))
    assert (one.code, one.severity) == ("timestamp-implausible", "error")
    assert one.message == "The start time, 1970-01-01 12:48 UTC, is before 2000."


@pytest.mark.parametrize("timestamp", [-1e18, 1e18, 9e300])
def test_a_start_time_that_no_calendar_has_is_still_told(timestamp: float) -> None:
    assert only(a_call(timestamp=timestamp)).code in {"timestamp-implausible", "timestamp-in-milliseconds"}


# --- audio settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "speaker",
    [
        None,
        Speaker("diarize"),
        Speaker("channels"),
        Speaker("channels", ["agent", "customer"]),
        Speaker("channels", ["customer", "agent"]),
    ],
)
def test_the_speaker_settings_that_reddy_documents_pass(speaker: Speaker | None) -> None:
    assert found(a_call(speaker=speaker)) == []


@pytest.mark.parametrize(
    ("speaker", "message"),
    [
        (Speaker("stereo"), "The separation “stereo” is neither diarize nor channels."),
        (Speaker(""), "The separation “” is neither diarize nor channels."),
        (
            Speaker("diarize", ["agent", "customer"]),
            "A channel map is only allowed with the separation channels; this call has diarize.",
        ),
        (
            Speaker("channels", ["agent"]),
            "The channel map names agent; it must name agent and customer, once each.",
        ),
        (
            Speaker("channels", ["agent", "agent"]),
            "The channel map names agent, agent; it must name agent and customer, once each.",
        ),
        (
            Speaker("channels", ["agent", "customer", "agent"]),
            "The channel map names agent, customer, agent; it must name agent and customer, once each.",
        ),
        (
            Speaker("channels", []),
            "The channel map names nobody; it must name agent and customer, once each.",
        ),
    ],
)
def test_other_speaker_settings_are_errors(speaker: Speaker, message: str) -> None:
    one = only(a_call(speaker=speaker))
    assert place(one) == ("speaker-invalid", "speaker", None)
    assert one.message == message


# --- tags --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tag",
    [
        Tag("Note", "", "string"),
        Tag("Note", "=2+2", "string"),
        Tag("CSAT", 0, "integer"),
        Tag("CSAT", -(2**63), "integer"),
        Tag("CSAT", 2**63 - 1, "integer"),
        Tag("Resolved", False, "boolean"),
    ],
)
def test_a_tag_whose_value_fits_its_type_passes(tag: Tag) -> None:
    assert found(a_call(tags=[tag])) == []


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        (Tag("CSAT", "high", "integer"), "Tag 1 (CSAT) is an integer, but its value is “high”."),
        (Tag("CSAT", "4", "integer"), "Tag 1 (CSAT) is an integer, but its value is “4”."),
        (Tag("CSAT", True, "integer"), "Tag 1 (CSAT) is an integer, but its value is true."),
        (Tag("CSAT", 4.5, "integer"), "Tag 1 (CSAT) is an integer, but its value is 4.5."),
        (Tag("CSAT", 4.0, "integer"), "Tag 1 (CSAT) is an integer, but its value is 4.0."),
        (Tag("CSAT", 2**63, "integer"), "Tag 1 (CSAT) is too large for an integer: make it a string."),
        (Tag("Done", 1, "boolean"), "Tag 1 (Done) is a boolean, but its value is 1."),
        (Tag("Done", "yes", "boolean"), "Tag 1 (Done) is a boolean, but its value is “yes”."),
        (Tag("Case", 42, "string"), "Tag 1 (Case) is a string, but its value is 42."),
        (Tag("Case", None, "string"), "Tag 1 (Case) has no value."),
        (Tag("Done", None, "boolean"), "Tag 1 (Done) has no value."),
    ],
)
def test_a_tag_whose_value_does_not_fit_is_an_error_with_both(tag: Tag, message: str) -> None:
    one = only(a_call(tags=[tag]))
    assert place(one) == ("tag-value-mismatch", "tags", 1)
    assert one.message == message


@pytest.mark.parametrize("type_", ["float", "number", "String", ""])
def test_a_type_that_reddy_does_not_document_is_an_error(type_: str) -> None:
    one = only(a_call(tags=[Tag("CSAT", 4, type_)]))
    assert place(one) == ("tag-type-unknown", "tags", 1)
    assert one.message == f"Tag 1 (CSAT) has the type “{type_}”: Reddy accepts string, integer, boolean."


@pytest.mark.parametrize("key", ["", "  "])
def test_a_tag_without_a_name_is_an_error(key: str) -> None:
    one = only(a_call(tags=[Tag("Queue", "Cards", "string"), Tag(key, "x", "string")]))
    assert place(one) == ("tag-key-missing", "tags", 2)
    assert one.message == "Tag 2 has no name."


def test_the_second_of_two_tags_with_one_name_is_a_warning() -> None:
    call = a_call(
        tags=[Tag("Queue", "A", "string"), Tag("Case", "1", "string"), Tag("Queue ", "B", "string")]
    )
    one = only(call)
    assert place(one) == ("tag-duplicate", "tags", 3)
    assert (one.severity, one.message) == ("warning", "Tag 3 (Queue) has the same name as tag 1.")


def test_two_tags_without_a_name_are_not_duplicates_of_each_other() -> None:
    assert codes(a_call(tags=[Tag("", "A", "string"), Tag("", "B", "string")])) == ["tag-key-missing"] * 2


# --- all rules together ------------------------------------------------------------------------------------


READ_BY_OTHER_STAGES = {
    "product-renamed",
    "text-misread",
    "encoding-unclear",
    "quote-unclosed",
    "quotes-mended",
    "agent-email-from-transcript",
    "column-doubtful",
    "conversation-id-made-up",
    "lines-order-assumed",
    "timestamp-ambiguous-order",
    "timestamp-order-differs",
    "timestamp-swapped",
    "timestamp-imprecise",
    "timestamp-zone-unclear",
    "timestamp-zone-assumed",
    "conversation-id-placeholder",
    "lines-without-id",
    "id-digits-rounded",
    "id-digits-lost",
    "tag-digits-lost",
    "row-hidden",
    "columns-hidden",
    "table-rebuilt",
    "table-beside",
    "sheets-alike",
    "header-missing",
    "conversation-sent-with-other-words",
    "transcript-unreadable",
    "transcript-mended",
    "transcript-no-speakers",
    "transcript-cut",
    "transcript-cut-in-json",
    "transcript-unassigned",
    "timestamp-from-transcript",
    "timestamp-without-clock",
    "line-without-speaker",
    "correction-recording",
    "correction-refused",
    "correction-unknown",
    "rows-left-out",
    "nul-removed",
    "characters-replaced",
    "rows-scattered",
    "cells-differ",
    "lines-without-call",
    "line-not-read",
    "aside-kept",
    "role-from-name",
    "text-beside-lines",
    "role-from-greeting",
    "role-from-batch",
    "role-by-elimination",
    "not-spoken",
    "speech-doubtful",
    "lines-reordered",
    "unit-from-pace",
    "unit-unclear",
    "pace-implausible",
    "one-side-silent",
    "one-side-silent-short",
    "side-has-several-speakers",
    "lines-left-out",
    "lines-kept-as-tag",
    "file-name-not-matched",
    "times-estimated",
    "timestamp-ambiguous",
    "row-incomplete",
    "conversation-duplicate",
    "conversation-sent-corrected",
    "conversation-sent-under-other-id",
    "personal-data-held",
    "mask-still-heard",
    "recording-missing",
    "recording-doubtful",
    "recording-empty",
    "recording-unreadable",
    "recording-not-audio",
    "recording-tracks",
    "recording-cut",
    "recording-mislabelled",
    "recording-silent",
    "recording-side-silent",
    "recording-length-differs",
}


def test_the_codes_of_the_rules_are_the_catalogue_without_those_of_other_stages() -> None:
    listed = [code for those, _ in RULES for code in those]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(CATALOGUE) - READ_BY_OTHER_STAGES


def test_findings_come_in_the_order_of_the_rules() -> None:
    call = Call(
        agent_email="nobody",
        product_id=99,
        timestamp=NOW * 1000,
        filename="a.wav",
        speaker=Speaker("stereo"),
        transcript=lines(("bot", "Hi.", -1, 2), ("agent", "", 9, 3), ("agent", "Hi.", 5, "x")),
        tags=[Tag("", 1, "integer"), Tag("a", 1, "float"), Tag("a", 1, "string")],
    )
    order = [code for those, _ in RULES for code in those]
    groups = [next(n for n, (those, _) in enumerate(RULES) if code in those) for code in codes(call)]
    assert groups == sorted(groups)
    assert set(codes(call)) <= set(order)
    assert len(set(codes(call))) == 15


numbers = st.none() | st.integers() | st.floats() | st.booleans() | st.text(max_size=5)
transcript_lines = st.builds(
    TranscriptLine,
    role=st.sampled_from(["agent", "customer", "", "IVR"]) | st.text(max_size=5),
    text=st.text(max_size=30),
    start=numbers,
    stop=numbers,
)
tags = st.builds(
    Tag,
    key=st.text(max_size=5),
    value=numbers,
    type=st.sampled_from(["string", "integer", "boolean"]) | st.text(max_size=5),
)
speakers = st.builds(
    Speaker,
    separation=st.sampled_from(["diarize", "channels"]) | st.text(max_size=5),
    channel_map=st.none() | st.lists(st.sampled_from(["agent", "customer", "?"]), max_size=3),
)
calls = st.builds(
    Call,
    agent_email=st.none() | st.text() | st.emails(),
    product_id=numbers,
    conversation_id=st.none() | st.text(),
    timestamp=numbers,
    filename=st.none() | st.text(),
    speaker=st.none() | speakers,
    transcript=st.none() | st.lists(transcript_lines, max_size=60),
    tags=st.none() | st.lists(tags, max_size=30),
)


@given(calls, st.sampled_from([None, [], PRODUCTS]))
def test_no_call_makes_the_checks_raise_and_each_finding_has_its_place(call: Call, products: Any) -> None:
    for one in check(call, products=products, now=NOW):
        assert one.message.endswith("."), one.message
        assert one.field in {*Call.__struct_fields__, *TranscriptLine.__struct_fields__}
        if one.field in {"role", "text", "start", "stop"}:
            assert one.line is not None
            assert 1 <= one.line <= len(call.transcript or ())


@given(calls)
def test_every_rule_answers_only_with_the_codes_it_lists(call: Call) -> None:
    for those, rule in RULES:
        assert {one.code for one in rule(call, Given(PRODUCTS, NOW))} <= set(those)


@given(calls)
def test_a_call_has_at_most_twenty_findings_and_a_summary_of_each_code(call: Call) -> None:
    listed = codes(call)
    assert all(listed.count(code) <= MOST_OF_A_CODE + 1 for code in listed)


@given(calls)
def test_whatever_passes_without_errors_can_be_written_as_json(call: Call) -> None:
    if not any(one.severity == "error" for one in found(call)):
        assert json.loads(payload_json(call))["agent_email"] == call.agent_email
