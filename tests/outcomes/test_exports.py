"""Outcomes as CSV and XLSX: what a spreadsheet program finds in the file, and what never gets into it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from functools import partial
from typing import Any

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from reddy_lib.outcomes.exports import CELL_LIMIT, to_csv, to_xlsx
from reddy_lib.outcomes.frames import COLUMNS
from tests.outcome_frames import outcomes as frame_of

HEADERS = [
    "row",
    "status",
    "conversation_id",
    "agent_email",
    "product_id",
    "timestamp (UTC)",
    "upload_id",
    "http_status",
    "error",
    "attempts",
    "seconds",
    "started (UTC)",
    "ended (UTC)",
    "submission",
    "audio",
]

outcomes = partial(
    frame_of,
    upload_id=9001,
    http_status=200,
    seconds=0.25,
    started="2026-03-31T08:00:00Z",
    ended="2026-03-31T08:00:00.250Z",
    submission="s-1",
)


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(content: bytes, sheet: int = 0) -> list[list[Any]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return book.get_sheet_by_index(sheet).to_python(skip_empty_area=False)


def part(content: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


class TestCsv:
    def test_starts_with_the_mark_by_which_excel_knows_utf8(self):
        content = to_csv(outcomes({"error": "Zeitüberschreitung, 会話 🎧"}))
        assert content.startswith(b"\xef\xbb\xbf")
        assert read_csv(content)[1][8] == "Zeitüberschreitung, 会話 🎧"

    def test_writes_one_line_a_call_with_plain_numbers_and_utc_times(self):
        content = to_csv(outcomes({"status": "rejected", "error": 'said "no", twice'}))
        assert content.decode("utf-8-sig") == (
            ",".join(f'"{header}"' for header in HEADERS)
            + "\r\n"
            + '2,"rejected","conv-1","ann@example.org",7,"2026-03-30 16:46:00",9001,200,'
            + '"said ""no"", twice",1,0.25,"2026-03-31 08:00:00","2026-03-31 08:00:00.250","s-1","none"\r\n'
        )

    def test_what_is_not_given_is_empty(self):
        frame = outcomes(
            {
                "product_id": None,
                "timestamp": None,
                "upload_id": None,
                "http_status": None,
                "seconds": None,
                "started": None,
                "ended": None,
                "agent_email": None,
            }
        )
        assert read_csv(to_csv(frame))[1] == [
            "2", "accepted", "conv-1", "", "", "", "", "", "", "1", "", "", "", "s-1", "none"
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "text",
        [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1+1",
            " =1+1",
            "\u00a0=cmd|' /C calc'!A0",
            '=HYPERLINK("https://evil.example","ok")',
        ],
    )
    @pytest.mark.parametrize("column", ["error", "agent_email", "conversation_id", "submission", "status"])
    def test_text_that_would_run_as_a_formula_gets_a_quote_in_front(self, column: str, text: str):
        written = read_csv(to_csv(outcomes({column: text})))[1][HEADERS.index(column)]
        assert written == "'" + text

    def test_text_that_is_no_formula_stays_as_it_is(self):
        for text in ("a=b", "1-2", "ann@example.org", "'quoted'", " two ", "0012"):
            assert read_csv(to_csv(outcomes({"error": text})))[1][8] == text

    def test_negative_numbers_stay_numbers(self):
        frame = outcomes({"seconds": -0.5, "product_id": -7})
        line = to_csv(frame).decode("utf-8-sig").splitlines()[1]
        assert ",-7," in line
        assert ",-0.5," in line

    def test_all_text_is_quoted_so_that_a_semicolon_never_starts_a_cell(self):
        line = to_csv(outcomes({"error": "no;=1+1"})).decode("utf-8-sig").splitlines()[1]
        assert '"no;=1+1"' in line

    def test_keeps_the_order_of_the_frame(self):
        frame = outcomes({}, {}, {}).iloc[[2, 0, 1]]
        assert [line[0] for line in read_csv(to_csv(frame))[1:]] == ["4", "2", "3"]

    def test_line_breaks_stay_inside_their_cell(self):
        lines = read_csv(to_csv(outcomes({"error": "first\r\nsecond\nthird"}, {})))
        assert len(lines) == 3
        assert lines[1][8] == "first\nsecond\nthird"

    def test_control_characters_and_halves_of_characters_become_visible(self):
        frame = outcomes({}).assign(error=pd.Series(["a\x00b\x1bc\ud800d\uffffe"], index=[2], dtype=object))
        assert read_csv(to_csv(frame))[1][8] == "a\ufffdb\ufffdc\ufffdd\ufffde"

    def test_without_calls_there_is_the_header(self):
        assert read_csv(to_csv(outcomes())) == [HEADERS]
        assert read_csv(to_csv(pd.DataFrame())) == [HEADERS]

    def test_is_read_back_by_pandas_with_the_same_numbers(self):
        frame = outcomes({"upload_id": 2**53 + 1}, {"seconds": 1 / 3})
        back = pd.read_csv(io.BytesIO(to_csv(frame)), encoding="utf-8-sig")
        assert back["upload_id"].tolist() == [2**53 + 1, 9001]
        assert back["seconds"].tolist() == [0.25, 1 / 3]


class TestXlsx:
    def test_numbers_are_numbers_and_times_are_dates(self):
        header, line = read_xlsx(to_xlsx(outcomes({})))
        assert header == HEADERS
        assert line == [
            2.0,
            "accepted",
            "conv-1",
            "ann@example.org",
            7.0,
            dt.datetime.fromisoformat("2026-03-30 16:46:00"),
            9001.0,
            200.0,
            "",
            1.0,
            0.25,
            dt.datetime.fromisoformat("2026-03-31 08:00:00"),
            dt.datetime.fromisoformat("2026-03-31 08:00:00.250"),
            "s-1",
            "none",
        ]

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\t=1", "{=1}", '=HYPERLINK("https://x.y")'])
    def test_a_formula_is_written_as_the_text_it_is(self, text: str):
        content = to_xlsx(outcomes({"error": text, "agent_email": text}))
        assert read_xlsx(content)[1][8] == text
        assert read_xlsx(content)[1][3] == text
        assert "<f>" not in part(content, "xl/worksheets/sheet1.xml")

    def test_a_formula_stays_text_when_somebody_edits_its_cell(self):
        assert 'quotePrefix="1"' in part(to_xlsx(outcomes({"error": "=1+1"})), "xl/styles.xml")

    def test_addresses_do_not_become_links(self):
        content = to_xlsx(
            outcomes({"error": "see https://example.org", "agent_email": "mailto:ann@example.org"})
        )
        assert "hyperlink" not in part(content, "xl/worksheets/sheet1.xml")
        assert read_xlsx(content)[1][3] == "mailto:ann@example.org"

    def test_digits_in_text_stay_text(self):
        assert read_xlsx(to_xlsx(outcomes({"conversation_id": "00120"})))[1][2] == "00120"

    def test_a_number_that_excel_would_round_is_written_as_text(self):
        assert read_xlsx(to_xlsx(outcomes({"upload_id": 1234567890123456789})))[1][6] == "1234567890123456789"

    def test_the_header_is_frozen_and_can_filter(self):
        sheet = part(to_xlsx(outcomes({}, {})), "xl/worksheets/sheet1.xml")
        assert re.search(r'<pane ySplit="1" topLeftCell="A2"[^>]*state="frozen"', sheet)
        assert '<autoFilter ref="A1:O3"' in sheet

    def test_columns_are_as_wide_as_what_they_hold(self):
        sheet = part(to_xlsx(outcomes({})), "xl/worksheets/sheet1.xml")
        widths = [
            float(width)
            for first, last, width in re.findall(r'<col min="(\d+)" max="(\d+)" width="([\d.]+)"', sheet)
            for _ in range(int(first), int(last) + 1)
        ]
        assert len(widths) == len(HEADERS)
        for header, width in zip(HEADERS, widths, strict=True):
            assert width >= min(len(header), 12), header
        assert widths[HEADERS.index("timestamp (UTC)")] >= len("2026-03-30 16:46:00")
        assert widths[HEADERS.index("error")] > widths[HEADERS.index("agent_email")]

    def test_keeps_the_order_of_the_frame(self):
        frame = outcomes({}, {}, {}).iloc[[2, 0, 1]]
        assert [line[0] for line in read_xlsx(to_xlsx(frame))[1:]] == [4, 2, 3]

    def test_characters_that_a_workbook_cannot_hold_become_visible(self):
        frame = outcomes({}).assign(error=pd.Series(["a\x00b\x0bc\ufffed\ud83de"], index=[2], dtype=object))
        assert read_xlsx(to_xlsx(frame))[1][8] == "a\ufffdb\ufffdc\ufffdd\ufffde"

    def test_text_that_looks_like_an_escape_stays_as_it_is(self):
        assert read_xlsx(to_xlsx(outcomes({"error": "_x0041_ & <b>"})))[1][8] == "_x0041_ & <b>"

    def test_a_text_that_just_fits_is_whole(self):
        text = "x" * CELL_LIMIT
        assert read_xlsx(to_xlsx(outcomes({"error": text})))[1][8] == text

    def test_a_longer_text_is_cut_and_says_so(self):
        written = read_xlsx(to_xlsx(outcomes({"error": "x" * 40_000})))[1][8]
        assert len(written) == CELL_LIMIT
        assert written.endswith("x… [cut: 40,000 characters]")

    def test_an_emoji_counts_as_the_two_units_that_excel_counts(self):
        assert read_xlsx(to_xlsx(outcomes({"error": "🎧" * 16_383})))[1][8] == "🎧" * 16_383
        written = read_xlsx(to_xlsx(outcomes({"error": "🎧" * 16_384})))[1][8]
        assert written.endswith("🎧… [cut: 16,384 characters]")
        assert len(written.encode("utf-16-le")) // 2 <= CELL_LIMIT

    def test_a_time_before_the_calendar_of_excel_is_written_as_text(self):
        line = read_xlsx(to_xlsx(outcomes({"timestamp": "1850-01-02T03:04:05Z"})))[1]
        assert line[5] == "1850-01-02 03:04:05"

    def test_a_number_that_is_none_is_written_as_text(self):
        assert read_xlsx(to_xlsx(outcomes({"seconds": float("inf")})))[1][10] == "inf"

    def test_times_in_another_zone_are_turned_to_utc(self):
        frame = outcomes({})
        frame["timestamp"] = frame["timestamp"].dt.tz_convert("Europe/Vienna")
        assert read_xlsx(to_xlsx(frame))[1][5] == dt.datetime.fromisoformat("2026-03-30 16:46:00")
        frame["timestamp"] = frame["timestamp"].astype(object)
        assert read_csv(to_csv(frame))[1][5] == "2026-03-30 16:46:00"

    def test_without_calls_there_is_the_header(self):
        assert read_xlsx(to_xlsx(outcomes())) == [HEADERS]

    def test_what_does_not_fit_on_a_sheet_goes_on_to_the_next(self):
        content = to_xlsx(outcomes({}, {}, {}), rows_a_sheet=2)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        assert book.sheet_names == ["Outcomes", "Outcomes 2"]
        assert [line[0] for line in read_xlsx(content)] == ["row", 2, 3]
        assert [line[0] for line in read_xlsx(content, 1)] == ["row", 4]


class TestSecrets:
    def test_only_the_columns_of_an_outcomes_frame_are_written(self):
        frame = outcomes({}).assign(
            upload_url="https://storage.example/put?sig=SECRET", token="SECRET", headers="Bearer SECRET"
        )
        assert read_csv(to_csv(frame))[0] == HEADERS
        assert b"SECRET" not in to_csv(frame)
        with zipfile.ZipFile(io.BytesIO(to_xlsx(frame))) as archive:
            assert not any(b"SECRET" in archive.read(name) for name in archive.namelist())

    def test_none_of_these_columns_is_made_for_secrets(self):
        assert not [column for column in COLUMNS if re.search("url|token|secret|key|header|payload", column)]

    @pytest.mark.parametrize(
        ("said", "written"),
        [
            ("PUT https://storage.example/a?sig=S3CRET failed", "PUT https://storage.example/a?… failed"),
            ("see https://example.org/x#S3CRET.", "see https://example.org/x?…"),
            ("Authorization: Bearer S3CRET-S3CRET is wrong", "Authorization: Bearer … is wrong"),
            ("see https://example.org/help", "see https://example.org/help"),
        ],
    )
    def test_in_words_of_the_server_queries_and_bearer_tokens_are_blanked(self, said: str, written: str):
        frame = outcomes({"status": "rejected", "error": said})
        assert read_csv(to_csv(frame))[1][8] == written
        assert read_xlsx(to_xlsx(frame))[1][8] == written

    def test_the_frame_stays_as_it_was(self):
        frame = outcomes({"error": "=1+1"}, {"product_id": None})
        before = frame.copy(deep=True)
        to_csv(frame)
        to_xlsx(frame)
        pd.testing.assert_frame_equal(frame, before)
