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
from reddy_lib.batches.operations import Operation, change_in_pieces, edits_of_call, history
from reddy_lib.batches.profiles import signature_of
from reddy_lib.batches.steps import EditCall, Step, Value
from reddy_lib.batches.stored_batch import StoredBatch
from reddy_lib.database.schema import calls, recipes
from reddy_lib.errors import MappingError, NotInLedger

if TYPE_CHECKING:
    from reddy_lib.database.database import Database

__all__ = [
    "Applied",
    "Recipe",
    "apply_recipe",
    "columns_of",
    "keep_recipe",
    "recipe_of",
    "recipes_for",
    "retire_recipe",
]

_KIND = "reddy-workbench recipe"
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
        try:
            data = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            data = None
        if not isinstance(data, dict) or data.get("kind") != _KIND:
            raise MappingError(
                "This file is not a recipe. Choose one that was downloaded from the workbench."
            )
        try:
            return cls(
                name=msgspec.convert(data.get("name"), str),
                columns=msgspec.convert(data.get("columns"), list[str]),
                steps=msgspec.convert(data.get("steps"), list[Step]),
            )
        except msgspec.ValidationError as error:
            if data.get("version") != 1:
                raise MappingError(
                    "A newer version of the workbench wrote this recipe. Update this workbench, then import it again."
                ) from None
            raise MappingError(f"This recipe is damaged: {error}. Export it again.") from None


class Applied(NamedTuple):
    """What one step of a recipe did. `why`: "" or the reason why it changed nothing."""

    step: Step
    changed: int
    locked: int
    why: str
    operation: Operation | None

    def __str__(self) -> str:
        if self.why:
            return f"{self.step.title()}: does not apply, because {self.why}"
        return f"{self.step.title()}: {self.changed:,} changed" + (
            f", {self.locked:,} locked" if self.locked else ""
        )


def columns_of(batch: StoredBatch) -> list[str]:
    """Return the columns of the sheet that a batch was loaded from."""
    query = sa.select(calls.c.cells).where(calls.c.batch_id == batch.id).order_by(calls.c.row).limit(1)
    with batch.database.read() as connection:
        cells = connection.execute(query).scalar()
    return [] if cells is None else list(msgspec.json.decode(cells))


def recipe_of(batch: StoredBatch, name: str = "") -> Recipe:
    """Return the operations of a batch that still stand as a recipe, in the order in which they were made."""
    steps: list[Step] = []
    left_out: list[str] = []
    for one in reversed(history(batch)):
        if one.undone_by is not None or one.undoes is not None:
            continue
        if one.step is not None:
            steps.append(one.step)
            continue
        edits = edits_of_call(batch, one)
        if edits is None:
            left_out.append(one.title)
        else:
            conversation_id, changed = edits
            values = tuple(Value(field, before, after) for field, before, after in changed)
            steps.append(EditCall(conversation_id=conversation_id, values=values))
    return Recipe(name=name or batch.name, columns=columns_of(batch), steps=steps, left_out=left_out)


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

    Args:
        on_problem: whether to go on after a step that does not apply.
        skip: positions of steps (from 0) to leave out.
        on_progress: called with the position of the step that is next.
    """
    arguments.known(on_problem, "on_problem", ("continue", "stop"))
    done: list[Applied] = []
    for place, step in enumerate(recipe.steps):
        if place in skip:
            continue
        if on_progress is not None:
            on_progress(place)
        operation = change_in_pieces(batch, batch.rows(), step, who=who)
        why = "" if operation.changed else step.nothing()
        done.append(
            Applied(step, operation.changed, operation.locked, why, operation if operation.changed else None)
        )
        if why and on_problem == "stop":
            break
    return done


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
