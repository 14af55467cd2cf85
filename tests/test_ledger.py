"""The ledger keeps what was loaded and edited, finds it again, and fails with a sentence. SQLite and PostgreSQL."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.call_rows import carried_findings, changes, merged
from reddy_lib.batches.frames import outcomes_frame, utc
from reddy_lib.database.bulk import pieces
from reddy_lib.database.database import default_location
from reddy_lib.database.migrations import FIRST_VERSION, MIGRATIONS, latest_version
from reddy_lib.database.schema import (
    EDITABLE,
    LOCKED,
    SENDABLE,
    STATUSES,
    batches,
    schema_versions,
)
from reddy_lib.errors import CallLocked, LedgerTooNew, LedgerUnavailable, LoadCancelled, NotInLedger
from reddy_lib.findings import finding
from reddy_lib.identity import call_key
from reddy_lib.model import to_payload
from reddy_lib.sending.results import Attempt
from reddy_lib.sending.submission import create
from reddy_lib.sending.workers import new_worker
from tests.sending.exchanging import exchange

Sheet = Callable[..., Path]

PRODUCTS: list[dict[str, Any]] = [
    {"id": 1, "name": "Cards hotline", "status": "active"},
    {"id": 2, "name": "Loans", "status": "active"},
]
NONE = dict.fromkeys(STATUSES, 0)


def load(ledger: reddy.Ledger, path: Path, **options: Any) -> reddy.Ledger | Any:
    return ledger.load(path, progress=False, products=options.pop("products", PRODUCTS), **options)


def transcript(*texts: str) -> str:
    """A cell: a JSON transcript whose lines go from agent to customer and back, two seconds each."""
    return json.dumps(
        [
            {
                "role": ("agent", "customer")[number % 2],
                "text": text,
                "start": number * 2,
                "stop": number * 2 + 1,
            }
            for number, text in enumerate(texts)
        ]
    )


def write_rows(path: Path, header: list[str], rows: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def settle(ledger: reddy.Ledger, batch: reddy.Batch, outcomes: dict[int, str], *, address: str = "a") -> Any:
    """Send some rows, without a server: each gets the outcome that is given for it."""
    submission = create(ledger, batch.id, address=address, token_source="notebook", rows=list(outcomes))
    worker = new_worker(ledger)
    for chunk in submission.open_chunks():
        claims = exchange(ledger, submission.id, chunk, worker, want=1000).claims
        results = [
            Attempt(
                claim=claim, outcome=outcomes[claim.row], started=10.0, ended=11.0, seconds=1.0,
                http_status=200, error="" if outcomes[claim.row] == "accepted" else "Reddy said no.",
                upload_id=claim.row * 100,
            )
            for claim in claims
            if outcomes[claim.row] != "sending"
        ]  # fmt: skip
        exchange(ledger, submission.id, chunk, worker, results=results, want=0)
    return submission


def stored(ledger: reddy.Ledger, table: str) -> int:
    with ledger.read() as connection:
        return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


class TestLoading:
    def test_every_row_becomes_a_call_that_is_ready_or_held_and_the_counts_sum(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = load(ledger, sheet(5, {3: {"Agent Email": "ann at cedarline"}, 5: {"Transcript": ""}}))
        assert batch.counts() == {**NONE, "held": 2, "ready": 3}
        assert list(batch.counts()) == list(STATUSES)
        assert batch.total == 5
        assert batch.rows() == [2, 3, 4, 5, 6]
        assert batch.rows(status="held") == [3, 5]

    def test_the_batch_knows_where_it_came_from(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        path = sheet(2, name="March calls.csv")
        batch = load(ledger, path, who="ann")
        assert (batch.name, batch.file_name, batch.who) == ("March calls", "March calls.csv", "ann")
        assert batch.file_hash == hashlib.sha256(path.read_bytes()).hexdigest()
        assert repr(batch) == f"<Batch {batch.id} 'March calls' · 2 ready>"

    def test_a_name_and_a_file_name_of_the_analyst_s_own_win(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = load(ledger, sheet(1), name="Week 12", file_name="export of monday.csv")
        assert (batch.name, batch.file_name) == ("Week 12", "export of monday.csv")

    def test_mapping_and_products_are_stored_with_the_batch_and_come_back(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        path = sheet(2)
        mapping = reddy.guess_mapping(reddy.read_sheet(path), products=PRODUCTS).replace(
            roles={"caller": "customer"}, timezone="Europe/London"
        )
        batch = ledger.load(path, mapping, products=PRODUCTS, progress=False, defaults={"product_id": 2})
        again = ledger.batch(batch.id)
        assert again.mapping.roles == {"caller": "customer"}
        assert again.mapping.timezone == "Europe/London"
        assert again.mapping.defaults == {"product_id": 2}
        assert again.mapping.fields == mapping.fields
        assert again.mapping.sheet is not None
        assert again.products == PRODUCTS

    def test_without_a_product_list_none_is_stored(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        batch = ledger.load(sheet(1, {2: {"Product": "7"}}), progress=False)
        assert ledger.batch(batch.id).products is None
        assert batch.call(2).product_id == 7

    def test_the_client_s_own_products_will_do_as_well_as_dicts(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = load(ledger, sheet(1), products=[reddy.Product(1, "Cards hotline", "active")])
        assert batch.products == [{"id": 1, "name": "Cards hotline", "status": "active"}]

    def test_a_batch_outlives_the_program_that_loaded_it(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        batch = load(ledger, sheet(3))
        batch.replace(2, reddy.Call(**{**msgspec.structs.asdict(batch.call(2)), "product_id": 2}))
        location = ledger.url.render_as_string(hide_password=False)
        with reddy.Ledger(location) as restarted:
            found = restarted.batch(batch.id)
            assert found.counts() == {**NONE, "ready": 3}
            assert found.call(2).product_id == 2
            assert found.original(2).product_id == 1
            assert repr(found) == repr(batch)

    def test_the_same_file_twice_is_two_batches_and_the_first_is_found_by_its_hash(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        path = sheet(2)
        first, second = load(ledger, path), load(ledger, path, name="again")
        assert first.id != second.id
        assert [found.id for found in ledger.loaded_before(first.file_hash)] == [second.id, first.id]
        assert ledger.loaded_before("0" * 64) == []

    def test_an_archived_batch_leaves_the_list_and_keeps_its_record(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = load(ledger, sheet(2))
        batch.database.archive(batch)
        assert ledger.batches().empty
        assert ledger.loaded_before(batch.file_hash) == []
        assert stored(ledger, "calls") == 2
        with pytest.raises(NotInLedger, match=r"taken off the list: ledger\.restore\("):
            ledger.batch(batch.id)
        with pytest.raises(NotInLedger, match=r"ledger\.batches\(\) lists them"):
            ledger.batch("b-of-nobody")

    def test_batches_are_listed_newest_first_with_their_counts(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        empty = ledger.batches()
        load(ledger, sheet(2), name="one", who="ann")
        load(ledger, sheet(3), name="two", who="bo")
        listed = ledger.batches()
        assert list(listed["name"]) == ["two", "one"]
        assert list(listed["calls"]) == [3, 2]
        assert list(listed["who"]) == ["bo", "ann"]
        assert str(listed["created_at"].dtype).startswith("datetime64")
        assert listed["created_at"].dt.tz is not None
        assert list(empty.columns) == list(listed.columns)
        assert repr(ledger).endswith("· 2 batches>")

    def test_renaming_is_stored(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        batch = load(ledger, sheet(1))
        batch.rename("  Escalations, March ")
        assert batch.name == ledger.batch(batch.id).name == "Escalations, March"

    def test_progress_is_told_after_it_is_stored(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        seen: list[tuple[int, int]] = []
        load(ledger, sheet(1100), on_progress=lambda count: seen.append((count, stored(ledger, "calls"))))
        assert seen == [(500, 500), (1000, 1000), (1100, 1100)]

    def test_a_load_that_somebody_stops_leaves_nothing(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        with pytest.raises(LoadCancelled, match=r"stopped after 500 calls. None of them were stored"):
            load(ledger, sheet(1100), on_progress=lambda count: False)
        assert (stored(ledger, "batches"), stored(ledger, "calls")) == (0, 0)

    @pytest.mark.parametrize(
        "error", [KeyboardInterrupt(), ZeroDivisionError()], ids=["stop button", "fault"]
    )
    def test_a_load_that_breaks_off_leaves_nothing(
        self, ledger: reddy.Ledger, sheet: Sheet, error: BaseException
    ) -> None:
        def burst(count: int) -> None:
            if count >= 1000:
                raise error

        with pytest.raises(type(error)):
            load(ledger, sheet(1100), on_progress=burst)
        assert (stored(ledger, "batches"), stored(ledger, "calls")) == (0, 0)
        assert load(ledger, sheet(3)).total == 3

    def test_a_load_whose_program_was_killed_is_forgotten_a_day_later(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        kept = load(ledger, sheet(2))
        for name, age in (("killed", 90_000), ("under way", 1_000)):
            left = load(ledger, sheet(2), name=name)
            with ledger.write() as connection:
                connection.execute(
                    batches.update()
                    .where(batches.c.id == left.id)
                    .values(state="loading", created_at=left.created_at.timestamp() - age)
                )
        assert list(ledger.batches()["id"]) == [kept.id]
        load(ledger, sheet(1))
        with ledger.read() as connection:
            names = set(
                connection.execute(sa.select(batches.c.name).where(batches.c.state == "loading")).scalars()
            )
        assert names == {"under way"}
        assert stored(ledger, "calls") == 5

    def test_while_it_is_loading_nobody_sees_the_batch(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        seen: list[int] = []
        load(ledger, sheet(600), on_progress=lambda count: seen.append(len(ledger.batches())))
        assert seen == [0, 0]
        assert len(ledger.batches()) == 1

    def test_cells_are_kept_as_the_sheet_has_them(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        batch = load(ledger, sheet(1))
        assert batch.cells(2) == {
            "Conversation ID": "conv-1",
            "Agent Email": "ann@cedarline.example",
            "Product": "Cards hotline",
            "Start": "2026-03-02T10:00:00Z",
            "CSAT": "1",
            "Transcript": '[{"role": "agent", "text": "Good morning, call 1.", "start": 0.5, "stop": 2.5}, '
            '{"role": "customer", "text": "I lost my card.", "start": 3, "stop": 5}]',
        }

    def test_payloads_are_exactly_what_would_be_sent(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        batch = load(ledger, sheet(3))
        assert dict(batch.payloads([3, 2, 3])) == {
            2: {
                "agent_email": "ann@cedarline.example",
                "product_id": 1,
                "conversation_id": "conv-1",
                "timestamp": 1772445600,
                "transcript": [
                    {"role": "agent", "text": "Good morning, call 1.", "start": 0.5, "stop": 2.5},
                    {"role": "customer", "text": "I lost my card.", "start": 3, "stop": 5},
                ],
                "tags": [{"key": "CSAT", "value": 1, "type": "integer"}],
            },
            3: {
                "agent_email": "bo@cedarline.example",
                "product_id": 2,
                "conversation_id": "conv-2",
                "timestamp": 1772445600,
                "transcript": [
                    {"role": "agent", "text": "Good morning, call 2.", "start": 0.5, "stop": 2.5},
                    {"role": "customer", "text": "I lost my card.", "start": 3, "stop": 5},
                ],
                "tags": [{"key": "CSAT", "value": 2, "type": "integer"}],
            },
        }
        assert [row for row, _ in batch.payloads()] == [2, 3, 4]
        claims = exchange(
            ledger,
            create(ledger, batch.id, address="a", token_source="notebook", rows=[2]).id,
            0,
            new_worker(ledger),
            want=1,
        ).claims
        assert json.loads(claims[0].payload) == dict(batch.payloads([2]))[2]

    def test_more_rows_than_one_statement_takes_are_asked_for_in_pieces(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = load(ledger, sheet(20))
        assert batch.count(rows=range(3, 22)) == 19
        assert len(dict(batch.payloads(range(3, 22)))) == 19
        with pytest.raises(NotInLedger, match="has no calls in rows 22, 23, 24"):
            batch.count(rows=range(3, 12_003))
        assert [len(piece) for piece in pieces(range(3, 12_003))] == [5000, 5000, 2000]
        assert list(pieces([])) == []


class TestContent:
    """Text that databases stumble over."""

    HEADER = ("Conversation ID", "Agent Email", "Product", "Start", "Note", "Transcript")

    def one(self, ledger: reddy.Ledger, tmp_path: Path, **cells: str) -> reddy.Batch:
        good = {
            "Conversation ID": "c-1", "Agent Email": "ann@cedarline.example", "Product": "1",
            "Start": "2026-03-02T10:00:00Z", "Note": "n", "Transcript": transcript("Hello", "Hi"),
        }  # fmt: skip
        row = [(good | cells)[name] for name in self.HEADER]
        found: reddy.Batch = load(ledger, write_rows(tmp_path / "one.csv", list(self.HEADER), [row]))
        return found

    def test_a_nul_character_is_removed_and_told(self, ledger: reddy.Ledger, tmp_path: Path) -> None:
        batch = self.one(ledger, tmp_path, Transcript=transcript("before\x00after", "Hi"))
        assert batch.call(2).transcript[0].text == "beforeafter"
        assert batch.rows(search="beforeafter") == [2]
        assert batch.calls().loc[2, "preview"] == "beforeafter"
        assert "nul-removed" in set(batch.findings()["code"])

    def test_a_nul_in_the_agent_s_address_holds_the_call_and_does_not_stop_the_load(
        self, ledger: reddy.Ledger, tmp_path: Path
    ) -> None:
        batch = self.one(ledger, tmp_path, **{"Conversation ID": "a\x00b"})
        assert batch.total == 1
        batch.replace(2, msgspec.structs.replace(batch.call(2), agent_email="a\x00n@x.example"))
        assert batch.counts()["held"] == 1

    @pytest.mark.parametrize("product", [2**63 - 1, 2**63, 2**64 - 1])
    def test_a_product_number_beyond_what_databases_hold_does_not_stop_the_load(
        self, ledger: reddy.Ledger, tmp_path: Path, product: int
    ) -> None:
        batch = self.one(ledger, tmp_path, Product=str(product))
        assert batch.counts() == {**NONE, "held": 1}
        assert batch.cells(2)["Product"] == str(product)

    def test_a_product_number_that_only_json_holds_can_be_stored_by_an_edit(
        self, ledger: reddy.Ledger, tmp_path: Path
    ) -> None:
        batch = self.one(ledger, tmp_path)
        batch.replace(2, msgspec.structs.replace(batch.call(2), product_id=2**63))
        assert batch.call(2).product_id == 2**63
        assert pd.isna(batch.calls().loc[2, "product_id"])
        assert batch.counts() == {**NONE, "held": 1}

    def test_a_cell_as_long_as_a_spreadsheet_allows_comes_back_whole(
        self, ledger: reddy.Ledger, tmp_path: Path
    ) -> None:
        text = "Agent: " + "ü" * (32_767 - 7)
        batch = self.one(ledger, tmp_path, Transcript=text)
        assert batch.cells(2)["Transcript"] == text
        assert batch.call(2).transcript[0].text == "ü" * 32_760
        assert "transcript-cut" in [found.code for found in batch.findings_of(2)]

    @pytest.mark.parametrize(
        "text", ["日本語のメモ", "🙂🙃", "a'b\"c\\d", "tab\there", "<b>& so", "=1+1", "%_%"],
        ids=["kanji", "emoji", "quotes", "tab", "markup", "formula", "wildcards"],
    )  # fmt: skip
    def test_text_comes_back_and_is_found_as_it_was(
        self, ledger: reddy.Ledger, tmp_path: Path, text: str
    ) -> None:
        batch = self.one(ledger, tmp_path, Transcript=transcript(text, "Hi"))
        assert batch.call(2).transcript[0].text == text
        assert batch.rows(search=text) == [2]
        assert batch.rows(search=text + "x") == []

    def test_a_time_outside_the_calendar_is_no_traceback(self, ledger: reddy.Ledger, tmp_path: Path) -> None:
        batch = self.one(ledger, tmp_path)
        batch.replace(2, msgspec.structs.replace(batch.call(2), timestamp=1e300))
        assert pd.isna(batch.calls().loc[2, "timestamp"])
        assert pd.isna(batch.outcomes()["timestamp"][2])


class TestFinding:
    """Filters, search and pages."""

    @pytest.fixture
    def batch(self, ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
        changes = {
            2: {"Transcript": transcript("Grüß Gott, Frau MÜLLER", "50% off?")},
            3: {"Transcript": transcript('He said "no" twice', "under_score")},
            4: {"Agent Email": "", "Start": ""},
            5: {"Transcript": transcript("Please start again", "ok")},
            6: {"Start": ""},
            7: {"Transcript": ""},
        }
        batch: reddy.Batch = load(ledger, sheet(8, changes))
        return batch

    @pytest.mark.parametrize(
        ("filters", "rows"),
        [
            ({}, [2, 3, 4, 5, 6, 7, 8, 9]),
            ({"status": "held"}, [4, 7]),
            ({"status": ["held", "ready"]}, [2, 3, 4, 5, 6, 7, 8, 9]),
            ({"status": "accepted"}, []),
            ({"status": []}, []),
            ({"severity": "error"}, [4, 7]),
            ({"severity": "warning"}, [4, 6]),
            ({"code": "agent-email-missing"}, [4]),
            ({"code": "timestamp-missing"}, [4, 6]),
            ({"agent": "bo@cedarline.example"}, [3, 5, 7, 9]),
            ({"agent": "nobody@cedarline.example"}, []),
            ({"product": 1}, [2, 4, 6, 8]),
            ({"edited": True}, []),
            ({"edited": False, "product": 2}, [3, 5, 7, 9]),
            ({"rows": [9, 3, 3]}, [3, 9]),
            ({"rows": []}, []),
            ({"submission": "s-none"}, []),
            ({"status": "ready", "product": 2, "search": "lost my card"}, [9]),
        ],
    )
    def test_filters(self, batch: reddy.Batch, filters: dict[str, Any], rows: list[int]) -> None:
        assert batch.rows(**filters) == rows
        assert batch.count(**filters) == len(rows)
        assert list(batch.calls(**filters).index) == rows

    @pytest.mark.parametrize(
        ("text", "rows"),
        [
            ("Frau", [2]),
            ("frau", [2]),
            ("Müller", [2]),
            ("müller", [2]),
            ("MÜLLER", [2]),
            ("grüß", [2]),
            ("GRÜ", [2]),
            ('"no" twice', [3]),
            ("50%", [2]),
            ("0% o", [2]),
            ("50_", []),
            ("r_s", [3]),
            ("he%twice", []),
            ("bo@cedar", [3, 5, 7, 9]),
            ("conv-7", [8]),
            ("  conv-7 ", [8]),
            ("   ", [2, 3, 4, 5, 6, 7, 8, 9]),
            ("'; DROP TABLE calls; --", []),
            ("\\", []),
        ],
    )
    def test_search_takes_the_text_as_it_is(self, batch: reddy.Batch, text: str, rows: list[int]) -> None:
        assert batch.rows(search=text) == rows

    def test_a_number_finds_the_row_and_what_contains_it(self, batch: reddy.Batch) -> None:
        assert batch.rows(search="9") == [9]
        assert batch.rows(search="7") == [7, 8]  # row 7, and conv-7
        assert batch.rows(search="99999999999999999999") == []

    @pytest.mark.parametrize(
        "name", ["agent_email", "transcript", "stop", "conversation_id", "timestamp", "text"]
    )
    def test_the_names_of_fields_are_not_what_anybody_searches_for(
        self, batch: reddy.Batch, name: str
    ) -> None:
        assert batch.rows(search=name) == []

    def test_a_word_that_is_also_a_field_s_name_is_found_where_it_was_said(self, batch: reddy.Batch) -> None:
        assert batch.rows(search="start") == [5]

    def test_one_screen_at_a_time(self, batch: reddy.Batch) -> None:
        assert list(batch.calls(offset=2, limit=3).index) == [4, 5, 6]
        assert list(batch.calls(offset=7, limit=3).index) == [9]
        assert list(batch.calls(offset=8, limit=3).index) == []
        assert list(batch.calls(offset=1, limit=2, product=2).index) == [5, 7]

    def test_a_screen_is_the_same_frame_with_and_without_rows(self, batch: reddy.Batch) -> None:
        full, none = batch.calls(), batch.calls(status="accepted")
        assert full.index.name == none.index.name == "row"
        assert list(full.columns) == [
            "status", "agent_email", "product_id", "timestamp", "lines", "tags", "errors", "warnings", "edited",
            "conversation_id", "preview", "codes",
        ]  # fmt: skip
        assert list(none.columns) == list(full.columns)
        for name in ("product_id", "timestamp", "lines", "edited"):
            assert full[name].dtype == none[name].dtype, name
        assert full.loc[2, "preview"] == "Grüß Gott, Frau MÜLLER"
        assert (full.loc[2, "lines"], full.loc[2, "tags"]) == (2, 1)
        assert full.loc[2, "timestamp"] == pd.Timestamp("2026-03-02 10:00", tz="UTC")
        assert pd.isna(full.loc[6, "timestamp"])

    def test_findings_of_the_batch_of_a_row_and_of_one_call_agree(self, batch: reddy.Batch) -> None:
        everything = batch.findings()
        assert list(everything.columns) == [
            "field", "line", "code", "severity", "title", "value", "message", "hint",
        ]  # fmt: skip
        assert list(zip(everything.index, everything["code"], strict=True)) == [
            (4, "agent-email-missing"), (4, "timestamp-missing"), (6, "timestamp-missing"), (7, "transcript-missing"),
        ]  # fmt: skip
        assert list(batch.findings(4)["code"]) == ["agent-email-missing", "timestamp-missing"]
        assert [found.code for found in batch.findings_of(4)] == ["agent-email-missing", "timestamp-missing"]
        assert {found.row for found in batch.findings_of(4)} == {4}
        assert list(batch.findings(2).columns) == list(everything.columns)
        assert batch.findings(2).empty

    def test_finding_counts_tell_how_many_calls_have_each_errors_first(self, batch: reddy.Batch) -> None:
        counts = batch.finding_counts()
        assert [tuple(row) for row in counts[["code", "severity", "calls"]].itertuples(index=False)] == [
            ("agent-email-missing", "error", 1),
            ("transcript-missing", "error", 1),
            ("timestamp-missing", "warning", 2),
        ]
        assert list(batch.finding_counts(product=2)["code"]) == ["transcript-missing"]
        assert list(batch.finding_counts(rows=[2]).columns) == ["code", "severity", "title", "calls"]

    def test_agents_are_each_named_once(self, batch: reddy.Batch) -> None:
        assert batch.agents() == ["ann@cedarline.example", "bo@cedarline.example"]

    def test_lines_and_tags_are_frames_numbered_from_one(self, batch: reddy.Batch) -> None:
        lines, tags = batch.lines(2), batch.tags(2)
        assert list(lines.index) == [1, 2]
        assert list(lines.columns) == ["role", "text", "start", "stop", "times"]
        assert list(lines["role"]) == ["agent", "customer"]
        assert list(lines["start"]) == [0.0, 2.0]
        assert [tuple(row) for row in tags.itertuples()] == [(1, "CSAT", 1, "integer")]
        empty = batch.lines(7)
        assert list(empty.columns) == list(lines.columns)
        assert empty["start"].dtype == lines["start"].dtype

    @pytest.mark.parametrize("row", [1, 10, 0, -3, 10**12, 10**30])
    def test_a_row_that_is_not_there_is_named(self, batch: reddy.Batch, row: int) -> None:
        for ask in (batch.call, batch.original, batch.cells, batch.findings_of, batch.info, batch.edits):
            with pytest.raises(NotInLedger, match=f"no call in row {row}"):
                ask(row)

    def test_info_of_a_call_that_was_never_sent(self, batch: reddy.Batch) -> None:
        assert batch.info(2) == {
            "status": "ready", "edited": False, "submission_id": None, "upload_id": None, "http_status": None,
            "error": None, "attempts": 0, "seconds": None, "sent_at": None, "ended_at": None,
            "skipped_because": None, "audio": "none", "forgotten_at": None,
        }  # fmt: skip

    def test_outcomes_of_a_batch_that_was_never_sent_have_all_columns(self, batch: reddy.Batch) -> None:
        frame = batch.outcomes()
        assert list(frame.index) == [2, 3, 4, 5, 6, 7, 8, 9]
        assert list(frame.columns) == list(outcomes_frame([]).columns)
        assert set(frame["submission"]) == {""}
        assert set(frame["error"]) == {""}
        assert frame["upload_id"].isna().all()
        for name in frame.columns:
            assert frame[name].dtype == outcomes_frame([]).dtypes[name], name


class TestEditing:
    @pytest.fixture
    def batch(self, ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
        batch: reddy.Batch = load(ledger, sheet(4, {3: {"Agent Email": "ann at cedarline"}}))
        return batch

    def change(self, batch: reddy.Batch, row: int, **fields: Any) -> list[reddy.Finding]:
        return batch.replace(row, msgspec.structs.replace(batch.call(row), **fields), who="ann")

    def test_an_edit_is_stored_before_replace_returns(self, ledger: reddy.Ledger, batch: reddy.Batch) -> None:
        self.change(batch, 2, agent_email="cy@cedarline.example")
        with reddy.Ledger(ledger.url.render_as_string(hide_password=False)) as other:
            seen = other.batch(batch.id)
            assert seen.call(2).agent_email == "cy@cedarline.example"
            assert seen.rows(edited=True) == [2]
            assert seen.rows(agent="cy@cedarline.example") == [2]
            assert seen.rows(search="cy@cedar") == [2]

    def test_the_caller_s_object_stays_the_caller_s(self, batch: reddy.Batch) -> None:
        call = batch.call(2)
        call.product_id = 2
        batch.replace(2, call)
        call.product_id = 1
        call.transcript[0].text = "changed afterwards"
        assert batch.call(2).product_id == 2
        assert batch.call(2).transcript[0].text == "Good morning, call 1."

    def test_fixing_the_error_makes_a_held_call_ready_and_breaking_it_holds_it_again(
        self, batch: reddy.Batch
    ) -> None:
        assert batch.counts() == {**NONE, "held": 1, "ready": 3}
        assert self.change(batch, 3, agent_email="ann@cedarline.example") == []
        assert batch.counts() == {**NONE, "ready": 4}
        found = self.change(batch, 3, product_id=99)
        assert [(f.row, f.code) for f in found] == [(3, "product-unknown")]
        assert batch.counts() == {**NONE, "held": 1, "ready": 3}

    def test_edits_are_recorded_cell_by_cell(self, batch: reddy.Batch) -> None:
        call = batch.call(2)
        call.transcript[1].text = "I found my card."
        call.transcript[1].stop = None
        call.tags[0].value = 5
        call.product_id = 2
        batch.replace(2, call, who="ann")
        edits = batch.edits(2)
        assert [tuple(row) for row in edits[["field", "before", "after", "who"]].itertuples(index=False)] == [
            ("product_id", "1", "2", "ann"),
            ("transcript[2].text", '"I lost my card."', '"I found my card."', "ann"),
            ("transcript[2].stop", "5", None, "ann"),
            ("tags[1].value", "1", "5", "ann"),
        ]
        assert edits["at"].dt.tz is not None
        assert batch.edits(4).empty
        assert list(batch.edits(4).columns) == list(edits.columns)

    def test_added_lines_are_recorded_as_the_whole_list(self, batch: reddy.Batch) -> None:
        call = batch.call(2)
        call.transcript.append(reddy.TranscriptLine("agent", "Bye."))
        batch.replace(2, call)
        (edit,) = batch.edits(2).itertuples()
        assert edit.field == "transcript"
        assert [line["text"] for line in json.loads(edit.after)][-1] == "Bye."
        assert len(json.loads(edit.before)) == 2

    @pytest.mark.parametrize(("before", "after"), [(True, 1), (1, 1.0), (0, False), ("1", 1), (None, "")])
    def test_a_tag_s_value_that_python_takes_for_the_same_is_still_an_edit(
        self, batch: reddy.Batch, before: Any, after: Any
    ) -> None:
        self.change(batch, 2, tags=[reddy.Tag("vip", before, "integer")])
        self.change(batch, 2, tags=[reddy.Tag("vip", after, "integer")])
        (tag,) = batch.call(2).tags or []
        assert (tag.value, type(tag.value)) == (after, type(after))
        assert batch.edits(2)["field"].iloc[-1] == "tags[1].value"

    def test_storing_the_same_again_is_no_edit(self, batch: reddy.Batch) -> None:
        found = batch.replace(3, batch.call(3))
        assert [(f.row, f.code) for f in found] == [(3, "agent-email-invalid")]
        assert batch.edits(3).empty
        assert batch.rows(edited=True) == []

    def test_revert_brings_back_what_the_sheet_said_and_keeps_the_history(self, batch: reddy.Batch) -> None:
        self.change(batch, 2, agent_email="cy@cedarline.example")
        self.change(batch, 2, agent_email="di@cedarline.example")
        assert batch.original(2).agent_email == "ann@cedarline.example"
        batch.revert(2, who="bo")
        assert batch.call(2) == batch.original(2)
        assert batch.rows(edited=True) == []
        assert list(batch.edits(2)["after"]) == [
            '"cy@cedarline.example"', '"di@cedarline.example"', '"ann@cedarline.example"',
        ]  # fmt: skip
        assert list(batch.edits(2)["who"]) == ["ann", "ann", "bo"]

    def test_editing_back_by_hand_is_no_longer_an_edit(self, batch: reddy.Batch) -> None:
        self.change(batch, 2, product_id=2)
        self.change(batch, 2, product_id=1)
        assert batch.calls().loc[2, "edited"] == False  # noqa: E712 - a numpy bool
        assert len(batch.edits(2)) == 2

    def test_what_could_not_be_read_back_is_not_stored(self, batch: reddy.Batch) -> None:
        call = batch.call(2)
        call.transcript[0].start = "soon"
        with pytest.raises(TypeError):
            batch.replace(2, call)
        assert batch.call(2) == batch.original(2)
        assert batch.edits(2).empty

    @pytest.mark.parametrize("status", sorted(LOCKED))
    def test_a_call_that_is_or_was_under_way_is_locked(
        self, ledger: reddy.Ledger, batch: reddy.Batch, status: str
    ) -> None:
        if status == "queued":
            create(ledger, batch.id, address="a", token_source="notebook", rows=[2])
        else:
            settle(ledger, batch, {2: status})
        assert batch.info(2)["status"] == status
        with pytest.raises(CallLocked, match=f"Row 2 is {status}.*(cannot be edited|not changed afterwards)"):
            self.change(batch, 2, product_id=2)
        assert batch.call(2).product_id == 1
        assert batch.edits(2).empty

    def test_every_status_is_either_editable_or_locked(self) -> None:
        assert frozenset(STATUSES) == EDITABLE | LOCKED
        assert not EDITABLE & LOCKED
        assert SENDABLE < EDITABLE

    @pytest.mark.parametrize("status", ["rejected", "failed"])
    def test_editing_a_call_that_reddy_did_not_take_clears_its_outcome_and_keeps_it_with_its_submission(
        self, ledger: reddy.Ledger, batch: reddy.Batch, status: str
    ) -> None:
        submission = settle(ledger, batch, {2: status, 4: "accepted"})
        assert batch.info(2)["error"] == "Reddy said no."
        self.change(batch, 2, product_id=2)
        info = batch.info(2)
        assert (info["status"], info["error"], info["http_status"], info["submission_id"]) == (
            "ready",
            None,
            None,
            None,
        )
        assert info["attempts"] == 1
        assert submission.counts() == {**NONE, "accepted": 1, status: 1}
        past = submission.outcomes()
        assert (past.loc[2, "status"], past.loc[2, "error"]) == (status, "Reddy said no.")
        assert past.loc[2, "submission"] == submission.id
        assert list(batch.attempts(2)["result"]) == [status]

    def test_a_row_that_is_not_there_cannot_be_edited(self, batch: reddy.Batch) -> None:
        with pytest.raises(NotInLedger, match="no call in row 77"):
            batch.replace(77, reddy.Call())


class TestCarriedFindings:
    """What reading found stays as long as what it speaks of stays, and moves with its line."""

    def lines(self, *texts: str) -> list[reddy.TranscriptLine]:
        return [reddy.TranscriptLine("agent", text) for text in texts]

    def carried(self, before: list[str], after: list[str], line: int) -> list[int | None]:
        source = [finding("line-not-read", "transcript", "?", line=line)]
        kept = carried_findings(
            source, reddy.Call(transcript=self.lines(*before)), reddy.Call(transcript=self.lines(*after))
        )
        return [found.line for found in kept]

    @pytest.mark.parametrize(
        ("after", "lines"),
        [
            (["a", "b", "c"], [2]),
            (["new", "a", "b", "c"], [3]),
            (["b", "c"], [1]),
            (["a", "b", "c", "new"], [2]),
            (["a", "B", "c"], []),
            (["a", "c"], []),
            (["new", "new", "b"], [3]),
            ([], []),
        ],
        ids=[
            "unchanged",
            "added above",
            "deleted above",
            "added below",
            "changed",
            "deleted",
            "all else changed",
            "none",
        ],
    )
    def test_a_finding_of_a_line(self, after: list[str], lines: list[int]) -> None:
        assert self.carried(["a", "b", "c"], after, 2) == lines

    def test_of_two_lines_with_the_same_words_each_keeps_its_own(self) -> None:
        assert self.carried(["yes", "no", "yes"], ["new", "yes", "no", "yes"], 3) == [4]

    def test_a_finding_of_a_field_goes_when_the_field_changes(self) -> None:
        source = [finding("timestamp-unreadable", "timestamp", "?", value="yesterday")]
        assert carried_findings(source, reddy.Call(), reddy.Call(product_id=4)) == source
        assert carried_findings(source, reddy.Call(), reddy.Call(timestamp=5.0)) == []

    @pytest.mark.parametrize("code", ["transcript-cut", "lines-left-out"])
    def test_what_is_missing_stays_missing_when_the_words_that_are_there_are_corrected(
        self, code: str
    ) -> None:
        source = [finding(code, "transcript", "?")]
        before = reddy.Call(transcript=self.lines("a"))
        assert (
            carried_findings(source, before, reddy.Call(transcript=self.lines("b"), product_id=1)) == source
        )
        assert carried_findings(source, before, reddy.Call(transcript=[])) == []
        assert carried_findings(source, before, reddy.Call()) == []

    def test_a_transcript_that_could_not_be_read_is_read_once_it_is_edited(self) -> None:
        source = [finding("transcript-unreadable", "transcript", "?")]
        before = reddy.Call(transcript=self.lines("{broken"))
        assert carried_findings(source, before, reddy.Call(transcript=self.lines("{broken"))) == source
        assert carried_findings(source, before, reddy.Call(transcript=self.lines("mended"))) == []

    def test_times_are_estimated_as_long_as_one_of_them_is_there(self) -> None:
        def timed(*starts: float) -> reddy.Call:
            return reddy.Call(
                transcript=[reddy.TranscriptLine("agent", "a", start, start + 1) for start in starts]
            )

        source = [finding("times-estimated", "transcript", "?")]
        assert carried_findings(source, timed(0, 2), timed(0, 9)) == source
        assert carried_findings(source, timed(0, 2), timed(5, 9)) == []

    def test_in_the_ledger_reverting_brings_the_finding_back(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = load(ledger, sheet(1, {2: {"Start": "the day before"}}))
        assert [f.code for f in batch.findings_of(2)] == ["timestamp-unreadable"]
        call = batch.call(2)
        call.product_id = 2
        assert [f.code for f in batch.replace(2, call)] == ["timestamp-unreadable"]
        call.timestamp = 1772445600.0
        assert batch.replace(2, call) == []
        assert batch.counts() == {**NONE, "ready": 1}
        assert [f.code for f in batch.revert(2)] == ["timestamp-unreadable"]
        assert batch.counts() == {**NONE, "held": 1}

    def test_in_the_ledger_a_finding_moves_with_its_line(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        batch = load(ledger, sheet(1, {2: {"Transcript": "Agent: hello\nand welcome\nCustomer: hi"}}))
        was = [(f.code, f.line) for f in batch.findings_of(2) if f.code == "line-without-speaker"]
        assert was == [("line-without-speaker", 1)]
        call = batch.call(2)
        call.transcript.insert(0, reddy.TranscriptLine("customer", "Hello?"))
        now = [(f.code, f.line) for f in batch.replace(2, call) if f.code == "line-without-speaker"]
        assert now == [("line-without-speaker", 2)]

    def test_two_sources_that_say_the_same_say_it_once_errors_first(self) -> None:
        source = [finding("line-without-speaker", "transcript", "a", line=1)]
        own = [finding("timestamp-missing", "timestamp", "b"), finding("role-unknown", "role", "c", line=1)]
        assert [f.code for f in merged(source, own)] == [
            "role-unknown",
            "timestamp-missing",
            "line-without-speaker",
        ]
        assert merged(own, own) == merged([], own)
        unreadable = [finding("timestamp-unreadable", "timestamp", "?")]
        assert [f.code for f in merged(unreadable, own[:1])] == ["timestamp-unreadable"]


class TestDuplicates:
    @pytest.fixture
    def batch(self, ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
        same = {"Conversation ID": "twin", "Agent Email": "ann@cedarline.example"}
        other_agent = {"Conversation ID": "twin", "Agent Email": "bo@cedarline.example"}
        batch: reddy.Batch = load(
            ledger,
            sheet(5, {2: same, 4: {**same, "Agent Email": "ANN@cedarline.example"}, 5: other_agent, 6: same}),
        )
        return batch

    def marked(self, batch: reddy.Batch) -> dict[int, str]:
        frame = batch.findings()
        frame = frame[frame["code"] == "conversation-duplicate"]
        return dict(zip(frame.index, frame["message"], strict=True))

    def renamed(self, batch: reddy.Batch, row: int, conversation_id: str) -> list[reddy.Finding]:
        return batch.replace(row, msgspec.structs.replace(batch.call(row), conversation_id=conversation_id))

    def test_all_but_the_first_are_held_whatever_the_capitals_of_the_address(
        self, batch: reddy.Batch
    ) -> None:
        first = "Row 2 already has this conversation and agent."
        assert self.marked(batch) == {4: first, 6: first}
        assert batch.counts() == {**NONE, "held": 2, "ready": 3}

    def test_when_the_first_gets_another_id_the_second_is_the_first(self, batch: reddy.Batch) -> None:
        self.renamed(batch, 2, "solo")
        assert self.marked(batch) == {6: "Row 4 already has this conversation and agent."}
        assert batch.rows(status="held") == [6]

    def test_a_duplicate_that_gets_its_own_id_is_ready(self, batch: reddy.Batch) -> None:
        assert self.renamed(batch, 4, "solo") == []
        assert set(self.marked(batch)) == {6}

    def test_a_call_that_takes_another_one_s_id_is_marked_at_once(self, batch: reddy.Batch) -> None:
        found = batch.replace(
            3,
            msgspec.structs.replace(
                batch.call(3), conversation_id="twin", agent_email="ann@cedarline.example"
            ),
        )
        assert [f.code for f in found] == ["conversation-duplicate"]
        assert set(self.marked(batch)) == {3, 4, 6}

    def test_reverting_marks_again(self, batch: reddy.Batch) -> None:
        self.renamed(batch, 4, "solo")
        batch.revert(4)
        assert set(self.marked(batch)) == {4, 6}

    def test_an_edit_elsewhere_in_a_duplicate_keeps_it_marked(self, batch: reddy.Batch) -> None:
        found = batch.replace(4, msgspec.structs.replace(batch.call(4), product_id=2))
        assert [f.code for f in found] == ["conversation-duplicate"]
        assert 4 in batch.rows(status="held")

    def test_the_key_is_the_conversation_and_the_agent_together(self) -> None:
        def key(conversation: str | None, agent: str | None) -> str | None:
            return call_key(reddy.Call(conversation_id=conversation, agent_email=agent))

        assert key("c", "Ann@x.example ") == key("c", "ann@x.example")
        assert key("c", "ann@x.example") != key("c", "bo@x.example")
        assert key("C", "ann@x.example") != key("c", "ann@x.example")
        assert key(None, "ann@x.example") is key("c", None) is key("", "a@x.example") is None


class TestChecksAgain:
    def test_another_product_list_is_stored_and_decides_anew(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        batch = load(ledger, sheet(4))
        assert batch.was_checked_with(list(reversed(PRODUCTS)))
        only_cards = PRODUCTS[:1]
        assert not batch.was_checked_with(only_cards)
        batch.recheck(only_cards)
        assert batch.counts() == {**NONE, "held": 2, "ready": 2}
        assert ledger.batch(batch.id).products == only_cards
        assert batch.was_checked_with(only_cards)
        batch.recheck(None)  # without a list, nothing says that their product is the right one
        assert batch.counts() == {**NONE, "held": 2, "ready": 2}
        assert ledger.batch(batch.id).products is None
        assert not batch.was_checked_with(PRODUCTS)

    def test_what_was_sent_is_not_judged_again(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        batch = load(ledger, sheet(4))
        settle(ledger, batch, {3: "accepted", 5: "rejected"})
        batch.recheck(PRODUCTS[:1])
        assert batch.findings_of(3) == []
        assert [f.code for f in batch.findings_of(5)] == ["product-renamed"]
        assert batch.info(5)["status"] == "rejected"
        assert batch.counts() == {**NONE, "ready": 2, "accepted": 1, "rejected": 1}

    def test_duplicates_stay_marked_and_errors_stay_first(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        twin = {"Conversation ID": "twin", "Agent Email": "ann@cedarline.example", "Start": ""}
        batch = load(ledger, sheet(2, {2: twin, 3: twin}))
        before = batch.findings_of(3)
        batch.recheck(PRODUCTS[1:])
        assert [f.code for f in batch.findings_of(3)] == ["conversation-duplicate", "timestamp-missing"]
        assert batch.findings_of(3) == before
        batch.recheck(PRODUCTS)
        assert batch.counts() == {**NONE, "held": 1, "ready": 1}


class TestDifferences:
    def test_fields_cells_and_lists(self) -> None:
        line = reddy.TranscriptLine
        before = reddy.Call(agent_email="a@x.example", transcript=[line("agent", "a", 1), line("agent", "b")])
        after = reddy.Call(product_id=3, transcript=[line("agent", "a", 1.5), line("customer", "b")])
        assert changes(to_payload(before), to_payload(after)) == [
            ("agent_email", "a@x.example", None),
            ("product_id", None, 3),
            ("transcript[1].start", 1, 1.5),
            ("transcript[2].role", "agent", "customer"),
        ]
        assert changes(to_payload(before), to_payload(before.copy())) == []
        assert changes(
            to_payload(before), to_payload(reddy.Call(agent_email="a@x.example", transcript=[]))
        ) == [
            ("transcript", [{"role": "agent", "text": "a", "start": 1}, {"role": "agent", "text": "b"}], [])
        ]

    def test_seconds_outside_the_calendar_are_no_date(self) -> None:
        frame = utc(pd.Series([0, None, 1e300, -1e300, 1772445600.5]))
        assert list(frame.isna()) == [False, True, True, True, False]
        assert frame[4] == pd.Timestamp("2026-03-02 10:00:00.5", tz="UTC")


class TestOpening:
    def test_a_fresh_ledger_is_empty_and_has_its_schema(self, ledger: reddy.Ledger) -> None:
        with ledger.read() as connection:
            versions = list(connection.execute(sa.select(schema_versions.c.version)).scalars())
        assert versions == list(range(FIRST_VERSION, latest_version() + 1))
        assert ledger.batches().empty
        assert ledger.submissions() == []
        with pytest.raises(NotInLedger, match="no submission 's-1'"):
            ledger.submission("s-1")

    def test_opening_again_changes_nothing(self, ledger: reddy.Ledger, sheet: Sheet) -> None:
        load(ledger, sheet(2))
        location = ledger.url.render_as_string(hide_password=False)
        for _ in range(2):
            with reddy.Ledger(location) as again:
                assert list(again.batches()["calls"]) == [2]

    def test_eight_threads_that_open_a_new_ledger_at_once_all_get_it(
        self, ledger: reddy.Ledger, tmp_path: Path
    ) -> None:
        if ledger.url.get_backend_name() == "sqlite":
            location = str(tmp_path / "new" / "ledger.sqlite")
        else:
            with ledger.write() as connection:
                connection.execute(sa.text("DROP SCHEMA public CASCADE"))
                connection.execute(sa.text("CREATE SCHEMA public"))
            location = ledger.url.render_as_string(hide_password=False)
        together = threading.Barrier(8)

        def open_it(_: int) -> int:
            together.wait()
            with reddy.Ledger(location) as opened:
                return len(opened.batches())

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(open_it, range(8))) == [0] * 8
        with reddy.Ledger(location) as opened:
            assert stored(opened, "schema_versions") == len(MIGRATIONS)

    def test_three_processes_that_open_a_new_ledger_at_once_all_get_it(self, tmp_path: Path) -> None:
        script = (
            "import sys, reddy_lib; open_it = reddy_lib.Ledger; print('ready', flush=True); sys.stdin.readline(); "
            "print(len(open_it(sys.argv[1]).batches()))"
        )
        location = str(tmp_path / "ledger.sqlite")
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", script, location], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[1],
            )
            for _ in range(3)
        ]  # fmt: skip
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = [process.communicate(timeout=240) for process in processes]
        assert [out for out, _ in answers] == ["0\n"] * 3, [err for _, err in answers if err]

    def test_an_empty_file_that_another_program_is_just_writing_is_waited_for(self, tmp_path: Path) -> None:
        location = tmp_path / "ledger.sqlite"
        location.touch()
        other = sqlite3.connect(location, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.5, lambda: other.execute("COMMIT"))
        release.start()
        with reddy.Ledger(location) as opened:
            assert len(opened.batches()) == 0
        release.join()
        other.close()

    def test_a_ledger_of_a_newer_version_is_refused_and_left_as_it_is(self, ledger: reddy.Ledger) -> None:
        with ledger.write() as connection:
            connection.execute(schema_versions.insert().values(version=latest_version() + 1, applied_at=0.0))
        with pytest.raises(LedgerTooNew, match="written by a newer version of the workbench"):
            reddy.Ledger(ledger.url.render_as_string(hide_password=False))
        assert stored(ledger, "schema_versions") == len(MIGRATIONS) + 1

    @pytest.mark.parametrize("version", [1, 16, 100])
    def test_a_ledger_of_a_development_version_is_refused_and_left_as_it_is(
        self, ledger: reddy.Ledger, version: int
    ) -> None:
        """Its numbers began at 1. A ledger that has one of them never counts as one of today's, nor as an older one."""
        with ledger.write() as connection:
            connection.execute(schema_versions.delete())
            connection.execute(
                schema_versions.insert(),
                [{"version": one, "applied_at": 0.0} for one in range(1, version + 1)],
            )
        said = (
            rf"made by a development version of the workbench \(schema {version}\)(.|\n)*Start a new ledger"
        )
        with pytest.raises(LedgerUnavailable, match=said):
            reddy.Ledger(ledger.url.render_as_string(hide_password=False))
        assert stored(ledger, "schema_versions") == version

    def test_the_place_comes_from_the_environment_or_is_the_user_s_data_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "team" / "ours.sqlite"))
        with reddy.Ledger() as ledger:
            assert ledger.name == str(tmp_path / "team" / "ours.sqlite")
        monkeypatch.setenv("REDDY_LEDGER", "  ")
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
        assert default_location().endswith("ledger.sqlite")
        assert "reddy-workbench" in default_location()

    def test_a_ledger_can_be_used_again_after_it_was_closed(self, ledger: reddy.Ledger) -> None:
        ledger.close()
        assert ledger.batches().empty

    @pytest.mark.skipif(os.name == "nt", reason="permissions of another kind")
    def test_only_the_owner_may_read_the_database_and_its_side_files(
        self, tmp_path: Path, sheet: Sheet
    ) -> None:
        before = os.umask(0o022)
        try:
            with reddy.Ledger(tmp_path / "private" / "ledger.sqlite") as ledger:
                load(ledger, sheet(2))
                with ledger.read() as connection:
                    connection.execute(sa.text("SELECT count(*) FROM calls")).scalar_one()
                    files = {
                        path.name: stat.S_IMODE(path.stat().st_mode)
                        for path in (tmp_path / "private").iterdir()
                    }
        finally:
            os.umask(before)
        assert {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"} <= set(files)
        assert set(files.values()) == {0o600}
        assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700

    def test_every_commit_to_sqlite_is_synced_to_disk(self, tmp_path: Path) -> None:
        with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger, ledger.read() as connection:
            assert connection.execute(sa.text("PRAGMA synchronous")).scalar_one() == 2
            assert connection.execute(sa.text("PRAGMA journal_mode")).scalar_one() == "wal"
            assert connection.execute(sa.text("PRAGMA foreign_keys")).scalar_one() == 1
            assert connection.execute(sa.text("PRAGMA busy_timeout")).scalar_one() == 30_000


@contextmanager
def write_lock(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program that is writing to a SQLite file."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.close()


class TestWhenTheDatabaseFails:
    def test_a_locked_ledger_says_so_and_works_again_afterwards(self, tmp_path: Path, sheet: Sheet) -> None:
        path = tmp_path / "ledger.sqlite"
        with reddy.Ledger(f"sqlite:///{path}?timeout=0.05") as ledger:
            batch = load(ledger, sheet(2))
            with write_lock(path):
                with pytest.raises(LedgerUnavailable, match="is locked by another program") as caught:
                    batch.rename("new")
                assert "nothing that was stored is lost" in str(caught.value)
                opened = reddy.Ledger(f"sqlite:///{path}?timeout=0.05")
                assert len(opened.batches()) == 1, "it can be opened and read meanwhile"
                assert batch.counts() == {**NONE, "ready": 2}, "reading goes on while somebody writes"
            batch.rename("new")
            assert ledger.batch(batch.id).name == "new"

    def test_a_load_that_meets_a_lock_leaves_nothing_once_it_is_over(
        self, tmp_path: Path, sheet: Sheet
    ) -> None:
        path = tmp_path / "ledger.sqlite"
        with reddy.Ledger(f"sqlite:///{path}?timeout=0.05") as ledger:
            with pytest.raises(LedgerUnavailable, match="locked"), write_lock(path):
                load(ledger, sheet(3))
            assert ledger.batches().empty
            assert load(ledger, sheet(3)).total == 3

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("not a folder")
        with pytest.raises(
            LedgerUnavailable, match=r"The folder for the ledger cannot be made: .*Choose another path"
        ):
            reddy.Ledger(tmp_path / "file" / "sub" / "ledger.sqlite")

    def test_a_folder_in_place_of_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(LedgerUnavailable, match="cannot be opened for writing"):
            reddy.Ledger(tmp_path)

    def test_a_file_that_may_only_be_read(self, tmp_path: Path, sheet: Sheet) -> None:
        path = tmp_path / "ledger.sqlite"
        with reddy.Ledger(path) as ledger:
            batch = load(ledger, sheet(1))
        with reddy.Ledger(path) as ledger:
            with ledger.engine.connect() as connection:
                connection.exec_driver_sql(
                    "PRAGMA query_only = 1"
                )  # as a disk that is mounted read-only does
            with pytest.raises(
                LedgerUnavailable, match=r"cannot be opened for writing. Check that it is a file"
            ):
                ledger.batch(batch.id).rename("x")

    def test_a_file_that_is_no_ledger_is_named_and_left_alone(self, sheet: Sheet) -> None:
        path = sheet(3)
        before = path.read_bytes()
        with pytest.raises(LedgerUnavailable, match=r"calls\.csv is not a ledger"):
            reddy.Ledger(path)
        assert path.read_bytes() == before

    def test_a_damaged_ledger_says_so(self, tmp_path: Path, sheet: Sheet) -> None:
        path = tmp_path / "ledger.sqlite"
        with reddy.Ledger(path) as ledger:
            batch_id = load(ledger, sheet(40)).id
        content = bytearray(path.read_bytes())
        content[4096:] = b"\x5a" * (len(content) - 4096)
        path.write_bytes(content)
        with pytest.raises(LedgerUnavailable, match="is damaged"), reddy.Ledger(path) as ledger:
            ledger.batch(batch_id).counts()

    @pytest.mark.parametrize(
        ("location", "sentence"),
        [
            ("mysql://ann:geheim@host/calls", "can be SQLite or PostgreSQL, not mysql"),
            ("nonsense://", "can be SQLite or PostgreSQL, not nonsense"),
            ("://", "neither a path nor a database URL"),
            ("postgresql://ann:geheim@host:port/calls", "neither a path nor a database URL"),
            ("postgresql://ann:geh@im@ho:geheim/calls", "neither a path nor a database URL"),
            ("postgresql+asyncpg://ann:geheim@127.0.0.1:1/calls", "127.0.0.1/calls"),
            ("postgres://ann:geheim@127.0.0.1:1/calls", "cannot be reached right now"),
            ("sqlite://", "in memory would lose the record of what was sent"),
            ("sqlite:///:memory:", "in memory would lose the record of what was sent"),
        ],
    )
    def test_an_address_that_does_not_work_is_explained_without_its_password(
        self, location: str, sentence: str
    ) -> None:
        with pytest.raises(LedgerUnavailable, match=sentence) as caught:
            reddy.Ledger(location)
        assert "geheim" not in "".join(traceback.format_exception(caught.value))

    def test_a_password_is_in_no_name_or_repr(self, postgres: str, ledger: reddy.Ledger) -> None:
        if ledger.url.get_backend_name() != "postgresql":
            assert "@" not in repr(ledger)
            return
        with reddy.Ledger(
            ledger.url.set(password="geheim-1").render_as_string(hide_password=False)
        ) as secret:
            for text in (
                repr(secret),
                secret.name,
                repr(secret.url),
                str(secret.url),
                repr(secret.submissions()),
            ):
                assert "geheim-1" not in text
            with secret.translate_errors():
                pass

    def test_no_message_of_the_database_quotes_what_a_customer_said(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        load(ledger, sheet(1, {2: {"Transcript": transcript("my secret is Rosebud", "ok")}}))
        with pytest.raises(sa.exc.IntegrityError) as caught, ledger.write() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO workers (name, host, pid, started, heartbeat, gone) "
                    "SELECT :words, 'h', 1, 0, 0, NULL"
                ),
                {"words": "my secret is Rosebud"},
            )
        assert "Rosebud" not in str(caught.value).split("DETAIL")[0]

    def test_a_fault_of_the_program_is_not_dressed_up_as_a_situation(self, ledger: reddy.Ledger) -> None:
        with (
            pytest.raises((sa.exc.ProgrammingError, LedgerUnavailable)) as caught,
            ledger.read() as connection,
        ):
            connection.execute(sa.text("SELECT nothing FROM nowhere"))
        if ledger.url.get_backend_name() == "postgresql":
            assert isinstance(caught.value, sa.exc.ProgrammingError)

    def test_a_database_user_without_rights_is_told_whom_to_ask(
        self, postgres: str, ledger: reddy.Ledger
    ) -> None:
        if ledger.url.get_backend_name() != "postgresql":
            pytest.skip("SQLite knows no users")
        with ledger.write() as connection:
            connection.execute(sa.text("DROP ROLE IF EXISTS reader_only"))
            connection.execute(sa.text("CREATE ROLE reader_only LOGIN PASSWORD 'geheim-2'"))
        try:
            url = ledger.url.set(username="reader_only", password="geheim-2")
            with pytest.raises(LedgerUnavailable, match="cannot be used by this database user") as caught:
                reddy.Ledger(url.render_as_string(hide_password=False))
            assert "geheim-2" not in "".join(traceback.format_exception(caught.value))
        finally:
            with ledger.write() as connection:
                connection.execute(sa.text("DROP ROLE reader_only"))

    def test_a_database_server_that_went_away_is_a_sentence_and_its_return_needs_no_new_ledger(
        self, ledger: reddy.Ledger, sheet: Sheet
    ) -> None:
        if ledger.url.get_backend_name() != "postgresql":
            pytest.skip("SQLite has no server")
        batch = load(ledger, sheet(2))
        others = sa.text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

        def write_without_a_server() -> None:
            with ledger.write() as connection:
                with ledger.engine.connect() as other:
                    other.execute(others)
                connection.execute(sa.text("UPDATE calls SET status = 'ready'"))

        with pytest.raises(LedgerUnavailable, match="cannot be reached right now"):
            write_without_a_server()
        assert batch.counts() == {**NONE, "ready": 2}
