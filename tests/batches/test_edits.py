"""Editing a call: cells, lines, tags, fields and repairs, as pure functions; and one edit to many calls."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reddy_lib as reddy
from reddy_lib.batches import edits as editing
from reddy_lib.batches.changes import change_calls
from reddy_lib.batches.decisions import ManyEdited
from reddy_lib.batches.differences import differences, field_label
from reddy_lib.batches.edit_tables import lines_table, tags_table
from reddy_lib.batches.previews import effect_of
from reddy_lib.batches.quick_fixes import Problem, problems
from reddy_lib.batches.steps import SetField
from reddy_lib.checks import check
from reddy_lib.database.schema import calls
from reddy_lib.findings import CATALOGUE, Finding, finding
from reddy_lib.model import (
    Call,
    Speaker,
    Tag,
    TranscriptLine,
    derive_conversation_id,
    from_payload,
    payload_json,
    to_payload,
)

NOW = 1_790_000_000.0


def a_call(**changes: Any) -> Call:
    """A call with nothing wrong, as a payload; `changes` replace fields of it."""
    payload: dict[str, Any] = {
        "agent_email": "ann@cedarline.example",
        "product_id": 1,
        "conversation_id": "conv-1",
        "timestamp": 1_772_445_600,
        "transcript": [
            {"role": "agent", "text": "Cedarline, Ann speaking.", "start": 0.5, "stop": 2},
            {"role": "customer", "text": "I lost my card.", "start": 3, "stop": 5},
            {"role": "agent", "text": "I block it at once.", "start": 6, "stop": 8},
        ],
        "tags": [
            {"key": "CSAT", "value": 4, "type": "integer"},
            {"key": "Resolved", "value": True, "type": "boolean"},
            {"key": "Case", "value": "0042", "type": "string"},
        ],
    }
    return from_payload(payload | changes)


def lines_of(*lines: tuple[str, str, float | None, float | None]) -> Call:
    return a_call(
        transcript=[
            {"role": role, "text": text, "start": start, "stop": stop} for role, text, start, stop in lines
        ]
    )


def texts(call: Call) -> list[str]:
    return [line.text for line in call.transcript or ()]


def times(call: Call) -> list[tuple[float | None, float | None]]:
    return [(line.start, line.stop) for line in call.transcript or ()]


def the_problem(call: Call, code: str, *more: Finding) -> Problem:
    """The one problem with this code that the call has, by the checks and what reading found besides."""
    found = [p for p in problems(call, [*more, *check(call, now=NOW)]) if p.code == code]
    assert len(found) == 1
    return found[0]


def repaired(call: Call, code: str, label: str, *more: Finding) -> Call:
    """The call after the repair with this label was clicked."""
    fixes = {fix.label: fix for fix in the_problem(call, code, *more).fixes}
    return fixes[label].apply(call)


# cells of lines


def test_a_cell_that_is_set_changes_that_cell_and_nothing_else() -> None:
    before = a_call()
    after = editing.with_line_cells(before, {2: {"text": "My card was stolen."}})
    wanted = to_payload(before)
    wanted["transcript"][1]["text"] = "My card was stolen."
    assert to_payload(after) == wanted


def test_the_call_that_was_given_stays_as_it_was() -> None:
    before = a_call()
    copy = payload_json(before)
    editing.with_line_cells(before, {1: {"text": "x", "start": None}})
    editing.with_tag_cells(before, {1: {"value": "9"}})
    editing.delete_lines(before, [1, 2])
    editing.move_line(before, 1, +1)
    editing.in_order_of_time(before)
    assert payload_json(before) == copy


@pytest.mark.parametrize("empty", [None, math.nan])
def test_an_emptied_time_is_left_out_of_the_payload(empty: float | None) -> None:
    after = editing.with_line_cells(a_call(), {1: {"start": empty}})
    assert "start" not in to_payload(after)["transcript"][0]


def test_an_emptied_role_or_text_is_empty_text_and_never_the_word_none() -> None:
    after = editing.with_line_cells(a_call(), {1: {"role": None, "text": math.nan}})
    assert (after.transcript or [])[0] == TranscriptLine("", "", 0.5, 2)


@pytest.mark.parametrize("number", [0, -1, 4])
def test_a_line_that_is_not_there_is_refused_rather_than_counted_from_the_end(number: int) -> None:
    for edit in (
        lambda: editing.with_line_cells(a_call(), {number: {"text": "x"}}),
        lambda: editing.delete_lines(a_call(), [number]),
        lambda: editing.move_line(a_call(), number, 1),
        lambda: editing.split_line(a_call(), number),
        lambda: editing.with_tag_cells(a_call(), {number: {"key": "x"}}),
        lambda: editing.delete_tags(a_call(), [number]),
    ):
        with pytest.raises(IndexError):
            edit()


def test_setting_a_cell_twice_to_the_same_is_the_same_as_once() -> None:
    edits = {1: {"text": "One."}, 3: {"stop": 9.5}}
    once = editing.with_line_cells(a_call(), edits)
    assert payload_json(editing.with_line_cells(once, edits)) == payload_json(once)


# adding, deleting and moving lines


def test_a_new_line_has_no_role_so_the_call_waits_until_it_has_one() -> None:
    call = editing.insert_line(a_call(), 1)
    assert texts(call) == ["Cedarline, Ann speaking.", "", "I lost my card.", "I block it at once."]
    assert "role-unknown" in {found.code for found in check(call, now=NOW)}


def test_the_first_line_of_a_call_without_transcript_can_be_added() -> None:
    call = from_payload({"agent_email": "ann@cedarline.example"})
    assert editing.insert_line(call, 0).transcript == [TranscriptLine("", "")]


def test_a_line_cannot_be_put_behind_one_that_is_not_there() -> None:
    with pytest.raises(IndexError):
        editing.insert_line(a_call(), 4)


def test_deleting_the_last_line_leaves_a_call_without_transcript() -> None:
    call = editing.delete_lines(a_call(), [1, 2, 3])
    assert call.transcript is None
    assert "transcript" not in to_payload(call)


@pytest.mark.parametrize(
    ("number", "by", "order"),
    [(1, 1, "bac"), (3, -1, "acb"), (3, -9, "cab"), (1, 9, "bca"), (2, 0, "abc")],
)
def test_a_line_moves_as_far_as_there_are_lines(number: int, by: int, order: str) -> None:
    call = lines_of(("agent", "a", None, None), ("customer", "b", None, None), ("agent", "c", None, None))
    assert "".join(texts(editing.move_line(call, number, by))) == order


def test_a_line_is_split_at_its_line_breaks_without_losing_a_word_or_a_time() -> None:
    call = lines_of(("agent", "Good morning.\n\n  I lost my card. \r\nOne moment.", 2, 9))
    split = editing.split_line(call, 1)
    assert texts(split) == ["Good morning.", "I lost my card.", "One moment."]
    assert times(split) == [(2, None), (None, None), (None, 9)]
    assert {line.role for line in split.transcript or ()} == {"agent"}


def test_a_line_without_line_breaks_is_not_split() -> None:
    assert editing.split_line(a_call(), 1) is not None
    assert texts(editing.split_line(a_call(), 1)) == texts(a_call())


class _Model:
    """What a person means: lines with names of their own, edited by name. Names are never reused."""

    def __init__(self, count: int) -> None:
        self.lines = [(name, f"text {name}") for name in range(count)]
        self.next = count


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["edit", "insert", "delete", "move"]), st.integers(0, 10**6), st.integers(-3, 3)
    ),
    max_size=30,
)


@given(st.integers(0, 6), OPERATIONS)
def test_edits_additions_and_deletions_in_any_order_hit_the_lines_that_were_meant(
    count: int, operations: list[tuple[str, int, int]]
) -> None:
    model = _Model(count)
    call = lines_of(*(("agent", text, float(name), None) for name, text in model.lines))
    for step, (kind, pick, by) in enumerate(operations):
        size = len(model.lines)
        if kind == "insert":
            after = pick % (size + 1)
            call = editing.insert_line(call, after)
            call = editing.with_line_cells(
                call, {after + 1: {"start": float(model.next), "text": f"new {step}"}}
            )
            model.lines.insert(after, (model.next, f"new {step}"))
            model.next += 1
        elif size:
            at = pick % size
            name, text = model.lines[at]
            if kind == "edit":
                call = editing.with_line_cells(call, {at + 1: {"text": f"edited {step}"}})
                model.lines[at] = (name, f"edited {step}")
            elif kind == "delete":
                call = editing.delete_lines(call, [at + 1])
                del model.lines[at]
            else:
                call = editing.move_line(call, at + 1, by)
                del model.lines[at]
                model.lines.insert(max(0, min(size - 1, at + by)), (name, text))
    assert [(line.start, line.text) for line in call.transcript or ()] == [
        (float(name), text) for name, text in model.lines
    ]


# roles


def test_all_lines_of_a_speaker_get_the_role_however_the_label_is_written() -> None:
    call = lines_of(("ivr", "Press one.", 0, 1), (" IVR ", "Press two.", 1, 2), ("agent", "Hello.", 3, 4))
    assert [line.role for line in editing.with_role(call, "Ivr", "customer").transcript or ()] == [
        "customer",
        "customer",
        "agent",
    ]


def test_a_speaker_can_be_left_out() -> None:
    call = lines_of(("ivr", "Press one.", 0, 1), ("agent", "Hello.", 3, 4))
    assert texts(editing.with_role(call, "ivr", "leave out")) == ["Hello."]


def test_speakers_are_listed_unknown_ones_first_with_their_lines() -> None:
    one = lines_of(("agent", "a", 0, 1), ("ivr", "b", 1, 2), ("agent", "c", 2, 3))
    other = lines_of(("", "d", 0, 1), ("ivr", "e", 1, 2), ("customer", "f", 2, 3))
    assert list(editing.speakers([one, other]).items()) == [
        ("ivr", 2),
        ("", 1),
        ("agent", 2),
        ("customer", 1),
    ]


# tags


@pytest.mark.parametrize(
    ("type_", "typed", "value"),
    [
        ("integer", "12", 12),
        ("integer", " -3 ", -3),
        ("integer", "012", "012"),
        ("integer", "twelve", "twelve"),
        ("integer", "", ""),
        ("boolean", "yes", True),
        ("boolean", "FALSE", False),
        ("boolean", "perhaps", "perhaps"),
        ("string", "12", "12"),
        ("string", "yes", "yes"),
        ("float", "1.5", "1.5"),
    ],
)
def test_a_typed_tag_value_is_read_by_the_type_and_kept_where_it_does_not_fit(
    type_: str, typed: str, value: Any
) -> None:
    call = a_call(tags=[{"key": "k", "value": "old", "type": type_}])
    assert (editing.with_tag_cells(call, {1: {"value": typed}}).tags or [])[0] == Tag("k", value, type_)


@pytest.mark.parametrize(
    ("value", "type_", "new_type", "becomes"),
    [
        (4, "integer", "string", "4"),
        (True, "boolean", "string", "true"),
        ("4", "string", "integer", 4),
        ("no", "string", "boolean", False),
        ("n/a", "string", "integer", "n/a"),
        (None, "string", "string", None),
    ],
)
def test_a_tag_that_changes_its_type_has_its_value_read_again(
    value: Any, type_: str, new_type: str, becomes: Any
) -> None:
    call = a_call(tags=[{"key": "k", "value": value, "type": type_}])
    after = (editing.with_tag_cells(call, {1: {"type": new_type}}).tags or [])[0]
    assert (after.value, after.type) == (becomes, new_type)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (4, "4"), ("0042", "0042"), (None, ""), (1.5, "1.5")],
)
def test_a_tag_value_is_shown_as_text(value: Any, text: str) -> None:
    assert editing.value_text(value) == text


@given(st.one_of(st.booleans(), st.integers(-(10**14), 10**14), st.text()))
def test_what_is_shown_of_a_tag_reads_back_as_the_same_value(value: bool | int | str) -> None:
    type_ = {bool: "boolean", int: "integer", str: "string"}[type(value)]
    call = Call(tags=[Tag("k", value, type_)])
    again = editing.with_tag_cells(call, {1: {"value": editing.value_text(value)}})
    assert (again.tags or [])[0].value == value
    assert type((again.tags or [])[0].value) is type(value)


def test_renaming_a_tag_leaves_its_value_alone() -> None:
    after = (editing.with_tag_cells(a_call(), {1: {"key": "Score"}}).tags or [])[0]
    assert after == Tag("Score", 4, "integer")


def test_a_new_tag_has_no_name_so_the_call_waits_until_it_has_one() -> None:
    call = editing.add_tag(a_call())
    assert (call.tags or [])[-1] == Tag("", "", "string")
    assert "tag-key-missing" in {found.code for found in check(call, now=NOW)}


def test_a_call_whose_tags_are_all_deleted_sends_none() -> None:
    assert "tags" not in to_payload(editing.delete_tags(a_call(), [1, 2, 3]))


# fields


def test_fields_are_stored_without_outer_spaces_and_emptied_ones_are_not_given() -> None:
    call = editing.with_field(a_call(), "agent_email", "  bo@cedarline.example ")
    assert call.agent_email == "bo@cedarline.example"
    assert editing.with_field(call, "filename", "   ").filename is None


def test_an_emptied_conversation_id_is_made_again_from_the_call() -> None:
    call = editing.with_field(a_call(), "conversation_id", "")
    assert call.conversation_id == derive_conversation_id(a_call())


def test_a_call_with_half_a_character_gets_an_id() -> None:
    half, whole = a_call(), a_call()
    assert half.transcript
    assert whole.transcript
    half.transcript[0].text, whole.transcript[0].text = "Hel\ud83d\ude00lo", "Hel\U0001f600lo"
    assert derive_conversation_id(half) == derive_conversation_id(whole)
    half.transcript[0].text = "Hel\ud800lo"
    assert derive_conversation_id(half) != derive_conversation_id(whole)


def test_only_plain_fields_are_set_this_way() -> None:
    with pytest.raises(ValueError, match="transcript"):
        editing.with_field(a_call(), "transcript", [])


def test_a_channel_map_is_kept_with_channels_and_dropped_elsewhere() -> None:
    call = editing.with_speaker(a_call(), "channels", ("customer", "agent"))
    assert call.speaker == Speaker("channels", ["customer", "agent"])
    assert editing.with_speaker(call, "diarize", ("customer", "agent")).speaker == Speaker("diarize")
    assert editing.with_speaker(call, None).speaker is None


@pytest.mark.parametrize(
    ("timestamp", "zone", "text"),
    [
        (None, "", ""),
        (1_774_889_160, "", "2026-03-30 16:46"),
        (1_774_889_160, "Europe/London", "2026-03-30 17:46"),
        (1_774_889_191, "UTC", "2026-03-30 16:46:31"),
        (1_774_889_191.25, "UTC", "2026-03-30 16:46:31.250000"),
        (1_774_889_160_000, "Europe/London", "1774889160000"),
        (1_792_888_200, "Europe/London", "2026-10-25 01:30+01:00"),
        (1_792_891_800, "Europe/London", "2026-10-25 01:30+00:00"),
    ],
)
def test_a_start_is_shown_in_the_time_zone_of_the_sheet(
    timestamp: float | None, zone: str, text: str
) -> None:
    assert editing.moment_text(timestamp, zone) == text
    assert editing.read_moment(text, zone) == (timestamp, "")


@given(
    st.integers(0, 4_000_000_000), st.sampled_from(["", "Europe/London", "America/New_York", "Asia/Kolkata"])
)
def test_a_start_that_is_shown_reads_back_as_the_same_moment(timestamp: int, zone: str) -> None:
    assert editing.read_moment(editing.moment_text(timestamp, zone), zone)[0] == timestamp


def test_a_start_that_cannot_be_read_says_why() -> None:
    seconds, why = editing.read_moment("last Tuesday", "")
    assert seconds is None
    assert "last Tuesday" in why


# what differs from the sheet


def test_an_unedited_call_differs_in_nothing() -> None:
    same = differences(a_call(), a_call())
    assert not same
    assert str(same) == ""


def test_every_changed_cell_is_named() -> None:
    call = editing.with_line_cells(a_call(), {3: {"text": "At once.", "stop": 9}})
    call = editing.with_tag_cells(call, {1: {"value": "5"}})
    call = editing.with_field(call, "agent_email", "bo@cedarline.example")
    found = differences(a_call(), call)
    assert found.fields == ("agent_email",)
    assert found.lines == {3: ("text", "stop")}
    assert found.tags == {1: ("value",)}
    assert str(found) == "agent email · line 3 text and stop · tag CSAT"


def test_an_added_line_is_new_and_the_lines_under_it_are_not_changed() -> None:
    found = differences(a_call(), editing.insert_line(a_call(), 1))
    assert found.lines == {2: ("new",)}
    assert str(found) == "line 2 added"


def test_deleted_lines_and_tags_are_counted() -> None:
    call = editing.delete_tags(editing.delete_lines(a_call(), [1, 2]), [3])
    assert str(differences(a_call(), call)) == "2 lines deleted · 1 tag deleted"


def test_a_long_list_of_changes_is_cut() -> None:
    original = lines_of(*(("agent", f"line {n}", None, None) for n in range(9)))
    call = editing.with_line_cells(original, {n: {"role": "customer"} for n in range(1, 10)})
    assert str(differences(original, call)).endswith("line 5 role · 4 more")


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("transcript[3].text", "line 3 text"),
        ("tags[2].value", "tag 2 value"),
        ("agent_email", "agent email"),
        ("transcript", "transcript"),
        ("something_new", "something_new"),
    ],
)
def test_a_field_of_the_record_is_named_in_the_analysts_words(field: str, words: str) -> None:
    assert field_label(field) == words


# tables


def test_the_table_of_lines_marks_findings_and_edits_at_their_line() -> None:
    original = lines_of(("agent", "a", 5, 3), ("ivr", "b", 6, 7), ("customer", " ", 8, 9))
    call = editing.with_line_cells(original, {2: {"text": "B"}})
    table = lines_table(call, check(call, now=NOW), differences(original, call))
    assert list(table.index) == [1, 2, 3]
    assert list(table["marks"]) == ["error", "error,changed", "check"]
    assert "starts at 5 s and stops at 3 s" in table.loc[1, "finding"]


def test_a_line_without_role_shows_an_empty_cell() -> None:
    table = lines_table(lines_of(("", "a", None, 1)), [], differences(a_call(), a_call()))
    assert table["role"].isna().tolist() == [True]
    assert math.isnan(table["start"][1])


@pytest.mark.parametrize("filled", [True, False])
def test_tables_have_the_same_types_whatever_they_hold(filled: bool) -> None:
    nothing = differences(a_call(), a_call())
    call = a_call() if filled else Call()
    found = check(call, now=NOW)
    assert {name: str(kind) for name, kind in lines_table(call, found, nothing).dtypes.items()} == {
        "marks": "str",
        "role": "str",
        "text": "str",
        "start": "float64",
        "stop": "float64",
        "times": "str",
        "finding": "str",
    }
    assert {str(kind) for kind in tags_table(call, found, nothing).dtypes} == {"str"}


def test_the_table_of_tags_shows_values_as_text_whatever_their_type() -> None:
    table = tags_table(a_call(), [], differences(a_call(), a_call()))
    assert list(table["value"]) == ["4", "true", "0042"]


# problems and repairs


def test_the_same_speaker_is_one_problem_however_many_lines_there_are() -> None:
    call = lines_of(
        ("ivr", "a", 0, 1),
        ("ivr", "b", 1, 2),
        ("caller 2", "c", 2, 3),
        ("IVR", "d", 3, 4),
        ("agent", "e", 4, 5),
    )
    found = [p for p in problems(call, check(call, now=NOW)) if p.code == "role-unknown"]
    assert [p.message for p in found] == [
        "“ivr” speaks in 3 lines: agent or customer?",
        "“caller 2” speaks in 1 line: agent or customer?",
    ]
    assert found[0].lines == (1, 2, 4)


def test_lines_without_a_role_are_counted() -> None:
    call = lines_of(("", "a", 0, 1), ("", "b", 1, 2))
    assert the_problem(call, "role-unknown").message == "2 lines have no role."


def test_errors_stand_before_warnings() -> None:
    call = lines_of(("agent", " ", 0, 1), ("ivr", "b", 1, 2))
    found = problems(call, sorted(check(call, now=NOW), key=lambda one: one.severity, reverse=True))
    assert [p.severity for p in found] == sorted(p.severity for p in found)


def test_alike_findings_say_how_many_more_there_are() -> None:
    call = lines_of(("agent", "a", 5, 3), ("agent", "b", 8, 6), ("agent", "c", 12, 10))
    assert the_problem(call, "start-after-stop").message.endswith("The same in 2 more lines.")


@pytest.mark.parametrize(
    ("label", "roles"),
    [("Agent", ["agent", "agent"]), ("Customer", ["customer", "agent"]), ("Leave out", ["agent"])],
)
def test_an_unknown_speaker_becomes_what_is_clicked(label: str, roles: list[str]) -> None:
    call = lines_of(("ivr", "a", 0, 1), ("agent", "b", 1, 2))
    assert [line.role for line in repaired(call, "role-unknown", label).transcript or ()] == roles


def test_times_are_swapped_only_where_they_are_the_wrong_way_round() -> None:
    call = lines_of(("agent", "a", 1, 2), ("agent", "b", 5, 3), ("agent", "c", 6, None))
    assert times(repaired(call, "start-after-stop", "Swap the times")) == [(1, 2), (3, 5), (6, None)]


def test_milliseconds_become_seconds() -> None:
    call = lines_of(("agent", "Good morning.", 1500, 2750), ("customer", "Hello.", 90_000_000, None))
    assert times(repaired(call, "times-in-milliseconds", "Divide times by 1,000")) == [
        (1.5, 2.75),
        (90_000, None),
    ]


def test_a_start_in_milliseconds_becomes_seconds() -> None:
    call = a_call(timestamp=1_772_445_600_000)
    assert repaired(call, "timestamp-in-milliseconds", "Divide by 1,000").timestamp == 1_772_445_600


def test_empty_lines_are_deleted() -> None:
    call = lines_of(("agent", "a", 0, 1), ("agent", " ", 1, 2), ("agent", "", 2, 3))
    assert texts(repaired(call, "text-empty", "Delete lines without text")) == ["a"]


def test_negative_times_are_left_empty() -> None:
    call = lines_of(("agent", "a", -2, 1), ("agent", "b", 2, 3))
    assert times(repaired(call, "time-negative", "Leave the time empty")) == [(None, 1), (2, 3)]


def test_lines_are_put_in_order_and_one_without_a_time_stays_with_the_line_above_it() -> None:
    call = lines_of(
        ("agent", "c", 9, 10), ("customer", "c, too", None, None), ("agent", "a", 1, 2), ("agent", "b", 5, 6)
    )
    assert texts(repaired(call, "lines-out-of-order", "Put in order of time")) == ["a", "b", "c", "c, too"]


def test_a_recording_beside_a_transcript_can_be_left_out() -> None:
    call = repaired(a_call(filename="call.mp4"), "recording-with-transcript", "Clear the file name")
    assert call.filename is None


def test_a_setting_for_voices_that_is_not_valid_can_be_cleared() -> None:
    call = a_call(speaker={"separation": "magic"})
    assert repaired(call, "speaker-invalid", "Clear the setting").speaker is None


def test_the_second_of_two_tags_is_the_one_that_goes() -> None:
    call = a_call(
        tags=[
            {"key": "CSAT", "value": 4, "type": "integer"},
            {"key": "Queue", "value": "a", "type": "string"},
            {"key": "CSAT", "value": 5, "type": "integer"},
        ]
    )
    assert [tag.value for tag in repaired(call, "tag-duplicate", "Delete it").tags or ()] == [4, "a"]


@pytest.mark.parametrize("code", ["tag-value-mismatch", "tag-type-unknown"])
def test_a_tag_that_fits_no_type_can_be_made_text(code: str) -> None:
    tag = {"key": "k", "value": "four", "type": "integer" if code == "tag-value-mismatch" else "float"}
    assert (repaired(a_call(tags=[tag]), code, "Make it text").tags or [])[0] == Tag("k", "four", "string")


def test_spaces_in_an_email_are_offered_to_go_only_where_that_mends_it() -> None:
    call = a_call(agent_email="ann @cedarline.example")
    assert repaired(call, "agent-email-invalid", "Remove the spaces").agent_email == "ann@cedarline.example"
    assert the_problem(a_call(agent_email="Maria Lind"), "agent-email-invalid").fixes == ()


def test_a_whole_transcript_in_one_line_can_be_split() -> None:
    call = lines_of(
        ("", "one\ntwo", None, None), ("agent", "three", None, None), ("", "four\nfive", None, None)
    )
    unread = finding("transcript-unreadable", "transcript", "It could not be read.")
    split = repaired(call, "transcript-unreadable", "Split at line breaks", unread)
    assert texts(split) == ["one", "two", "three", "four", "five"]


def test_a_transcript_that_was_kept_whole_is_read_once_somebody_has_corrected_it() -> None:
    broken = lines_of(
        ("", '[{"role": "agent", "text": "Hello."}, {"role": "customer", "text": "Hi."', None, None)
    )
    assert "Read as 2 lines" not in [fix.label for fix in the_problem(broken, "role-unknown").fixes]
    mended = editing.with_line_cells(broken, {1: {"text": (broken.transcript or [])[0].text + "}]"}})
    call = repaired(mended, "role-unknown", "Read as 2 lines")
    assert [(line.role, line.text) for line in call.transcript or ()] == [
        ("agent", "Hello."),
        ("customer", "Hi."),
    ]


def test_words_that_are_no_transcript_are_not_offered_to_be_read_as_one() -> None:
    call = lines_of(("agent", "Hello.", 0, 1), ("", "I lost my card.", 2, 3))
    assert editing.read_line(call, 2) is call


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_no_repair_of_any_finding_fails_or_makes_a_call_that_cannot_be_sent_as_json(code: str) -> None:
    """Whatever a finding says, about whatever call: each button works, and what it makes is a payload again."""
    for call in (a_call(), Call(), lines_of(("ivr", "a\nb", 5, -3), ("", "", 1e9, None))):
        for line in (None, 1):
            if line and not (call.transcript or call.tags):
                continue
            said = finding(code, CATALOGUE_FIELD.get(code, "transcript"), "Something is wrong.", line=line)
            for problem in problems(call, [said]):
                for fix in problem.fixes:
                    if problem.field == "tags" and not call.tags:
                        continue
                    new = fix.apply(call)
                    assert from_payload(payload_json(new)) == new


CATALOGUE_FIELD = {code: "tags" for code in CATALOGUE if code.startswith("tag-")} | {
    "role-unknown": "role",
    "start-after-stop": "start",
}


# many calls


def load(sheet: Callable[..., Path], ledger: reddy.Ledger, count: int = 4) -> reddy.Batch:
    products = [
        {"id": 1, "name": "Cards hotline", "status": "active"},
        {"id": 2, "name": "Loans", "status": "active"},
    ]
    return ledger.load(sheet(count), products=products, progress=False)


def to_loans(call: Call) -> Call:
    return editing.with_field(call, "product_id", 2)


def test_how_many_calls_an_edit_changes_is_told_before_anything_is_stored(
    ledger: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    batch = load(sheet, ledger)
    before = list(batch.payloads())
    assert effect_of(batch, [2, 3, 4], SetField(field="product_id", value=2)) == ManyEdited(
        changed=2, same=1, locked=0
    )
    assert list(batch.payloads()) == before


def test_one_edit_to_many_calls_is_on_record_with_each(
    ledger: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    batch = load(sheet, ledger)
    told: list[int] = []
    done = change_calls(batch, [2, 3, 4], to_loans, who="ann", on_progress=told.append)
    assert done == ManyEdited(changed=2, same=1, locked=0)
    assert told[-1] == 3
    assert [batch.call(row).product_id for row in (2, 3, 4, 5)] == [2, 2, 2, 2]
    assert batch.edits(2)[["field", "before", "after", "who"]].values.tolist() == [
        ["product_id", "1", "2", "ann"]
    ]
    assert len(batch.edits(3)) == 0
    assert len(batch.edits(5)) == 0


def test_calls_that_are_being_sent_are_counted_and_left_alone(
    ledger: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    batch = load(sheet, ledger)
    with ledger.write() as connection:
        connection.execute(calls.update().where(calls.c.row == 2).values(status="accepted"))
    assert effect_of(batch, [2, 4], SetField(field="product_id", value=2)) == ManyEdited(
        changed=1, same=0, locked=1
    )
    assert change_calls(batch, [2, 4], to_loans) == ManyEdited(changed=1, same=0, locked=1)
    assert batch.call(2).product_id == 1


def test_editing_no_rows_changes_none(ledger: reddy.Ledger, sheet: Callable[..., Path]) -> None:
    batch = load(sheet, ledger)
    assert change_calls(batch, [], to_loans) == ManyEdited(0, 0, 0)
    assert batch.count(edited=True) == 0


def test_roles_of_a_group_of_calls_are_swapped_as_one_edit_each(
    ledger: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    batch = load(sheet, ledger)
    with ledger.write() as connection:
        connection.execute(calls.update().where(calls.c.row == 3).values(status="queued"))
    assert batch.swap_roles([2, 3, 4], who="ann") == ManyEdited(changed=2, same=0, locked=1)
    assert [[line.role for line in batch.call(row).transcript or ()] for row in (2, 3, 4, 5)] == [
        ["customer", "agent"], ["agent", "customer"], ["customer", "agent"], ["agent", "customer"],
    ]  # fmt: skip
    history = batch.edits(2)
    assert history[["field", "before", "after", "who"]].values.tolist() == [
        ["transcript[1].role", '"agent"', '"customer"', "ann"],
        ["transcript[2].role", '"customer"', '"agent"', "ann"],
    ]
    assert history["at"].nunique() == 1
    assert len(batch.edits(3)) == 0
    batch.swap_roles([2])
    assert batch.calls().loc[2, "edited"] == False  # noqa: E712 - a value of numpy


def test_swapping_leaves_other_roles_and_is_the_repair_for_swapped_roles() -> None:
    call = lines_of(("customer", "Thank you for calling Cedarline, how can I help?", None, None),
                    ("agent", "I lost my card.", None, None), ("ivr", "Press 1.", None, None))  # fmt: skip
    (swapped,) = [one for one in problems(call, check(call)) if one.code == "roles-swapped"]
    assert [fix.label for fix in swapped.fixes] == ["Swap the roles"]
    mended = swapped.fixes[0].apply(call)
    assert [line.role for line in mended.transcript or ()] == ["agent", "customer", "ivr"]
    assert "roles-swapped" not in {one.code for one in check(mended)}
