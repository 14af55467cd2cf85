"""The sample sheets: they are what their script makes, read without trouble, and show every finding there is."""

from __future__ import annotations

import csv
import importlib.util
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from reddy_lib.batches.decisions import Decisions, Unassigned, open_findings
from reddy_lib.checks import check
from reddy_lib.findings import CATALOGUE, Finding
from reddy_lib.model import Call, Tag, payload_json
from reddy_lib.sandbox.rules import DEFAULT_PRODUCTS, Refusal, read_create
from reddy_lib.spreadsheet import BuiltCall, Mapping, build_frame, guess_mapping, read_sheet, sheet_names

DATA = Path(__file__).resolve().parents[1] / "data"
SAMPLES = ("labelled_text.csv", "json_transcripts.xlsx", "everything_wrong.csv")
PRODUCTS = [dict(product) for product in DEFAULT_PRODUCTS]
NOW = datetime(2026, 11, 1, tzinfo=UTC).timestamp()


@cache
def the_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_samples", DATA / "make_samples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_samples"] = module
    spec.loader.exec_module(module)
    return module


def guessed(name: str) -> tuple[Any, Mapping]:
    sheet = read_sheet(DATA / name)
    return sheet, guess_mapping(sheet, products=PRODUCTS)


def built(name: str, **changes: Any) -> list[BuiltCall]:
    sheet, mapping = guessed(name)
    return list(build_frame(sheet, mapping.replace(**changes)))


def findings_of(call: BuiltCall) -> list[Finding]:
    texts = [Unassigned(number, *one) for number, one in enumerate(call.placed.unassigned, 1)]
    return [*call.findings, *open_findings(texts, Decisions()), *check(call.call, products=PRODUCTS, now=NOW)]


def codes_of(calls: list[BuiltCall]) -> set[str]:
    """All codes over a whole sheet, with the one that the ledger adds: a conversation that occurs twice."""
    codes = {one.code for call in calls for one in findings_of(call)}
    keys = Counter((call.call.conversation_id, call.call.agent_email) for call in calls)
    return codes | ({"conversation-duplicate"} if max(keys.values()) > 1 else set())


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def cells(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file)


# --- the files ---------------------------------------------------------------------------------------------


def test_the_files_are_what_the_script_makes(tmp_path: Path) -> None:
    made = the_script().main(tmp_path)
    assert [path.name for path in made] == list(SAMPLES)
    for path in made:
        if path.suffix == ".xlsx":  # its parts, because how they are compressed differs between machines
            assert members(path) == members(DATA / path.name)
        else:
            assert path.read_bytes() == (DATA / path.name).read_bytes()


@pytest.mark.parametrize("name", SAMPLES)
def test_each_file_is_small(name: str) -> None:
    assert (DATA / name).stat().st_size < 100_000


def test_nobody_in_the_samples_can_be_reached() -> None:
    """Whatever looks like an address ends in a domain that is reserved for examples."""
    script = the_script()
    addresses = [*script.AGENTS.values(), script.INACTIVE_AGENT]
    addresses += [row[1] for row in cells(DATA / "labelled_text.csv")][1:]
    addresses += [row[2] for row in cells(DATA / "everything_wrong.csv") if "@" in row[2]]
    assert len(addresses) > 80
    assert all(address.endswith("@cedarline.example") for address in addresses)


def test_every_queue_of_the_script_is_a_product_of_the_sandbox() -> None:
    script = the_script()
    status = {product["name"]: product["status"] for product in PRODUCTS}
    assert [status[queue] for queue in script.QUEUES] == ["active"] * 4
    assert status[script.INACTIVE_PRODUCT] == "inactive"


@pytest.mark.parametrize("queue", ["Cards hotline", "Loans", "Technical support", "Retention"])
def test_every_dialogue_has_between_six_and_twenty_five_lines_and_both_sides(queue: str) -> None:
    script = the_script()
    templates = script.TEMPLATES[queue]
    assert len(templates) == 3
    for template in templates:
        roles = [line.strip().removeprefix("? ").split(" ", 1)[0] for line in template.splitlines()]
        needed = [line for line in template.splitlines() if not line.strip().startswith("? ")]
        assert set(roles) == {"agent", "customer"}
        assert 6 <= len(needed) <= len(roles) <= 25


# --- the two good sheets -----------------------------------------------------------------------------------


def test_the_labelled_text_is_mapped_by_its_headers() -> None:
    _, mapping = guessed("labelled_text.csv")
    assert mapping.fields == {
        "agent_email": "Rep E-mail",
        "product_id": "Queue",
        "transcript": "Dialogue",
        "timestamp": "Started",
        "conversation_id": "Case no",
    }
    assert mapping.tags == ["CSAT", "Resolved", "Account", "Note"]


def test_the_labelled_text_has_nothing_to_fix() -> None:
    calls = built("labelled_text.csv")
    assert len(calls) == 40
    assert codes_of(calls) == {"times-estimated"}


def test_the_first_case_of_the_labelled_text_arrives_as_it_is_written() -> None:
    header, row, *_ = cells(DATA / "labelled_text.csv")
    assert header[0] == "Case no"
    (call, *_) = built("labelled_text.csv", timezone="UTC")
    said = [line.split("] ", 1)[-1].split(": ", 1) for line in row[4].split("\n")]
    assert [[line.role, line.text] for line in call.call.transcript or ()] == [
        [label.lower(), text] for label, text in said
    ]
    tags = {tag.key: (str(tag.value), tag.type) for tag in call.call.tags or ()}
    assert call.call.conversation_id == row[0] == "0041730"
    assert tags["Account"] == (row[7], "string")
    started = datetime.strptime(row[3], "%d/%m/%Y %H:%M").replace(tzinfo=UTC)
    assert call.call.timestamp == started.timestamp()
    assert call.product_name == row[2]


def test_notes_that_look_like_formulas_stay_text() -> None:
    tags = [tag for call in built("labelled_text.csv") for tag in call.call.tags or () if tag.key == "Note"]
    assert Tag("Note", "=2+2", "string") in tags
    assert Tag("Note", "+2 reminders", "string") in tags


def test_a_csat_of_nought_survives() -> None:
    for name in ("labelled_text.csv", "json_transcripts.xlsx"):
        tags = [tag for call in built(name) for tag in call.call.tags or () if tag.key == "CSAT"]
        assert Tag("CSAT", 0, "integer") in tags, name


def test_the_excel_file_has_its_header_below_a_title_and_a_second_sheet() -> None:
    sheet = read_sheet(DATA / "json_transcripts.xlsx")
    assert sheet_names(DATA / "json_transcripts.xlsx") == ["Calls", "Notes"]
    assert sheet.index[0] == 4
    assert list(sheet.columns[:5]) == ["Call ID", "Agent email", "Product", "Call start", "Transcript"]


def test_the_excel_file_has_nothing_to_fix() -> None:
    calls = built("json_transcripts.xlsx")
    assert len(calls) == 60
    assert codes_of(calls) == set()


def test_seconds_and_milliseconds_of_the_excel_file_come_out_as_seconds() -> None:
    for call in built("json_transcripts.xlsx"):
        last = (call.call.transcript or [])[-1].stop
        assert last is not None
        assert 20 < last < 180, call.row


def test_the_tags_of_the_excel_file_have_the_types_of_its_cells() -> None:
    types = {(tag.key, tag.type) for call in built("json_transcripts.xlsx") for tag in call.call.tags or ()}
    assert types == {
        ("First contact", "boolean"),
        ("CSAT", "integer"),
        ("Holds", "integer"),
        ("Complaint", "boolean"),
        ("Customer no", "string"),
        ("Language", "string"),
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_what_passes_the_checks_is_taken_by_the_sandbox_but_for_the_inactive_agent(name: str) -> None:
    refused = []
    for call in built(name, timezone="Europe/London"):
        if any(one.severity == "error" for one in findings_of(call)):
            continue
        try:
            read_create(
                payload_json(call.call), products={product["id"] for product in PRODUCTS}, agents=None
            )
        except Refusal as refusal:
            refused.append((call.call.agent_email, refusal.words))
    script = the_script()
    assert refused == ([(script.INACTIVE_AGENT, "invalid agent")] if name == "everything_wrong.csv" else [])


def test_case_numbers_may_be_chosen_as_conversations_and_keep_their_zeros() -> None:
    sheet, mapping = guessed("labelled_text.csv")
    fields = {**mapping.fields, "conversation_id": "Case no"}
    first = next(build_frame(sheet, mapping.replace(fields=fields, tags=["CSAT"])))
    assert first.call.conversation_id == "0041730"


# --- everything wrong --------------------------------------------------------------------------------------

BY_HAND = {
    "lines-left-out",
    "timestamp-ambiguous",
    "tag-value-mismatch",
    "tag-type-unknown",
    "tag-key-missing",
    "tag-duplicate",
}
"""What the guessed mapping does not show: a choice when loading, or an edit, brings each of these about."""

OF_LAYOUTS = {
    "rows-left-out",
    "row-hidden",
    "columns-hidden",
    "table-rebuilt",
    "table-beside",
    "sheets-alike",
    "header-missing",
    "nul-removed",
    "characters-replaced",
    "control-characters",
    "rows-scattered",
    "cells-differ",
    "lines-without-call",
    "lines-kept-as-tag",
    "file-name-not-matched",
    "correction-recording",
    "correction-refused",
    "correction-unknown",
    "quotes-mended",
    "encoding-unclear",
    "text-misread",
    "quote-unclosed",
    "product-renamed",
}
"""What only sheets with footers, with NUL characters, or with one row a line, bring about, or choices other than these,
or what corrects calls that the ledger already holds."""

OF_COLUMNS = {
    "timestamp-without-clock",
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
}
"""What a whole column of dates shows, and the sample has a date of every kind in one: see test_date_columns.py."""

OF_DATA = {
    "lines-reordered",
    "pace-implausible",
    "speech-doubtful",
    "unit-from-pace",
    "unit-unclear",
    "lines-order-assumed",
    "agent-email-from-transcript",
}
"""What transcripts that are data bring about: tests/transcripts/test_turn_keys.py and the files beside it show them."""
OF_LAYOUTS |= OF_DATA

OF_IDS = {
    "conversation-id-placeholder",
    "conversation-sent-corrected",
    "conversation-sent-under-other-id",
    "personal-data-held",
    "mask-still-heard",
    "conversation-sent-with-other-words",
    "lines-without-id",
    "id-digits-rounded",
    "id-digits-lost",
    "tag-digits-lost",
    "conversation-id-made-up",
}
"""The sample's ids are all real, and a sheet alone has sent and masked nothing: tests/sending/test_identity.py shows
both. It has a column of ids: tests/spreadsheet/test_transcript_start.py has one without."""

OF_SPEAKERS = {
    "role-from-batch",
    "role-by-elimination",
    "one-side-silent",
    "one-side-silent-short",
    "side-has-several-speakers",
}
"""The labels of the sample prove both sides, and its transcripts hold speech: tests/transcripts/test_sides.py and
test_styles.py show these."""

OF_RECORDINGS = {
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
"""What only the recordings themselves tell, which lie beside a sheet and not in it."""

CHOICES: dict[str, Any] = {
    "roles": {"ivr": "leave out"},
    "timezone": "Europe/London",
    "tag_types": {"CSAT": "integer"},
}


def test_the_guessed_mapping_shows_every_finding_that_needs_no_choice() -> None:
    assert (
        codes_of(built("everything_wrong.csv")) - {"timestamp-zone-assumed"}  # no zone is chosen there
        == set(CATALOGUE) - OF_LAYOUTS - OF_SPEAKERS - OF_COLUMNS - OF_IDS - OF_RECORDINGS - BY_HAND
    )


def test_choices_when_loading_show_the_rest_but_for_tags_that_no_sheet_can_make() -> None:
    assert codes_of(built("everything_wrong.csv", **CHOICES)) == set(
        CATALOGUE
    ) - OF_LAYOUTS - OF_SPEAKERS - OF_COLUMNS - OF_IDS - OF_RECORDINGS - {
        "tag-type-unknown",
        "tag-key-missing",
        "tag-duplicate",
    }


def test_edited_tags_show_the_last_ones() -> None:
    """A sheet's columns have names, each its own, and types that Reddy knows; somebody who edits may differ."""
    calls = built("everything_wrong.csv", **CHOICES)
    call = calls[0].call
    tags = [
        *(call.tags or ()),
        Tag("CSAT", 5, "integer"),
        Tag("", "x", "string"),
        Tag("Score", "4.5", "float"),
    ]
    calls[0] = msgspec.structs.replace(calls[0], call=msgspec.structs.replace(call, tags=tags))
    assert codes_of(calls) == set(CATALOGUE) - OF_LAYOUTS - OF_SPEAKERS - OF_COLUMNS - OF_IDS - OF_RECORDINGS


EXPECTED = {
    "Nothing: a call in order": set(),
    "Nothing: umlauts and accents are fine": set(),
    "Nothing: a CSAT of 0 is an answer too": set(),
    "Nothing here, but Reddy will refuse it: the agent is not active there": set(),
    "Agent email is missing": {"agent-email-missing"},
    "Agent email is a name": {"agent-email-invalid"},
    "Agent email has two @ signs": {"agent-email-invalid"},
    "Product is missing": {"product-missing"},
    "Product has a name that no list has": {"product-unknown"},
    "Product has a number that no list has": {"product-unknown"},
    "Product is not active": {"product-inactive"},
    "No transcript and no recording": {"transcript-missing"},
    "A recording and no transcript": {"recording-not-sent"},
    "A recording beside a transcript: not redacted then": {"recording-with-transcript"},
    "Transcript is JSON that breaks off": {"transcript-unreadable", "role-unknown"},
    "Transcript does not say who speaks": {"transcript-no-speakers", "role-unknown"},
    "Transcript was cut off by Excel at 32,767 characters": {"transcript-cut"},
    "A line has no speaker": {"line-without-speaker"},
    "Text before the first speaker": {"line-not-read", "role-unknown"},
    "A heading and a stage direction": {"aside-kept", "not-spoken"},
    "Names instead of roles: the agent's email says who is who": {"role-from-name"},
    "Agent and customer are swapped": {"roles-swapped"},
    "Announcements by the IVR": {"lines-left-out"},
    "A role that Reddy does not know": {"role-unknown"},
    "A line without text": {"text-empty"},
    "A time that is a word": {"time-unreadable"},
    "A time before the call": {"time-negative"},
    "A line starts after it stops": {"start-after-stop"},
    "Times are in milliseconds": {"times-in-milliseconds"},
    "Lines are not in order": {"lines-out-of-order"},
    "No times at all: they are estimated": {"times-estimated"},
    "Start time is missing": {"timestamp-missing"},
    "Start time is a word": {"timestamp-unreadable"},
    "Start time is in milliseconds": {"timestamp-in-milliseconds"},
    "Start time happens twice in London: clocks went back": {"timestamp-ambiguous"},
    "Start time is in the future": {"timestamp-in-future"},
    "Start time is before 2000": {"timestamp-implausible"},
    "The same call twice, first": set(),
    "The same call twice, second": set(),
    "Speaker separation is not one that Reddy has": {"speaker-invalid"},
    "Both channels are the agent's": {"speaker-invalid"},
    "CSAT is a word": {"tag-value-mismatch"},
    "A cell more than the header has": {"row-incomplete"},
    "A cell that looks like a formula is text": set(),
    "Transcript is JSON with a bracket too many": {"transcript-mended"},
    "Start time is in the transcript alone": {"timestamp-from-transcript"},
    "Transcript is JSON that Excel cut off at 32,767 characters": {
        "transcript-cut-in-json",
        "transcript-cut",
        "role-unknown",
    },
    "A remark that nobody knows stands beside the lines": {"transcript-unassigned"},
    "A summary stands beside the lines": {"text-beside-lines"},
    "Speakers have numbers: the greeting says who is who": {"role-from-greeting"},
}

BESIDE = {"times-estimated", "product-missing", "timestamp-missing"}
"""What a row may show beside its fault: text without times has estimates, and what could not be read is missing."""


def test_each_row_has_the_fault_that_it_names_and_no_other() -> None:
    calls = built("everything_wrong.csv", **CHOICES)
    shown = {call.cells["What is wrong"]: {one.code for one in findings_of(call)} for call in calls}
    assert list(shown) == list(EXPECTED)
    for what, expected in EXPECTED.items():
        assert expected <= shown[what] <= expected | BESIDE, what


def test_the_messages_of_the_faulty_rows_say_where_and_what() -> None:
    """Read like a page of the report: a sentence for each, and those of a line name a line that there is."""
    for call in built("everything_wrong.csv", **CHOICES):
        for one in findings_of(call):
            assert len(one.message.split()) >= 4, one
            if one.line is not None and one.field in ("role", "text", "start", "stop"):
                assert 1 <= one.line <= len(call.call.transcript or ())


def test_the_agent_whom_the_sandbox_refuses_passes_the_checks() -> None:
    (call,) = [
        call for call in built("everything_wrong.csv") if (call.call.agent_email or "").startswith("inactive")
    ]
    assert isinstance(call.call, Call)
    assert not [one for one in findings_of(call) if one.severity == "error"]
