"""Real exports, read with the guessed mapping and no hand on it, against what their sources say."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from reddy_lib.errors import SheetError
from reddy_lib.model import to_payload
from reddy_lib.spreadsheet import BuiltCall, build_frame, guess_mapping, read_calls, read_sheet
from reddy_lib.transcripts import read_transcript

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not (SHARED / "score.py").exists(), reason="the shared data is not here")


def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", SHARED / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def expectation(folder: str, file: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((SHARED / folder / "expected.json").read_text(encoding="utf-8"))[
        "files"
    ][file]
    return facts


def products_of(expected: dict[str, Any]) -> list[dict[str, Any]]:
    names = sorted({call["product_id"] for call in expected["calls"]})
    return [{"id": number, "name": name, "status": "active"} for number, name in enumerate(names, start=100)]


def built_calls(path: Path, products: list[dict[str, Any]]) -> list[BuiltCall]:
    mapping = guess_mapping(read_sheet(path, nrows=1000), products=products).replace(timezone="UTC")
    return [built for piece in read_calls(path, mapping) for built in piece]


def misses(folder: str, file: str, *, reference: str = "", timing: bool = True) -> list[tuple[Any, ...]]:
    expected = expectation(folder, reference or file)
    if not timing:
        expected["calls"] = [{**call, "timed": []} for call in expected["calls"]]
    products = products_of(expected)
    names = {product["id"]: product["name"] for product in products}
    payloads = []
    for built in built_calls(SHARED / folder / file, products):
        payload = to_payload(built.call)
        payload["product_id"] = names.get(payload.get("product_id"), "")
        payloads.append(payload)
    counts, fails = scorer().score(expected, payloads)
    assert sum(counts.values()) > len(expected["calls"])
    return list(fails)


@pytest.mark.parametrize(
    "folder", ["all_calls", "harper_valley", "contoso_telecom", "woodgrove_helpdesk", "vcon"]
)
def test_workbooks_with_data_transcripts_are_read_without_a_miss(folder: str) -> None:
    assert misses(folder, "calls.xlsx") == []


@pytest.mark.parametrize(
    "folder", ["all_calls", "harper_valley", "contoso_telecom", "woodgrove_helpdesk", "vcon"]
)
def test_csv_files_with_labelled_text_are_read_without_a_miss(folder: str) -> None:
    assert misses(folder, "calls.csv", reference="calls.xlsx", timing=False) == []


@pytest.mark.parametrize(
    "folder", ["all_calls", "harper_valley", "contoso_telecom", "woodgrove_helpdesk", "vcon"]
)
def test_one_row_a_line_gives_the_same_calls_as_one_row_a_call(folder: str) -> None:
    """Scored against the one-row export; what the sheet of lines has no column for is not asked for."""
    path = SHARED / folder / "utterances.csv"
    expected = expectation(folder, "calls.xlsx")
    products = products_of(expected)
    sheet = read_sheet(path, nrows=1000)
    mapping = guess_mapping(sheet, products=products)
    assert mapping.layout == "lines"
    columns = {str(name).casefold() for name in sheet.columns}
    absent = {
        part: None
        for part, field in [
            ("agent", "agent_email"), ("product_id", "product_id"), ("audio", "filename"), ("timestamp", "timestamp"),
        ]
        if field not in mapping.fields
    }  # fmt: skip
    for call in expected["calls"]:
        call.update(absent, tags=[tag for tag in call.get("tags", []) if tag["key"].casefold() in columns])
        if "start" not in mapping.line_fields:
            call["timed"] = []
    names = {product["id"]: product["name"] for product in products}
    payloads = []
    for built in built_calls(path, products):
        payload = to_payload(built.call)
        payload["product_id"] = names.get(payload.get("product_id"), "")
        payloads.append(payload)
    counts, fails = scorer().score(expected, payloads)
    assert fails == []
    assert sum(counts.values()) > 5 * len(expected["calls"])


def spoken(built: BuiltCall) -> list[tuple[str, str]]:
    lines = [(line.role, " ".join(line.text.split())) for line in built.call.transcript or ()]
    return [line for line in lines if line[1]]


def test_every_line_of_every_call_is_the_same_in_both_exports() -> None:
    """Lines without text are in the workbook alone."""
    products = products_of(expectation("all_calls", "calls.xlsx"))
    excel = built_calls(SHARED / "all_calls" / "calls.xlsx", products)
    text = built_calls(SHARED / "all_calls" / "calls.csv", products)
    assert len(excel) == len(text) == 175
    compared = 0
    for one, other in zip(excel, text, strict=True):
        assert one.row == other.row
        lines = [spoken(one), spoken(other)]
        assert lines[0] == lines[1]
        compared += len(lines[0])
        assert one.call.timestamp == other.call.timestamp
        assert one.call.tags == other.call.tags
        assert one.call.product_id == other.call.product_id
    assert compared == sum(
        sum(call["lines"].values()) for call in expectation("all_calls", "calls.xlsx")["calls"]
    )


def letters(text: str) -> Counter[str]:
    return Counter(mark for mark in text if mark.isalpha())


@pytest.mark.parametrize(
    "folder", ["all_calls", "harper_valley", "contoso_telecom", "woodgrove_helpdesk", "vcon"]
)
def test_no_letter_of_a_real_transcript_is_lost_or_doubled(folder: str) -> None:
    for cell in read_sheet(SHARED / folder / "calls.csv").filter(regex="(?i)^transcript$").iloc[:, 0]:
        transcript = read_transcript(cell)
        placed = letters("".join(line.text for line in transcript.lines))
        for label, count in transcript.labels.items():
            placed += letters(label * count)
        for _, text in transcript.left_out:
            placed += letters(text)
        assert placed == letters(cell)


def test_headings_and_stage_directions_are_kept_in_place_and_mentioned_once() -> None:
    """They stand before the first speaker in many of these calls, and hold none of them back."""
    calls = built_calls(
        SHARED / "contoso_telecom" / "calls.csv", products_of(expectation("contoso_telecom", "calls.xlsx"))
    )
    assert len(calls) == 53
    for built in calls:
        assert all(line.role in ("agent", "customer") for line in built.call.transcript or ())
        assert sum(item.code == "aside-kept" for item in built.findings) <= 1
    assert sum(item.code == "aside-kept" for built in calls for item in built.findings) > 20
    assert not [item for built in calls for item in built.findings if item.code == "line-not-read"]


@pytest.mark.parametrize("file", ["calls.csv", "calls.xlsx", "calls_jsonlines.xlsx"])
def test_every_export_of_vcon_gives_the_same_lines(file: str) -> None:
    products = products_of(expectation("vcon", "calls.xlsx"))
    reference = built_calls(SHARED / "vcon" / "calls.xlsx", products)
    found = {
        built.call.conversation_id: built.call for built in built_calls(SHARED / "vcon" / file, products)
    }
    for built in reference:
        call = found[built.call.conversation_id]
        assert [(line.role, line.text) for line in call.transcript or ()] == [
            (line.role, line.text) for line in built.call.transcript or ()
        ]
        assert call.agent_email == built.call.agent_email
        assert call.product_id == built.call.product_id


def test_every_table_here_is_built_or_refused_with_a_sentence() -> None:
    tables = [
        path for kind in ("csv", "xlsx", "xls", "xlsb", "ods") for path in sorted(SHARED.rglob(f"*.{kind}"))
    ]
    refused: list[str] = []
    assert len(tables) > 20
    for path in tables:
        try:
            sheet = read_sheet(path, nrows=300)
        except SheetError as error:
            refused.append(str(error))
            continue
        mapping = guess_mapping(sheet)
        assert repr(mapping)
        built = list(build_frame(sheet, mapping))
        left_out = sheet.attrs.get("left_out") or {}
        assert sum(one.rows for one in built) == len(sheet) - len(left_out)
        assert {one.row for one in built} <= set(sheet.index) - set(left_out)
        for one in built:
            json.dumps(one.cells)
            assert one.call.conversation_id
    assert all(sentence.endswith(".") for sentence in refused)
    assert len(refused) < 5
