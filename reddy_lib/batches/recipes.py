"""Recipes: the operations of one batch as steps that are applied to the next export with the same columns.

`recipe_of` collects the operations of a batch that still stand. Steps speak of fields, values, tags and findings; an edit
of a single call goes by its conversation id. A recipe belongs to a set of column names, as a profile does.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

import reddy_lib.arguments as arguments
from reddy_lib.batches.call_changes import Change
from reddy_lib.batches.decisions import read_decisions
from reddy_lib.batches.named_products import named, resolved
from reddy_lib.batches.operation_records import edits_of_call
from reddy_lib.batches.operations import (
    Operation,
    change_in_pieces,
    changed_rows,
    chosen_rows,
    history,
    resume,
)
from reddy_lib.batches.previews import effect_of, stored_calls
from reddy_lib.batches.profiles import signature_of
from reddy_lib.batches.steps import (
    EditCall,
    OnlyWhere,
    Step,
    Value,
    anchor_of,
    read_step,
    step_json,
)
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import EDITABLE, calls, recipes
from reddy_lib.errors import MappingError, NotInLedger
from reddy_lib.model import from_payload, payload_json
from reddy_lib.plurals import agreeing

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = [
    "Applied",
    "Fitting",
    "Recipe",
    "apply_recipe",
    "columns_of",
    "fitting",
    "keep_recipe",
    "plan",
    "recipe_of",
    "recipes_for",
    "retire_recipe",
]

_KIND = "reddy-workbench recipe"
MOST_BYTES = 10_000_000
MOST_NAME = 200
_steps = msgspec.json.Decoder(list[Step])


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Steps, and the columns of the sheets that they are for.

    Attributes:
        id: "" for a recipe that is not stored in a ledger, such as one read from a file.
        left_out: titles of operations that cannot be steps, because they were functions or decisions about single texts.
    """

    name: str
    columns: list[str]
    steps: list[Step]
    id: str = ""
    who: str = ""
    saved_at: datetime | None = None
    left_out: list[str] = []

    def __repr__(self) -> str:
        return f"<Recipe {self.name!r} · {len(self.steps)} steps>"

    def to_file(self) -> bytes:
        """Return the recipe as JSON for `from_file`. It holds the values that its steps name, and no whole calls."""
        kept = {"kind": _KIND, "version": 1, "name": self.name, "columns": self.columns, "steps": self.steps}
        return msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n"

    @classmethod
    def from_file(cls, content: bytes) -> Recipe:
        """Read a file written by `to_file`. Raises MappingError if it is not a recipe, or has a newer version."""
        if len(content) > MOST_BYTES:
            raise MappingError(
                f"This file has {len(content):,} bytes, more than any recipe. Choose one that was downloaded from the "
                "workbench."
            )
        try:
            data = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            data = None
        if not isinstance(data, dict) or data.get("kind") != _KIND:
            raise MappingError(
                "This file is not a recipe. Choose one that was downloaded from the workbench."
            )
        if data.get("version") != 1:
            raise MappingError(
                "A newer version of the workbench wrote this recipe. Update this workbench, then import it again."
            )
        try:
            name = " ".join(msgspec.convert(data.get("name"), str).split())[:MOST_NAME]
            return cls(
                name=name,
                columns=msgspec.convert(data.get("columns"), list[str]),
                steps=msgspec.convert(data.get("steps"), list[Step]),
            )
        except (msgspec.ValidationError, RecursionError) as error:
            raise MappingError(f"This recipe is damaged: {error}. Export it again.") from None


class Applied(NamedTuple):
    """What one step of a recipe did, or (of a plan) would do.

    Attributes:
        matched: calls that can be changed and that the step is about. changed: of them, those that differ now.
        locked: calls that are being sent or were sent.
        why: "" or the reason why it changed nothing.
    """

    step: Step
    matched: int
    changed: int
    locked: int
    why: str
    operation: Operation | None = None

    def __str__(self) -> str:
        if self.why:
            return f"{self.step.title()}: does not apply, because {self.why}"
        matched = f" of {self.matched:,} that match" if self.matched != self.changed else ""
        locked = f", {self.locked:,} locked" if self.locked else ""
        return f"{self.step.title()}: {self.changed:,} changed{matched}{locked}"


class Fitting(NamedTuple):
    """A recipe for the columns of a batch. `done`: each of its steps stands in the batch already."""

    recipe: Recipe
    done: bool


MOST_CALLS = 500
"""Calls that a step of a recipe may name by their conversation ids."""


def columns_of(batch: StoredBatch) -> list[str]:
    """Return the columns of the sheet that a batch was loaded from, in the order in which its rows bring them."""
    query = sa.select(calls.c.cells).where(calls.c.batch_id == batch.id).order_by(calls.c.row).limit(200)
    with batch.database.read() as connection:
        cells = [msgspec.json.decode(one) for one in connection.execute(query).scalars()]
    return list(
        dict.fromkeys(name for one in cells for name in one)
    )  # records of JSON leave out what is empty


def recipe_of(batch: StoredBatch, name: str = "") -> Recipe:
    """Return the operations of a batch that still stand as a recipe, in the order in which they were made.

    A step that was applied to chosen calls, and would change others too, is kept for those calls: it goes by their
    conversation ids. So what was done to 40 calls of March is not done to all of April.
    """
    steps: list[Step] = []
    left_out: list[str] = []
    for one in reversed(history(batch)):
        if one.undone_by is not None or one.undoes is not None:
            continue
        step = _for_its_calls(batch, one) if one.step is not None else _edit_of(batch, one)
        if step is None:
            left_out.append(one.title)
        else:
            steps.append(step)
    return Recipe(name=name or batch.name, columns=columns_of(batch), steps=steps, left_out=left_out)


def _edit_of(batch: StoredBatch, one: Operation) -> Step | None:
    found = edits_of_call(batch, one)
    if found is None:
        return None
    conversation_id, edits, call = found
    values = tuple(
        Value(edit.field, edit.before, edit.after, anchor_of(call, edit.field, edit.before)) for edit in edits
    )
    gone = any("[0]" in edit.field for edit in edits)  # the edit of a line that was deleted since
    return None if gone else EditCall(conversation_id=conversation_id, values=values)


def _for_its_calls(batch: StoredBatch, one: Operation) -> Step | None:
    """Return the step of an operation, limited to its calls if it would change others too; None: too many of them."""
    step = one.step
    assert step is not None
    chosen = set(chosen_rows(batch, one))
    others = [row for row in batch.rows() if row not in chosen]
    if not others or isinstance(step, EditCall) or not effect_of(batch, others, step).changed:
        return step
    rows = changed_rows(batch, one)
    ids = tuple(dict.fromkeys(call.conversation_id or "" for call in map(batch.call, rows[: MOST_CALLS + 1])))
    if len(rows) > MOST_CALLS or "" in ids or isinstance(step, OnlyWhere):
        return None
    return OnlyWhere(source="conversation_id", values=ids, then=step)


def fitting(batch: StoredBatch) -> list[Fitting]:
    """Return the recipes for the columns of this batch, the newest first; see `Batch.recipes`."""
    found = recipes_for(batch.database, columns_of(batch))
    if not found:
        return []
    standing = {_key(step) for step in recipe_of(batch).steps}
    return [
        Fitting(recipe, all(_key(named(step, batch.products)) in standing for step in recipe.steps))
        for recipe in found
        if recipe.steps
    ]


def keep_recipe(database: Database, recipe: Recipe, *, who: str = "") -> Recipe:
    """Store a recipe, and retire the older one of the same name and columns.

    Raises MappingError: the recipe has no name, or no step.
    """
    name = arguments.text(recipe.name, "name").strip()
    if not name or not recipe.steps:
        raise MappingError("A recipe needs a name and a step.")
    now, signature = time.time(), signature_of(recipe.columns)
    kept = msgspec.structs.replace(
        recipe, name=name, id="r" + secrets.token_hex(8), who=who, saved_at=datetime.fromtimestamp(now, UTC)
    )
    with database.write() as connection:
        connection.execute(
            recipes.update()
            .where(recipes.c.signature == signature, recipes.c.name == name)
            .values(retired=True)
        )
        connection.execute(
            recipes.insert().values(
                id=kept.id,
                name=name,
                signature=signature,
                columns=msgspec.json.encode(kept.columns).decode(),
                steps=msgspec.json.encode(kept.steps).decode(),
                who=who,
                saved_at=now,
                retired=False,
            )
        )
    return kept


def recipes_for(database: Database, columns: Iterable[str] | None = None) -> list[Recipe]:
    """Return the recipes for sheets with these columns (None: all), the newest first."""
    query = sa.select(recipes).where(recipes.c.retired.is_(False)).order_by(recipes.c.saved_at.desc())
    if columns is not None:
        query = query.where(recipes.c.signature == signature_of(columns))
    with database.read() as connection:
        return [_stored(record) for record in connection.execute(query).all()]


def retire_recipe(database: Database, recipe: Recipe) -> None:
    """Hide a stored recipe. Raises NotInLedger: the ledger has no such recipe."""
    with database.write() as connection:
        done = connection.execute(recipes.update().where(recipes.c.id == recipe.id).values(retired=True))
    if not done.rowcount:
        raise NotInLedger(f"The ledger has no recipe {recipe.id!r}.")


def apply_recipe(
    batch: StoredBatch,
    recipe: Recipe,
    *,
    who: str = "",
    on_problem: Literal["continue", "stop"] = "continue",
    skip: Sequence[int] = (),
    on_progress: Callable[[int], object] | None = None,
) -> list[Applied]:
    """Apply the steps of a recipe to all calls of a batch, each as an operation of its own. Return what each one did.

    Run again after it was interrupted, it goes on where it stopped: an operation that stopped is resumed, and a step that
    would do its work twice (times that are shifted, sides that are swapped) is left out if it stands already.

    Args:
        on_problem: whether to go on after a step that does not apply.
        skip: positions of steps (from 0) to leave out.
        on_progress: called with the position of the step that is next.
    """
    arguments.known(on_problem, "on_problem", ("continue", "stop"))
    batch.database.require("edit")  # also where every step stands already
    done: list[Applied] = []
    earlier = _earlier(batch)
    for place, step in enumerate(recipe.steps):
        if place in skip:
            continue
        if on_progress is not None:
            on_progress(place)
        one = _apply(batch, step, earlier, who)
        done.append(one)
        if one.why and on_problem == "stop":
            break
    return done


def _apply(batch: StoredBatch, step: Step, earlier: dict[str, list[Operation]], who: str) -> Applied:
    try:
        step = resolved(step, batch.products)
    except ValueError as error:
        return Applied(step, 0, 0, 0, _reason(error))
    before = earlier.get(_key(named(step, batch.products)), [])
    matched: set[int] = set()
    try:
        if before and before[0].state == "stopped":
            operation = resume(batch, before.pop(0))
            return Applied(step, operation.changed, operation.changed, operation.locked, "", operation)
        if before and not step.repeatable:
            return Applied(step, 0, 0, 0, f"it was applied before (operation {before.pop(0).number})")
        operation = change_in_pieces(batch, batch.rows(), step, who=who, matched=matched)
    except (TypeError, ValueError) as error:  # a value that calls of this batch cannot hold
        return Applied(step, len(matched), 0, 0, _reason(error))
    why = "" if operation.changed else step.nothing()
    if not operation.changed and matched:
        why = agreeing(
            len(matched), "call matches, and has this already", "calls match, and have this already"
        )
    return Applied(
        step, len(matched), operation.changed, operation.locked, why, operation if operation.changed else None
    )


def _key(step: Step) -> str:
    """Return what equal steps share, whether one was stored or not: 60 and 60.0 seconds are the same."""
    return step_json(read_step(step_json(step)))


def _reason(error: Exception) -> str:
    words = str(error).rstrip(".")
    return words[:1].lower() + words[1:]


def _earlier(batch: StoredBatch) -> dict[str, list[Operation]]:
    """Return the operations of a batch that stand, by their step, the oldest first."""
    found: dict[str, list[Operation]] = {}
    for one in reversed(history(batch)):
        if one.step is not None and one.undone_by is None and one.undoes is None and one.state != "running":
            found.setdefault(_key(one.step), []).append(one)
    return found


def plan(batch: StoredBatch, recipe: Recipe, *, skip: Sequence[int] = ()) -> list[Applied]:
    """Return what each step of a recipe would do, each on what the steps before it leave. Nothing is stored.

    Findings are those of now: a step that speaks of a finding is counted as if the earlier steps had not been made.
    """
    steps: list[Step] = []
    changes: list[Change | None] = []
    whys: list[str] = []
    for place, step in enumerate(recipe.steps):
        if place in skip:
            continue
        try:
            step = resolved(step, batch.products)
            changes.append(step.change(who=""))
            whys.append("")
        except ValueError as error:
            changes.append(None)
            whys.append(_reason(error))
        steps.append(step)
    matched, changed = [0] * len(steps), [0] * len(steps)
    locked = 0
    for stored in stored_calls(batch, batch.rows()):
        if stored.status not in EDITABLE:
            locked += 1
            continue
        call, decisions = from_payload(stored.payload), read_decisions(stored.decisions)
        for place, change in enumerate(changes):
            if change is None:
                continue
            concerned = steps[place].concerns(call, stored)
            new, taken = change(call, decisions, stored)
            differs = taken != decisions or payload_json(new) != payload_json(call)
            changed[place] += differs
            matched[place] += differs or bool(concerned)
            call, decisions = new, taken
    return [
        Applied(
            step,
            matched[place],
            changed[place],
            locked,
            whys[place] or ("" if changed[place] else step.nothing()),
        )
        for place, step in enumerate(steps)
    ]


def _stored(record: sa.Row[Any]) -> Recipe:
    try:
        steps = _steps.decode(record.steps)
    except (msgspec.ValidationError, msgspec.DecodeError):
        steps = []  # of a newer version
    return Recipe(
        name=record.name,
        columns=msgspec.json.decode(record.columns),
        steps=steps,
        id=record.id,
        who=record.who,
        saved_at=datetime.fromtimestamp(record.saved_at, UTC),
    )
