"""Two people change one call: nobody overwrites what the other stored, and each edit has its own name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches import edits as editing
from reddy_lib.database.schema import calls
from reddy_lib.errors import CallChanged, CallLocked, NotInLedger
from reddy_lib.findings import CATALOGUE
from tests.conftest import PRODUCTS

Sheet = Callable[..., Path]
ACCEPTABLE = next(code for code, rule in CATALOGUE.items() if rule.accepting)


@pytest.fixture
def batch(ledger: reddy.Ledger, sheet: Sheet) -> reddy.Batch:
    """Four calls, in rows 2 to 5."""
    return ledger.load(sheet(4), timezone="UTC", products=PRODUCTS, progress=False)


def with_agent(call: reddy.Call) -> reddy.Call:
    return editing.with_field(call, "agent_email", "zoe@cedarline.example")


def test_a_call_is_not_replaced_when_somebody_stored_another_one_since_it_was_read(
    batch: reddy.Batch,
) -> None:
    mine = batch.call(2)
    theirs = batch.database.batch(batch.id)
    theirs.update(2, product_id=2, who="bo")
    with pytest.raises(CallChanged, match=r"changed by bo on .*batch\.change") as caught:
        batch.replace(2, with_agent(mine), who="ann")
    assert (caught.value.row, caught.value.who, caught.value.stored.product_id) == (2, "bo", 2)
    assert batch.call(2).product_id == 2
    assert batch.edits(2)["who"].tolist() == ["bo"]


def test_a_batch_that_never_read_an_edited_call_does_not_replace_it(batch: reddy.Batch) -> None:
    mine = batch.call(2)
    batch.update(2, product_id=2, who="bo")
    again = batch.database.batch(batch.id)  # a cell that was run again: nothing was read through this one
    with pytest.raises(CallChanged, match="have not read it"):
        again.replace(2, with_agent(mine))


def test_expected_says_which_call_an_edit_was_made_from(batch: reddy.Batch) -> None:
    mine = batch.call(2)
    batch.database.batch(batch.id).update(2, product_id=2, who="bo")
    batch.call(2)  # looked at again, and edited from the older one all the same
    with pytest.raises(CallChanged):
        batch.replace(2, with_agent(mine), expected=mine)
    batch.replace(2, with_agent(batch.call(2)), expected=batch.call(2), who="ann")
    assert (batch[2].product_id, batch[2].agent_email) == (2, "zoe@cedarline.example")


def test_a_call_can_be_edited_step_by_step_by_who_stored_it_last(batch: reddy.Batch) -> None:
    batch.replace(2, with_agent(batch.call(2)), who="ann")
    batch.replace(2, editing.with_field(batch.call(2), "product_id", 2), who="ann")
    batch.replace(2, editing.with_field(batch.call(2), "product_id", 1), who="ann")
    assert batch.edits(2)["field"].tolist() == ["agent_email", "product_id", "product_id"]


def test_a_change_works_on_what_is_stored_and_keeps_what_somebody_stored_meanwhile(
    batch: reddy.Batch,
) -> None:
    theirs = batch.database.batch(batch.id)
    seen: list[int | None] = []

    def slowly(call: reddy.Call) -> reddy.Call:
        if not seen:
            theirs.update(2, product_id=2, who="bo")  # stored while this function runs: no lock is held
        seen.append(call.product_id)
        return with_agent(call)

    batch.change(2, slowly, who="ann")
    assert seen == [1, 2]
    assert (batch[2].product_id, batch[2].agent_email) == (2, "zoe@cedarline.example")
    assert batch.edits(2)[["field", "who"]].values.tolist() == [["product_id", "bo"], ["agent_email", "ann"]]


def test_eight_threads_that_add_a_tag_each_lose_none(batch: reddy.Batch) -> None:
    def add(number: int) -> None:
        mine = batch.database.batch(batch.id)

        def tagged(call: reddy.Call) -> reddy.Call:
            call.tags = [*(call.tags or ()), reddy.Tag(f"t{number}", number, "integer")]
            return call

        mine.change(2, tagged, who=f"p{number}")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {f"t{number}" for number in range(8)} <= set(batch.tags(2)["key"])


def test_what_a_change_raises_stores_nothing(batch: reddy.Batch) -> None:
    with pytest.raises(ZeroDivisionError):
        batch.change(2, lambda call: editing.with_field(call, "product_id", 1 // 0))
    with pytest.raises(TypeError, match="must return the call"):
        batch.change(2, lambda call: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="must be a function"):
        batch.change(2, batch.call(2))  # type: ignore[arg-type]
    assert batch.count(edited=True) == 0


def test_fields_of_many_calls_are_set_at_once(batch: reddy.Batch) -> None:
    done = batch.update(np.array([2, 3, 4]), product_id=np.int64(2), who="ann")
    assert (done.changed, done.same, done.locked) == (2, 1, 0)
    assert [call.product_id for call in batch] == [2, 2, 2, 2]
    with pytest.raises(ValueError, match="no field 'product': choose among agent_email, product_id"):
        batch.update([2], product=2)
    with pytest.raises(TypeError, match="product_id must be a whole number"):
        batch.update([2], product_id="2")
    with pytest.raises(ValueError, match="Name a field"):
        batch.update([2])
    assert batch.count(edited=True) == 2


def test_a_tag_is_renamed_wherever_it_stands(batch: reddy.Batch) -> None:
    done = batch.rename_tag("CSAT", "csat", who="ann")
    assert done.changed == 4
    assert batch.tags(3)["key"].tolist() == ["csat"]
    with pytest.raises(ValueError, match="has a tag 'CSAT'"):
        batch.rename_tag("CSAT", "csat")


def test_a_change_of_a_call_that_was_sent_is_refused(batch: reddy.Batch) -> None:
    with batch.database.write() as connection:
        connection.execute(calls.update().where(calls.c.row == 2).values(status="accepted"))
    with pytest.raises(CallLocked):
        batch.change(2, with_agent)
    assert batch.update([2, 3], agent_email="zoe@cedarline.example").locked == 1


# rows, filters, names


@pytest.mark.parametrize("row", [2, np.int64(2), np.uint8(2)])
def test_a_row_number_may_be_any_integer(batch: reddy.Batch, row: Any) -> None:
    assert batch.call(row) == batch[2]
    assert len(batch.findings(row)) == len(batch.findings(2))
    assert len(batch.lines(row)) == 2
    assert batch.info(row)["status"] == "ready"
    assert batch.loss(row).characters == batch.loss(2).characters
    assert row in batch


ONE_ROW = ["call", "original", "cells", "findings", "findings_of", "info", "lines", "tags", "loss", "unassigned",
           "decisions", "can_accept", "edits", "attempts", "revert", "detach", "recording"]  # fmt: skip


@pytest.mark.parametrize("method", ONE_ROW)
def test_a_row_that_is_not_there_or_no_number_is_refused(shared_batch: reddy.Batch, method: str) -> None:
    for row in (99, 0, -1, 2**40):
        with pytest.raises(NotInLedger, match="has no call in row"):
            getattr(shared_batch, method)(row)
    for row in (2.0, "2", True, np.bool_(True), np.float64(2)):
        with pytest.raises(TypeError, match="row number must be a whole number"):
            getattr(shared_batch, method)(row)


@pytest.fixture(scope="module")
def shared_batch(shared_ledger: reddy.Ledger, tmp_path_factory: pytest.TempPathFactory) -> reddy.Batch:
    path = tmp_path_factory.mktemp("sheet") / "calls.csv"
    path.write_text(
        "Agent Email,Product\nann@cedarline.example,1\nbo@cedarline.example,2\n", encoding="utf-8"
    )
    return shared_ledger.load(path, progress=False)


@pytest.mark.parametrize(
    "rows", [[2, 3], (2, 3), {3, 2}, range(2, 4), np.array([2, 3]), pd.Series([3, 2, 2]), pd.Index([2, 3]),
             (row for row in (2, 3))]
)  # fmt: skip
def test_rows_may_be_any_collection_of_integers(shared_batch: reddy.Batch, rows: Any) -> None:
    assert shared_batch.these_rows(rows) == [2, 3]


@pytest.mark.parametrize(
    "rows", ["23", b"23", 2.5, {2: 3}, [2, "3"], [2.0], [True], np.array([True, False]), [None]]
)
def test_what_is_no_row_number_is_refused_by_every_method_that_takes_rows(
    shared_batch: reddy.Batch, rows: Any
) -> None:
    for use in (
        lambda: shared_batch.count(rows=rows),
        lambda: list(shared_batch.payloads(rows)),
        lambda: shared_batch.update(rows, product_id=1),
        lambda: shared_batch.swap_roles(rows),
        lambda: shared_batch.decide(rows, "drop"),
        lambda: shared_batch.accept(rows, ACCEPTABLE),
    ):
        with pytest.raises(TypeError, match="row number"):
            use()


def test_unknown_rows_filters_statuses_severities_and_codes_raise_and_say_what_there_is(
    shared_batch: reddy.Batch,
) -> None:
    with pytest.raises(NotInLedger, match="no calls in rows 98 and 99"):
        shared_batch.rows(rows=[2, 98, 99])
    with pytest.raises(ValueError, match="no filter 'state': choose among query, status, severity"):
        shared_batch.calls(state="ready")
    with pytest.raises(ValueError, match="no status 'redy': choose among held, ready"):
        shared_batch.count(status=["held", "redy"])
    with pytest.raises(ValueError, match="no severity 'fatal': choose among error, warning"):
        shared_batch.rows(severity="fatal")
    with pytest.raises(ValueError, match="no code 'agent-email-mising'"):
        shared_batch.finding_counts(code="agent-email-mising")
    with pytest.raises(ValueError, match="no code"):
        shared_batch.withdraw(2, "nonsense")
    with pytest.raises(TypeError, match="who must be text"):
        shared_batch.update([2], product_id=1, who=None)  # type: ignore[arg-type]


def test_a_batch_has_a_length_calls_by_row_and_a_table_for_notebooks(shared_batch: reddy.Batch) -> None:
    assert len(shared_batch) == 2
    assert shared_batch
    assert [call.agent_email for call in shared_batch] == ["ann@cedarline.example", "bo@cedarline.example"]
    assert 99 not in shared_batch
    shown = shared_batch._repr_html_()
    assert "<td>2</td>" in shown
    assert "held" in shown


def test_marks_and_frames_in_place_of_rows_say_what_to_pass(batch: reddy.Batch) -> None:
    calls = batch.calls()
    with pytest.raises(TypeError, match=r"pass frame\.index\[marks\]"):
        batch.update(calls["status"] == "ready", product_id=1)
    with pytest.raises(TypeError, match=r"pass the frame's index"):
        batch.update(calls, product_id=1)


def test_a_start_may_be_a_time_with_a_zone(batch: reddy.Batch) -> None:
    batch.update(2, timestamp=pd.Timestamp("2026-03-01 10:00", tz="Europe/Berlin"))
    assert batch[2].timestamp == 1_772_355_600
    for wrong in (pd.Timestamp("2026-03-01 10:00"), pd.NaT, float("nan")):
        with pytest.raises(ValueError, match="timestamp"):
            batch.update(2, timestamp=wrong)


def test_numbers_of_a_frame_are_stored_as_numbers(batch: reddy.Batch) -> None:
    batch.change(2, lambda call: msgspec.structs.replace(call, product_id=np.int64(8)))
    assert batch[2].product_id == 8


@pytest.mark.parametrize("value", ["8", pd.Timestamp("2026-03-01"), pd.NA])
def test_a_value_that_no_call_can_hold_is_refused(batch: reddy.Batch, value: Any) -> None:
    with pytest.raises(TypeError, match=r"was not stored|cannot hold"):
        batch.change(2, lambda call: msgspec.structs.replace(call, product_id=value))


@pytest.mark.parametrize(
    "filters", [{"edited": "yes"}, {"limit": 1.5}, {"limit": -1}, {"offset": -1}, {"product": "1"}]
)
def test_a_filter_of_the_wrong_kind_is_refused(batch: reddy.Batch, filters: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match="must be"):
        batch.calls(**filters)


def test_an_unknown_code_lists_similar_ones_only(batch: reddy.Batch) -> None:
    with pytest.raises(ValueError, match="choose among product-missing") as refused:
        batch.calls(code="product-mising")
    assert len(str(refused.value)) < 200


def test_reversed_begins_with_the_last_row(batch: reddy.Batch) -> None:
    assert list(reversed(batch)) == list(batch)[::-1]
