"""What a notebook may load besides a path: DataFrames of all shapes, records, calls and open files."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reddy_lib as reddy

WORDS = "Agent: Hello, Cards here.\nCustomer: Hi, my card is lost.\nAgent: I will block it at once."


@pytest.fixture
def ledger(tmp_path: Path) -> reddy.Ledger:
    return reddy.Ledger(tmp_path / "ledger.sqlite")


def table(count: int = 3) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "agent_email": [f"agent{number}@example.com" for number in range(count)],
            "conversation_id": [f"c{number}" for number in range(count)],
            "product_id": [7] * count,
            "timestamp": ["2026-03-01T10:00:00+00:00"] * count,
            "transcript": [WORDS] * count,
        }
    )


class TestFrames:
    def test_a_named_index_is_a_column(self, ledger: reddy.Ledger) -> None:
        batch = ledger.load(table().set_index("conversation_id"), progress=False)
        assert [call.conversation_id for call in batch] == ["c0", "c1", "c2"]

    def test_each_level_of_a_named_index_is_a_column(self, ledger: reddy.Ledger) -> None:
        batch = ledger.load(table().set_index(["conversation_id", "product_id"]), progress=False)
        assert (batch[3].conversation_id, batch[3].product_id) == ("c1", 7)

    @pytest.mark.parametrize(
        "index", [pd.RangeIndex(3), pd.Index([5, 9, 7]), pd.RangeIndex(2, 5, name="row")]
    )
    def test_positions_and_row_numbers_are_no_column(self, ledger: reddy.Ledger, index: pd.Index) -> None:
        batch = ledger.load(table().set_axis(index), progress=False)
        assert list(batch.cells(2)) == list(table())

    def test_an_index_of_texts_is_kept_without_a_name_too(self, ledger: reddy.Ledger) -> None:
        batch = ledger.load(table().set_axis(["x", "y", "z"]), progress=False)
        assert batch.cells_frame()["index"].tolist() == ["x", "y", "z"]

    def test_a_repeated_column_is_numbered_and_nothing_is_lost(self, ledger: reddy.Ledger) -> None:
        frame = pd.concat([table(), table()[["transcript"]].map(lambda _: "second")], axis=1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            batch = ledger.load(frame, progress=False)
        assert batch.cells(2)["transcript"] == WORDS
        assert batch.cells(2)["transcript (2)"] == "second"

    def test_columns_of_several_levels_are_joined_with_dots(self, ledger: reddy.Ledger) -> None:
        frame = table()
        frame.columns = pd.MultiIndex.from_tuples([("call", name) for name in frame.columns])
        assert "call.agent_email" in ledger.load(frame, progress=False).cells(2)

    def test_lists_of_parquet_are_read_like_lists(self, ledger: reddy.Ledger) -> None:
        lines = np.array(
            [{"role": "agent", "text": "Hello"}, {"role": "customer", "text": "Hi"}], dtype=object
        )
        batch = ledger.load(table().assign(transcript=[lines] * 3), progress=False)
        assert [(line.role, line.text) for line in batch[2].transcript or []] == [
            ("agent", "Hello"),
            ("customer", "Hi"),
        ]

    @pytest.mark.parametrize(
        ("cell", "kept"),
        [
            (math.inf, "inf"),
            (2**70, str(2**70)),
            (b"caf\xc3\xa9", "café"),
            (Decimal("1.50"), "1.50"),
            ("half \ud83d", "half \ufffd"),
            (pd.Timedelta(seconds=1), "0 days 00:00:01"),
        ],
    )
    def test_every_kind_of_cell_is_kept(self, ledger: reddy.Ledger, cell: Any, kept: str) -> None:
        batch = ledger.load(table().assign(extra=pd.Series([cell] * 3, dtype=object)), progress=False)
        assert batch.cells(2)["extra"] == kept

    def test_ids_that_are_decimal_numbers_are_whole_numbers(self, ledger: reddy.Ledger) -> None:
        batch = ledger.load(table().assign(conversation_id=[1e15 + 1, 2.0**53, 2.0**53 - 1]), progress=False)
        assert [call.conversation_id for call in batch] == [
            "1000000000000001",
            "9007199254740992",
            "9007199254740991",
        ]
        found = batch.findings()
        assert found[found["code"] == "id-digits-lost"].index.tolist() == [3]
        assert batch.info(3)["status"] == "held"

    @pytest.mark.parametrize("empty", [pd.DataFrame(), table(0), [], iter([])])
    def test_what_is_empty_says_so(self, ledger: reddy.Ledger, empty: Any) -> None:
        with pytest.raises(reddy.errors.EmptySheet, match="nothing to load"):
            ledger.load(empty, progress=False)


class TestRecords:
    def test_a_generator_of_records_or_calls(self, ledger: reddy.Ledger) -> None:
        def records() -> Iterator[dict[str, Any]]:
            yield from table().to_dict("records")

        first = ledger.load(records(), progress=False)
        assert len(ledger.load(iter(first), progress=False)) == len(first) == 3

    @pytest.mark.parametrize(
        ("source", "hint"),
        [
            (b"agent_email", "BytesIO"),
            (table().to_dict("list"), "pandas.DataFrame"),
            (table()["agent_email"], "pandas.DataFrame"),
            ([{}, reddy.Call()], "not a list of dict, Call"),
            (5, "not int"),
        ],
    )
    def test_another_type_is_refused_with_what_to_pass(
        self, ledger: reddy.Ledger, source: Any, hint: str
    ) -> None:
        with pytest.raises(TypeError, match=hint):
            ledger.load(source, progress=False)


class TestOpenFiles:
    def test_a_buffer_of_json_is_read_as_json(self, ledger: reddy.Ledger) -> None:
        assert len(ledger.load(io.StringIO(table().to_json(orient="records")), progress=False)) == 3

    def test_the_file_name_tells_what_a_buffer_holds(self, ledger: reddy.Ledger) -> None:
        lines = table().to_json(orient="records", lines=True)
        assert len(ledger.load(io.StringIO(lines), file_name="calls.jsonl", progress=False)) == 3

    def test_a_buffer_at_its_end_says_how_to_go_back(self, ledger: reddy.Ledger) -> None:
        written = io.StringIO()
        table().to_csv(written, index=False)
        with pytest.raises(reddy.errors.EmptySheet, match=r"seek\(0\)"):
            ledger.load(written, progress=False)

    def test_a_file_that_is_closed_or_open_for_writing(self, ledger: reddy.Ledger, tmp_path: Path) -> None:
        with open(tmp_path / "new.csv", "w") as file, pytest.raises(ValueError, match="open it with mode"):
            ledger.load(file, progress=False)
        with pytest.raises(ValueError, match="The file is closed"):
            ledger.load(file, progress=False)


class TestSettings:
    def test_a_column_may_be_a_number(self, ledger: reddy.Ledger) -> None:
        frame = table().rename(columns={"agent_email": 3})
        assert (
            ledger.load(frame, mapping={"agent_email": 3}, progress=False)[2].agent_email
            == "agent0@example.com"
        )

    def test_an_unknown_field_names_the_known_ones(self, ledger: reddy.Ledger) -> None:
        with pytest.raises(reddy.errors.MappingError, match="no field 'agent': choose among agent_email"):
            ledger.load(table(), mapping={"agent": "agent_email"}, progress=False)

    def test_times_without_a_zone_are_not_read_as_utc_in_silence(self, ledger: reddy.Ledger) -> None:
        frame = table().assign(timestamp="2026-03-01 10:00:00")
        with pytest.warns(UserWarning, match='timezone="Europe/London"') as caught:
            ledger.load(frame, progress=False)
        assert caught[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ledger.load(frame, timezone="UTC", progress=False)
            ledger.load(table(), progress=False)

    def test_wrong_settings_are_refused_before_anything_is_stored(self, ledger: reddy.Ledger) -> None:
        wrong: list[dict[str, Any]] = [{"defaults": [1]}, {"on_progress": 5}, {"mapping": 5}, {"timezone": 1}]
        for settings in wrong:
            with pytest.raises(TypeError, match="must be"):
                ledger.load(table(), progress=False, **settings)
        assert not len(ledger.batches())
