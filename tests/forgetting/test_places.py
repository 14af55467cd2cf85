"""Every table is accounted for: what forgetting does to it is written down."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib import forgetting
from reddy_lib.database import privacy_tables, schema
from reddy_lib.errors import LedgerUnavailable


@pytest.mark.parametrize("table", sorted(schema.metadata.tables))
def test_each_table_is_named_where_forgetting_says_what_it_does(table: str) -> None:
    assert privacy_tables.forgettings.name in schema.metadata.tables
    assert re.search(rf"\b{table}\b", forgetting.__doc__ or ""), (
        f"say in reddy_lib/forgetting what happens to {table}"
    )


@pytest.mark.parametrize("statement", ["UPDATE access_log SET who = 'x'", "DELETE FROM access_log"])
def test_the_log_cannot_be_changed(ledger: reddy.Ledger, statement: str) -> None:
    ledger.set_retention(words_days=9, who="ada")
    before = ledger.access_log()
    with pytest.raises(Exception, match="append-only") as caught, ledger.write() as connection:
        connection.exec_driver_sql(statement)
    assert not isinstance(caught.value, LedgerUnavailable), "it is the caller's mistake, not a situation"
    assert ledger.access_log().equals(before)
    assert list(before["who"]) == ["ada"]


def test_an_entry_of_the_log_cannot_be_replaced(tmp_path: Path) -> None:
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.set_retention(words_days=9, who="ada")
        statement = "INSERT OR REPLACE INTO access_log (id, at, who, what) VALUES (1, 0, 'x', 'opened')"
        with pytest.raises(Exception, match="append-only"), ledger.write() as connection:
            connection.exec_driver_sql(statement)
        assert list(ledger.access_log()["who"]) == ["ada"]
