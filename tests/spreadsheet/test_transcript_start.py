"""What a transcript's cell says beyond its lines: when the call started, and that Excel cut it off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import reddy_lib as reddy
from reddy_lib.spreadsheet import Mapping, build_call
from reddy_lib.transcripts import EXCEL_CELL_LIMIT, accounted, read_transcript
from reddy_lib.transcripts.formats.cut import Whole, fills_a_cell, whole_parts

TURNS: list[dict[str, Any]] = [
    {"role": "agent", "text": "Good morning.", "start": 0, "stop": 2},
    {"role": "customer", "text": "Hello.", "start": 3, "stop": 4},
]
NOON = 1784116800  # 2026-07-15 12:00 UTC


def built(cell: str, timezone: str = "", **row: str) -> Any:
    mapping = Mapping(
        fields={"transcript": "T"} | ({"timestamp": "S"} if "S" in row else {}), timezone=timezone
    )
    return build_call(2, {"T": cell, **row}, mapping)


def codes(call: Any) -> list[str]:
    return [found.code for found in call.findings]


@pytest.mark.parametrize(
    "key",
    [
        "start",
        "startTime",
        "start_time",
        "StartTimestamp",
        "startedAt",
        "call_start",
        "callStartTime",
        "conversation-start-time",
    ],
)
def test_the_field_beside_the_turns_that_says_when_the_call_started_is_its_timestamp(key: str) -> None:
    call = built(json.dumps({key: "2026-07-15T12:00:00Z", "turns": TURNS}))
    assert call.call.timestamp == NOON
    (found,) = call.findings
    assert (found.code, found.field, found.severity) == ("timestamp-from-transcript", "timestamp", "warning")
    assert (
        found.message == "The row has no start time: 2026-07-15 12:00:00 UTC was taken from the transcript."
    )


@pytest.mark.parametrize(
    ("value", "timezone", "seconds"),
    [
        ("2026-07-15T12:00:00Z", "Europe/London", NOON),
        ("2026-07-15T14:00:00+02:00", "Europe/London", NOON),
        ("2026-07-15T12:00:00", "Europe/London", NOON - 3600),
        ("2026-07-15 12:00:00", "America/New_York", NOON + 4 * 3600),
        ("2026-07-15T12:00:00", "", NOON),
        (NOON, "Europe/London", NOON),
        (NOON * 1000 + 900, "Europe/London", NOON),
        ("00:00:05", "", None),
        (5, "", None),
        (1e300, "", None),
        ("soon", "", None),
    ],
)
def test_the_transcripts_start_is_read_in_the_sheets_zone_where_it_names_none(
    value: object, timezone: str, seconds: int | None
) -> None:
    call = built(json.dumps({"startTime": value, "turns": TURNS}), timezone)
    assert call.call.timestamp == seconds
    assert codes(call) == (["timestamp-from-transcript"] if seconds else [])


def test_a_start_that_happens_twice_in_the_sheets_zone_is_said() -> None:
    call = built(json.dumps({"startTime": "2026-10-25T01:30:00", "turns": TURNS}), "Europe/London")
    assert call.call.timestamp == 1792888200
    assert codes(call) == ["timestamp-from-transcript", "timestamp-ambiguous"]


def test_the_rows_own_start_and_the_default_come_first_and_an_unreadable_one_is_not_papered_over() -> None:
    cell = json.dumps({"startTime": "2026-07-15T12:00:00Z", "turns": TURNS})
    assert built(cell, S="2026-03-30T17:46:00Z").call.timestamp == 1774892760
    assert codes(built(cell, S="2026-03-30T17:46:00Z")) == []
    assert built(cell, S="").call.timestamp == NOON
    unreadable = built(cell, S="last week")
    assert unreadable.call.timestamp is None
    assert codes(unreadable) == ["timestamp-unreadable"]
    default = Mapping(fields={"transcript": "T"}, defaults={"timestamp": "2026-03-30T17:46:00Z"})
    assert build_call(2, {"T": cell}, default).call.timestamp == 1774892760


def test_lines_with_dates_give_the_start_and_lines_with_times_of_day_do_not() -> None:
    dated = built("[2026-07-15 12:00:00] Agent: Hi\n[2026-07-15 12:00:04] Customer: Yes", "Europe/London")
    assert dated.call.timestamp == NOON - 3600
    assert dated.call.transcript[1].start == 4
    assert built("[10:00:05 AM] Agent: Hi\n[10:00:08 AM] Customer: Yes").call.timestamp is None
    assert read_transcript("10:00:05 AM Agent: Hi\n10:00:08 AM Customer: Yes").started is None


def test_lines_count_from_the_start_that_the_transcript_gives() -> None:
    turns = [{"role": "agent", "text": "Hi", "start": "2026-07-15T12:00:03Z"}]
    call = built(json.dumps({"startTime": "2026-07-15T12:00:00Z", "turns": turns}))
    assert (call.call.timestamp, call.call.transcript[0].start) == (NOON, 3)
    exported = built(json.dumps({"startTime": "2026-07-20T12:00:00Z", "turns": turns}))
    assert (exported.call.timestamp, exported.call.transcript[0].start) == (NOON + 3, 0)


def test_the_derived_id_of_a_call_depends_on_the_start_that_its_transcript_gives() -> None:
    first, second = (
        built(json.dumps({"startTime": f"2026-07-15T1{n}:00:00Z", "turns": TURNS})) for n in (2, 3)
    )
    assert first.call.conversation_id != second.call.conversation_id
    plain = build_call(
        2,
        {"T": json.dumps(TURNS), "S": "2026-07-15T12:00:00Z"},
        Mapping(fields={"transcript": "T", "timestamp": "S"}),
    )
    assert first.call.conversation_id == plain.call.conversation_id


def test_in_the_ledger_the_finding_goes_when_somebody_types_a_start(tmp_path: Path) -> None:
    cell = json.dumps({"startTime": "2026-07-15T12:00:00Z", "turns": TURNS}).replace('"', '""')
    path = tmp_path / "calls.csv"
    path.write_text(f'Agent email,Transcript\nana@x.example,"{cell}"\n', encoding="utf-8")
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        batch = ledger.load(path, progress=False, defaults={"product_id": 7})
        (row,) = batch.rows()
        assert batch.call(row).timestamp == NOON
        loaded = ["timestamp-from-transcript", "conversation-id-made-up"]
        assert [found.code for found in batch.findings_of(row)] == loaded
        call = batch.call(row)
        call.timestamp = NOON + 60
        assert [found.code for found in batch.replace(row, call)] == ["conversation-id-made-up"]
        assert [found.code for found in batch.revert(row)] == loaded


# --- cut off by Excel -------------------------------------------------------------------------------------


def many(count: int = 900) -> list[dict[str, Any]]:
    return [
        {"role": ("agent", "customer")[n % 2], "text": f"Line {n} of a long call.", "start": n, "stop": n + 1}
        for n in range(count)
    ]


FORMS: dict[str, str] = {
    "list": json.dumps(many()),
    "object": json.dumps({"id": "c-1", "tags": ["a", "b"], "turns": many()}),
    "nested": json.dumps({"data": {"call": {"segments": many()}}}),
    "Python": repr(many()),
    "JSON Lines": "\n".join(map(json.dumps, many())),
    "words": json.dumps([{**turn, "words": [{"w": "Line", "s": 1}, {"w": "of", "s": 2}]} for turn in many()]),
    "indented": json.dumps(many(), indent=2),
}


@pytest.mark.parametrize("form", FORMS)
def test_of_json_that_excel_cut_off_the_whole_lines_are_kept_and_the_call_is_held(form: str) -> None:
    cell = FORMS[form][:EXCEL_CELL_LIMIT]
    transcript = read_transcript(cell)
    *whole, rest = transcript.lines
    expected = [(turn["role"], turn["text"]) for turn in many()]
    assert len(whole) > 100
    assert [(line.role, line.text) for line in whole] == expected[: len(whole)]
    assert rest.role == ""
    assert cell.rstrip().endswith(rest.text)
    (cut,) = [found for found in transcript.findings if found.code == "transcript-cut-in-json"]
    assert (cut.severity, cut.line) == ("error", len(transcript.lines))
    assert cut.message == (
        f"Excel cut this JSON off at 32,767 characters: {len(whole)} lines before the cut could be read, "
        "and what is left of the next one is kept as the last line."
    )
    assert "transcript-cut" in [found.code for found in transcript.findings]


def test_nothing_of_a_cut_cell_is_lost() -> None:
    cell = FORMS["list"][:EXCEL_CELL_LIMIT]
    transcript = read_transcript(cell)
    whole, rest = transcript.lines[:-1], transcript.lines[-1].text
    assert json.loads(cell[: -len(rest)].rstrip(", ") + "]") == many()[: len(whole)]


def test_a_cut_between_two_lines_leaves_no_rest_and_is_an_error_all_the_same() -> None:
    turns = json.dumps(many(100))[:-1]
    filler = json.dumps({"role": "agent", "text": ""})
    text = "x" * (EXCEL_CELL_LIMIT - len(turns) - len(filler) - 3)
    cell = turns + ", " + json.dumps({"role": "agent", "text": text}) + ","
    assert len(cell) == EXCEL_CELL_LIMIT
    transcript = read_transcript(cell)
    assert [line.text for line in transcript.lines][-1] == text
    (cut,) = [found for found in transcript.findings if found.code == "transcript-cut-in-json"]
    assert (cut.line, cut.message) == (
        None,
        "Excel cut this JSON off at 32,767 characters: 101 lines before the cut could be read.",
    )


def test_a_cut_in_the_very_first_line_keeps_the_whole_text_and_names_excel() -> None:
    cell = ('[{"role": "agent", "text": "' + "word " * 8000)[:EXCEL_CELL_LIMIT]
    transcript = read_transcript(cell)
    assert (transcript.form, [line.text for line in transcript.lines]) == ("unreadable", [cell])
    found = transcript.findings[0]
    assert (found.code, found.severity) == ("transcript-unreadable", "error")
    assert found.message.startswith(
        "Excel cut this JSON off at 32,767 characters, before the end of the first line"
    )


def test_whole_json_of_exactly_that_length_was_not_cut() -> None:
    text = "x" * (EXCEL_CELL_LIMIT - len(json.dumps([{"role": "agent", "text": ""}])))
    cell = json.dumps([{"role": "agent", "text": text}])
    assert len(cell) == EXCEL_CELL_LIMIT
    transcript = read_transcript(cell)
    assert [line.text for line in transcript.lines] == [text]
    assert "transcript-cut-in-json" not in [found.code for found in transcript.findings]


def test_broken_json_of_another_length_is_unreadable_as_ever() -> None:
    for length in (EXCEL_CELL_LIMIT - 1, EXCEL_CELL_LIMIT + 1):
        transcript = read_transcript(FORMS["list"][:length])
        assert (transcript.form, len(transcript.lines)) == ("unreadable", 1)
        assert "not valid JSON" in transcript.findings[0].message


@pytest.mark.parametrize(
    ("text", "fills"),
    [
        ("a" * 32_767, True), ("a" * 32_766, False), ("a" * 32_768, False), ("ü" * 32_767, True),
        ("😀" * 16_383 + "a", True),
        ("😀" * 16_383, False), ("😀" * 16_384, False), ("", False),
    ],
)  # fmt: skip
def test_excel_counts_rare_characters_twice(text: str, fills: bool) -> None:
    assert fills_a_cell(text) is fills


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('[{"a": 1}, {"a"', [Whole('[{"a": 1}]', ', {"a"')]),
        ('{"t": [{"a": "]"}, {"w": [{"x": 1}, {', [Whole('{"t": [{"a": "]"}]}', ', {"w": [{"x": 1}, {'),
                                                   Whole('{"t": [{"a": "]"}, {"w": [{"x": 1}]}]}', ', {')]),
        ('["Agent: Hi", "Cust', [Whole('["Agent: Hi"]', ', "Cust')]),
        ('{"a": 1}\n{"a": 2}\n{"a"', [Whole('{"a": 1}\n{"a": 2}\n', '{"a"')]),
        ("[{'a': \"it's\"}, {'b", [Whole("[{'a': \"it's\"}]", ", {'b")]),
        ('[{"a": "\\"}"}, {', [Whole('[{"a": "\\"}"}]', ", {")]),
        ('[{"a": 1}]', []), ('[{"a": "no end', []), ("[}", []), ("", []),
    ],
)  # fmt: skip
def test_brackets_are_closed_behind_the_last_whole_item(text: str, parts: list[Whole]) -> None:
    assert list(whole_parts(text)) == parts


def test_the_loss_meter_still_balances_on_a_cut_cell() -> None:
    cell = FORMS["list"][:EXCEL_CELL_LIMIT]
    transcript = read_transcript(cell)
    loss = accounted(cell, transcript)
    out = (
        loss.characters_out
        + sum(loss.elsewhere.values())
        + sum(len("".join(text.split())) for text in loss.unassigned)
    )
    assert loss.characters_in + loss.added == out
    assert loss.lines_out == len(transcript.lines)


@pytest.mark.parametrize("form", ["[{at}] {who}: {said}", "{at} - {who}: {said}", "{who} ({at}): {said}"])
@pytest.mark.parametrize(
    ("days", "starts", "problem"),
    [
        (("03/04/2026", "05/04/2026"), (None, None), "timestamp-ambiguous-order"),
        (("03/04/2026", "25/04/2026"), (1775210400, 1777111200), None),
        (("04/03/2026", "04/25/2026"), (1775210400, 1777111200), None),
    ],
)  # fmt: skip
def test_dates_of_lines_alone_are_asked_about_as_those_of_a_column(
    tmp_path: Path, form: str, days: tuple[str, str], starts: tuple[int | None, ...], problem: str | None
) -> None:
    said = (
        ("Agent", "Hello, how can I help?"),
        ("Customer", "My line is down."),
        ("Agent", "I will mend it."),
    )
    calls = [
        {
            "Call ID": f"C-{100 + number}",
            "Agent Email": "ann@x.example",
            "Transcript": "\n".join(
                form.format(at=f"{day} 10:00:0{place}", who=who, said=text)
                for place, (who, text) in enumerate(said)
            ),
        }
        for number, day in enumerate(days)
    ]
    batch = reddy.Ledger(tmp_path / "ledger.sqlite").load(calls, timezone="UTC", progress=False)
    assert tuple(batch[row].timestamp for row in batch.calls().index) == starts
    codes = set(batch.findings()["code"])
    assert ("timestamp-ambiguous-order" in codes) is (problem is not None)
    assert "timestamp-missing" not in codes
