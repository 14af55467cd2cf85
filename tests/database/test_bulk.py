"""One statement for many rows: every value arrives as it is, in SQLite (as one JSON text) and in PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.database.bulk import InsertMany, UpdateMany

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("call_id", sa.BigInteger),
    sa.Column("submission_id", sa.Text),
    sa.Column("number", sa.Integer),
    sa.Column("worker", sa.Text),
    sa.Column("started", sa.Double),
    sa.Column("ended", sa.Double),
    sa.Column("possibly_processed", sa.Boolean),
    sa.Column("http_status", sa.Integer),
    sa.Column("words", sa.Text),
    sa.Column("upload_id", sa.BigInteger),
)

NAMES = ["id", "call_id", "submission_id", "number", "worker", "started"]
INSERT = InsertMany(things, NAMES)
END = UpdateMany(
    things, by=["id", "number"], to=["ended", "possibly_processed", "http_status", "words", "upload_id"]
)

VALUES: list[dict[str, Any]] = [
    {"ended": 1764000000.1234567, "possibly_processed": True, "http_status": 200, "words": None, "upload_id": 2**63 - 1},
    {"ended": 0.1 + 0.2, "possibly_processed": False, "http_status": None, "words": "", "upload_id": -(2**63)},
    {"ended": 1e-300, "possibly_processed": True, "http_status": 0, "words": "“é”\n\t\\\" '$[0]' {} 😀", "upload_id": None},
    {"ended": 5e300, "possibly_processed": False, "http_status": 599, "words": "true", "upload_id": 0},
    {"ended": None, "possibly_processed": True, "http_status": 1, "words": "[1, null]", "upload_id": 1},
]  # fmt: skip


def begun(ledger: reddy.Ledger, count: int) -> None:
    with ledger.write() as connection:
        things.create(connection)
        INSERT(
            connection,
            [
                {"id": f"a{n}", "call_id": n, "submission_id": "s", "number": 1, "worker": "w", "started": n + 0.1}
                for n in range(count)
            ],
        )  # fmt: skip


def stored(ledger: reddy.Ledger) -> dict[str, Any]:
    with ledger.read() as connection:
        return {found.id: found for found in connection.execute(sa.select(things).order_by(things.c.call_id))}


def test_every_kind_of_value_arrives_as_it_is(ledger: reddy.Ledger) -> None:
    begun(ledger, len(VALUES) + 1)
    with ledger.write() as connection:
        END(connection, [{"id": f"a{n}", "number": 1, **values} for n, values in enumerate(VALUES)])
    found = stored(ledger)
    for n, values in enumerate(VALUES):
        row = found[f"a{n}"]._mapping
        assert {name: row[name] for name in values} == values
        assert (row["call_id"], row["started"]) == (n, n + 0.1)
    assert found[f"a{len(VALUES)}"].ended is None, "a row that was not named keeps what it had"


def test_only_the_row_that_all_columns_name_is_changed(ledger: reddy.Ledger) -> None:
    begun(ledger, 2)
    with ledger.write() as connection:
        END(connection, [{"id": "a0", "number": 2, **VALUES[0]}, {"id": "a1", "number": 1, **VALUES[0]}])
    found = stored(ledger)
    assert (found["a0"].http_status, found["a1"].http_status) == (None, 200)


def test_no_rows_is_no_statement(ledger: reddy.Ledger) -> None:
    begun(ledger, 0)
    with ledger.write() as connection:
        INSERT(connection, [])
        END(connection, [])
    assert stored(ledger) == {}


def test_what_a_database_refuses_leaves_nothing_behind(ledger: reddy.Ledger) -> None:
    begun(ledger, 1)
    twice = {"call_id": 7, "submission_id": "s", "number": 1, "worker": "w", "started": 1.0}
    with pytest.raises(sa.exc.IntegrityError), ledger.write() as connection:
        INSERT(connection, [{"id": "new", **twice}, {"id": "a0", **twice}])
    assert list(stored(ledger)) == ["a0"]
