"""Tags that drift from the type of their column, over a whole batch, and giving them one type again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import reddy_lib as reddy
from reddy_lib.batches.decisions import ManyEdited
from reddy_lib.batches.tag_types import batch_tag_drift, retype_tag
from reddy_lib.database.schema import calls
from reddy_lib.model import Tag, from_payload


def load(ledger: reddy.Ledger, path: Path, tag_type: str) -> reddy.Batch:
    mapping = reddy.guess_mapping(reddy.read_sheet(path))
    return ledger.load(path, mapping.replace(tag_types={"CSAT": tag_type}), progress=False)


def csat(batch: reddy.Batch) -> list[tuple[object, str]]:
    calls = (from_payload(payload) for _, payload in batch.payloads())
    return [(tag.value, tag.type) for call in calls for tag in call.tags or () if tag.key == "CSAT"]


def test_later_rows_that_do_not_fit_are_findings_and_one_summary(
    ledger: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    path = sheet(6, {4: {"CSAT": "n/a"}, 5: {"CSAT": "4.0"}, 6: {"CSAT": "n/a"}, 7: {"CSAT": "007"}})
    batch = load(ledger, path, "integer")
    assert batch.rows(code="tag-value-mismatch") == [4, 6, 7]
    (drift,) = batch_tag_drift(batch)
    assert (drift.key, drift.type, drift.fitting, drift.others, drift.rows) == (
        "CSAT",
        "integer",
        3,
        3,
        [4, 6, 7],
    )
    assert str(drift) == (
        "CSAT: 3 of 6 values do not fit the type integer ('n/a', '007'; first in row 4). "
        "Make the tag text in all calls, or correct the values."
    )
    assert retype_tag(batch, "CSAT", "string", who="ann") == ManyEdited(changed=6, same=0, locked=0)
    assert csat(batch) == [(text, "string") for text in ("1", "2", "n/a", "4.0", "n/a", "007")]
    assert batch_tag_drift(batch) == []
    assert batch.edits(4)["who"].tolist() == ["ann"]
    assert retype_tag(batch, "CSAT", "string") == ManyEdited(changed=0, same=6, locked=0)


def test_a_tag_that_was_edited_keeps_what_was_typed_and_a_sent_call_what_was_sent(
    ledger: reddy.Ledger, sheet: Callable[..., Path]
) -> None:
    path = sheet(3, {2: {"CSAT": "Ja"}, 3: {"CSAT": "nein"}, 4: {"CSAT": "Ja"}})
    batch = load(ledger, path, "boolean")
    call = batch.call(3)
    call.tags = [Tag("CSAT", True, "boolean")]
    batch.replace(3, call)
    with ledger.write() as connection:
        connection.execute(calls.update().where(calls.c.row == 4).values(status="accepted"))
    assert retype_tag(batch, "CSAT", "string") == ManyEdited(changed=2, same=0, locked=1)
    assert csat(batch) == [("Ja", "string"), ("true", "string"), (True, "boolean")]


def test_a_type_that_there_is_not_is_refused(ledger: reddy.Ledger, sheet: Callable[..., Path]) -> None:
    batch = load(ledger, sheet(1), "integer")
    with pytest.raises(
        ValueError, match="there is no tag type 'float': choose among string, integer, boolean"
    ):
        retype_tag(batch, "CSAT", "float")
