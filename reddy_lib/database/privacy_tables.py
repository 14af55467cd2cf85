"""The tables of what must not stay, and of who saw what. They belong to the schema (`schema.metadata`).

    forgettings    what was deleted for good, or is being deleted: ids and counts, no words
    retention      after how many days words and recordings are deleted: of one batch, or of all others
    access_log     who opened, downloaded, sent, deleted or changed retention: append-only, no words
    removed_codes  calls whose security codes or PINs were removed from every copy in the ledger

The database refuses to change or delete a row of `access_log`, so an entry can be trusted as far as the database's owner
can: an owner can drop the triggers.
"""

from __future__ import annotations

import sqlalchemy as sa

from reddy_lib.database.schema import metadata

__all__ = ["access_log", "forgettings", "removed_codes", "retention"]

_BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")

forgettings = sa.Table(
    "forgettings",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # batch, calls, person, words, recordings
    sa.Column("batch_ids", sa.Text, nullable=False),  # of the calls, separated by commas
    sa.Column("call_ids", sa.Text, nullable=False),  # as ranges: "2-5,9"
    sa.Column("signature", sa.Text),  # of the sheet's columns, as profiles and recipes have it
    sa.Column("settings", sa.Boolean, nullable=False),  # also profiles and recipes of the same columns
    sa.Column("state", sa.Text, nullable=False),  # running, done
    sa.Column("counts", sa.Text, nullable=False),  # JSON: what was deleted → how many
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
)

retention = sa.Table(
    "retention",
    metadata,
    sa.Column("batch_id", sa.Text, primary_key=True),  # "": all batches without a row of their own
    sa.Column("words_days", sa.Integer),  # NULL: kept
    sa.Column("recordings_days", sa.Integer),  # NULL: kept
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

access_log = sa.Table(
    "access_log",
    metadata,
    sa.Column("id", _BigId, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),  # see access_log.KINDS
    sa.Column("batch_id", sa.Text),
    sa.Column("calls", sa.Integer),  # how many; NULL where that has no meaning
    sa.Column("reference", sa.Text),  # id of the submission, or of the receipt
)

removed_codes = sa.Table(
    "removed_codes",
    metadata,
    sa.Column("call_id", sa.BigInteger, sa.ForeignKey("calls.id"), primary_key=True, autoincrement=False),
    sa.Column("operation_id", sa.Text, primary_key=True),
    sa.Column("codes", sa.Integer, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

_REFUSED = "the access log is append-only"
_TRIGGERS = {
    "sqlite": [
        f"CREATE TRIGGER access_log_no_{verb.lower()} BEFORE {verb} ON access_log "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
        for verb in ("UPDATE", "DELETE")
    ]
    + [  # REPLACE deletes without asking the trigger above
        "CREATE TRIGGER access_log_no_replace BEFORE INSERT ON access_log "
        "WHEN EXISTS (SELECT 1 FROM access_log WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END"
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION access_log_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$",
        "CREATE TRIGGER access_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION access_log_refuse()",
    ],
}


@sa.event.listens_for(access_log, "after_create")
def _append_only(_table: object, connection: sa.Connection, **_options: object) -> None:
    for statement in _TRIGGERS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
