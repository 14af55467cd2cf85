"""Six exports, from strange to stranger: each goes from the drop zone to ready calls with at most three clicks."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xlsxwriter
from playwright.sync_api import Page, expect

import reddy_lib as reddy
from tests.browser.conftest import App

TALK = [
    ("agent", "Cedarline, good morning, how can I help you today?"),
    ("customer", "Hello, my card was declined at the supermarket."),
    ("agent", "I am sorry to hear that. May I have your name?"),
    ("customer", "Yes of course, it is Maria Lopez."),
]
AGENTS = ["ann@cedarline.example", "bo@cedarline.example", "cy@cedarline.example"]
LINES_HEAD = ["Call ID", "Line", "Speaker", "Text", "Start (s)"]


def said(number: int) -> list[tuple[str, str]]:
    return [(who, f"{text} ({number})") for who, text in TALK]


def title_rows_semicolons_and_cp1252(folder: Path) -> list[Path]:
    rows = ["Exporté le 3 mars;;;", ";;;", "Agent e-mail;Produit;Début;Transcription"]
    for number, agent in enumerate(AGENTS):
        talk = "\n".join(f"{who.capitalize()}: {text}" for who, text in said(number))
        rows.append(f'{agent};Cards hotline;2{number}/02/2026 10:00;"{talk} Très bien."')
    path = folder / "relevé.csv"
    path.write_bytes("\r\n".join(rows).encode("cp1252"))
    return [path]


def a_workbook_of_two_sheets(folder: Path) -> list[Path]:
    path = folder / "two_sheets.xlsx"
    with xlsxwriter.Workbook(path) as book:
        calls, lines = book.add_worksheet("Calls"), book.add_worksheet("Lines")
        calls.write_row(0, 0, ["Call ID", "Agent email", "Product", "Started"])
        lines.write_row(0, 0, LINES_HEAD)
        at = 1
        for number, agent in enumerate(AGENTS):
            calls.write_row(
                number + 1, 0, [f"C-{number}", agent, "Cards hotline", f"2026-02-2{number}T10:00:00Z"]
            )
            for place, (who, text) in enumerate(said(number)):
                lines.write_row(at, 0, [f"C-{number}", place + 1, who, text, place * 5])
                at += 1
    return [path]


def merged_cells_with_a_line_a_row(folder: Path) -> list[Path]:
    path = folder / "merged.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet, plain = book.add_worksheet("March"), book.add_format()
        sheet.write_row(0, 0, [*LINES_HEAD, "Agent email", "Product"])
        for number, agent in enumerate(AGENTS):
            first = 1 + number * len(TALK)
            for place, (who, text) in enumerate(said(number)):
                sheet.write_row(first + place, 1, [place + 1, who, text, place * 5])
            for column, text in ((0, f"C-{number}"), (5, agent), (6, "Cards hotline")):
                sheet.merge_range(first, column, first + len(TALK) - 1, column, text, plain)
    return [path]


def sheet_about_files(ending: str) -> str:
    rows = [f"rec_{number}{ending},{agent},Cards hotline" for number, agent in enumerate(AGENTS)]
    return "\n".join(["File,Agent email,Product", *rows])


def a_zip_of_vendor_json_and_a_sheet(folder: Path) -> list[Path]:
    path = folder / "vendor.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("about/calls.csv", sheet_about_files(".json"))
        for number in range(len(AGENTS)):
            utterances = [
                {"speaker": who, "transcript": text, "start": place * 5.0, "end": place * 5.0 + 4, "confidence": 0.9}
                for place, (who, text) in enumerate(said(number))
            ]  # fmt: skip
            archive.writestr(
                f"transcripts/rec_{number}.json", json.dumps({"results": {"utterances": utterances}})
            )
    return [path]


def several_vtt_files_and_a_sheet(folder: Path) -> list[Path]:
    (folder / "calls.csv").write_text(sheet_about_files(".vtt"))
    paths = [folder / "calls.csv"]
    for number in range(len(AGENTS)):
        cues = [
            f"00:00:{place * 5:02}.000 --> 00:00:{place * 5 + 4:02}.000\n<v {who.capitalize()}>{text}</v>\n"
            for place, (who, text) in enumerate(said(number))
        ]
        paths.append(folder / f"rec_{number}.vtt")
        paths[-1].write_text("\n".join(["WEBVTT\n", *cues]))
    return paths


def json_lines(folder: Path) -> list[Path]:
    path = folder / "calls.jsonl"
    records: list[dict[str, Any]] = [
        {
            "agent_email": agent, "product": "Cards hotline", "started": f"2026-02-2{number}T10:00:00Z",
            "transcript": [{"role": who, "text": text} for who, text in said(number)],
        }
        for number, agent in enumerate(AGENTS)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return [path]


EXPORTS = [
    title_rows_semicolons_and_cp1252,
    a_workbook_of_two_sheets,
    merged_cells_with_a_line_a_row,
    a_zip_of_vendor_json_and_a_sheet,
    several_vtt_files_and_a_sheet,
    json_lines,
]
MOST_CLICKS = 3


def test_six_exports_from_drop_to_ready_with_at_most_three_clicks(
    page: Page, app: App, tmp_path: Path
) -> None:
    ledger = reddy.Ledger(app.ledger)
    for make in EXPORTS:
        clicks = drop_and_store(page, app, make, tmp_path)
        assert clicks <= MOST_CLICKS, make.__name__
        batch = ledger.batch(ledger.batches()["id"].iloc[0])
        counts = {status: count for status, count in batch.counts().items() if count}
        assert counts == {"ready": len(AGENTS)}, make.__name__
        calls = [batch.call(row) for row in batch.rows()]
        assert sorted(str(call.agent_email) for call in calls) == AGENTS, make.__name__
        for call in calls:
            lines = call.transcript or []
            assert [line.role for line in lines] == [who for who, _ in TALK], make.__name__
            assert [line.text.split(" (")[0] for line in lines] == [text for _, text in TALK], make.__name__
    assert "Traceback" not in app.log.read_text()


def drop_and_store(page: Page, app: App, make: Callable[[Path], list[Path]], tmp_path: Path) -> int:
    """Drop an export and store it; gives the clicks that took."""
    folder = tmp_path / make.__name__
    folder.mkdir()
    page.goto(f"{app.url}/load")
    expect(page.get_by_role("button", name="Everything wrong")).to_be_visible()
    page.set_input_files('input[type="file"]', make(folder))
    store = page.get_by_role("button", name=re.compile(f"^Store {len(AGENTS)} calls"))
    expect(store).to_be_visible()
    expect(page.get_by_text(re.compile(f"{len(AGENTS)} of {len(AGENTS)} (row|call)s"))).to_be_visible()
    store.click()
    page.wait_for_url(re.compile("/review"))
    expect(page.get_by_role("button", name=re.compile(f"Send {len(AGENTS)} ready"))).to_be_visible()
    return 1


def test_the_same_columns_again_are_mapped_as_in_the_profile_and_need_one_click(
    page: Page, app: App, tmp_path: Path
) -> None:
    rows = [
        "Who;What;When",
        "ann@cedarline.example;Rep: Hello there.\\nClient: Hi, it is me.;2026-02-20T10:00:00Z",
        "bo@cedarline.example;Rep: Hello there.\\nClient: My card is gone.;2026-02-20T11:00:00Z",
    ]
    path = tmp_path / "march_export.csv"
    path.write_text("\n".join(rows))
    page.goto(f"{app.url}/load")
    page.set_input_files('input[type="file"]', path)
    page.get_by_role("radio", name="Cards hotline").click()
    expect(page.get_by_text(re.compile("2 of 2 rows"))).to_be_visible()
    page.get_by_role("button", name="Store 2 calls").click()
    page.wait_for_url(re.compile("/review"))

    path = tmp_path / "april_export.csv"
    path.write_text("\n".join(rows).replace("Hello there", "Good day to you"))
    page.goto(f"{app.url}/load")
    page.set_input_files('input[type="file"]', path)
    expect(page.get_by_text("Mapped as in the profile march_export")).to_be_visible()
    expect(page.get_by_text(re.compile("2 of 2 rows"))).to_be_visible()
    page.get_by_role("button", name="Forget this profile").click()
    expect(page.get_by_text(re.compile("0 of 2 rows"))).to_be_visible()
    expect(page.get_by_text("Mapped as in the profile")).to_have_count(0)


def test_bare_transcript_files_are_stored_as_ready_with_three_clicks_and_an_email(
    page: Page, app: App, tmp_path: Path
) -> None:
    files = [tmp_path / f"talk_{number}.vtt" for number in range(2)]
    for number, file in enumerate(files):
        file.write_text(
            f"WEBVTT\n\n00:00.000 --> 00:02.000\n<v Agent>Good morning, call {number}.\n\n"
            "00:03.000 --> 00:05.000\n<v Customer>I lost my card.\n"
        )
    page.goto(f"{app.url}/load")
    page.set_input_files('input[type="file"]', files)
    page.get_by_role("textbox", name="Agent's email for all calls").click()  # one
    page.keyboard.type("ann@cedarline.example")
    page.get_by_role("radio", name="Loans").click()  # two; leaving the field takes the email
    expect(page.get_by_text(re.compile("2 of 2 rows"))).to_be_visible()
    page.get_by_role("button", name="Store 2 calls").click()  # three
    page.wait_for_url(re.compile("/review"))
    expect(page.get_by_role("button", name=re.compile("Send 2 ready"))).to_be_visible()
