"""The dialog that changes many calls at once: a field, a tag, text, a speaker, or the findings that may stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import streamlit as st

from reddy_lib import ui
from reddy_lib.batches import edits as editing
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.previews import effect_of
from reddy_lib.batches.steps import (
    DropTag,
    GiveRole,
    RenameTag,
    Replace,
    RetypeTag,
    SetField,
    SetTag,
    Step,
    SwapRoles,
)
from reddy_lib.errors import ReddyError
from reddy_lib.findings import CATALOGUE
from reddy_lib.model import ROLES, TAG_TYPES, Call
from reddy_lib.spreadsheet.cells.tag_values import tag_value
from reddy_lib.transcripts.roles import LEAVE_OUT
from reddy_lib.ui.dialogs import close_dialog
from reddy_lib.ui.operation_jobs import run_operation

__all__ = ["edit_many"]

WHAT = ["Product", "Agent email", "Role of a speaker", "Swap sides", "Tag", "Text", "Findings"]
TYPES = {"string": "text", "integer": "whole number", "boolean": "yes or no"}
Done = Callable[[], None]


@st.dialog("Edit many calls", width="medium", on_dismiss=close_dialog)
def edit_many(batch: Batch, rows: list[int], chosen_by: str, products: dict[int, str], changed: Done) -> None:
    """Choose a change, say how many calls it changes, and make it.

    Args:
        chosen_by: what the rows are, in words: "those that are ticked".
        products: id → name.
        changed: called after a change was stored.
    """
    st.caption(f"{ui.number_of(len(rows), 'call')}: {chosen_by}.")
    what = st.segmented_control("What to set", WHAT, default="Product", required=True)
    if what == "Findings":
        _accept(batch, rows, changed)
        return
    try:
        step = {
            "Product": lambda: _product(products),
            "Agent email": _agent,
            "Role of a speaker": lambda: _role(batch, rows),
            "Swap sides": SwapRoles,
            "Tag": lambda: _tag(batch, rows),
            "Text": _text,
        }[what]()
    except ValueError as error:  # a pattern that cannot be used
        st.error(ui.escape(str(error)), icon=":material/error:")
        step = None
    except ReddyError as error:
        ui.alert(error)
        return
    if step is None:
        st.button("Change", type="primary", disabled=True)
    else:
        _confirm(batch, rows, step, changed)


def _confirm(batch: Batch, rows: list[int], step: Step, changed: Done) -> None:
    try:
        effect = effect_of(batch, rows, step)
    except ReddyError as error:
        ui.alert(error)
        return
    has = "has" if effect.same == 1 else "have"
    others = [f"{effect.same:,} already {has} this value"] if effect.same else []
    others += [f"being sent, or sent already, and left as it is: {effect.locked:,}"] if effect.locked else []
    st.write(
        f"This changes {effect.changed:,} of {ui.number_of(len(rows), 'call')}"
        + "".join(f"; {other}" for other in others)
        + "."
    )
    if st.button(
        f"Change {ui.number_of(effect.changed, 'call')}", type="primary", disabled=not effect.changed
    ):
        who = ui.who()  # the thread has no session to ask
        ended = run_operation(
            batch,
            step.title(),
            len(rows),
            lambda progress: batch.apply(step, rows, who=who, on_progress=progress),
            changed=changed,
        )
        if ended != "failed":
            close_dialog()
            st.rerun()


def _product(products: dict[int, str]) -> Step | None:
    product = st.selectbox(
        "Product", list(products), index=None, format_func=lambda number: f"{products[number]} · {number}"
    )
    return None if product is None else SetField(field="product_id", value=product)


def _agent() -> Step | None:
    email = st.text_input("Agent email", placeholder="name@company.example").strip()
    return SetField(field="agent_email", value=email) if email else None


def _role(batch: Batch, rows: Sequence[int]) -> Step | None:
    found = editing.speakers(msgspec.convert(payload, Call) for _, payload in batch.payloads(rows))
    label = st.selectbox(
        "Lines of this speaker",
        list(found),
        format_func=lambda role: f"{role or 'no role'} · {ui.number_of(found[role], 'line')}",
    )
    role = st.segmented_control("become", [*ROLES, LEAVE_OUT], format_func=str.capitalize)
    if label is None or not role or role == label:
        return None
    return GiveRole(label=label, role=role)  # type: ignore[arg-type]


def _tag(batch: Batch, rows: Sequence[int]) -> Step | None:
    values: dict[str, Counter[tuple[str, str]]] = {}
    for _, payload in batch.payloads(rows):
        for tag in payload.get("tags", ()):
            values.setdefault(tag["key"], Counter())[editing.value_text(tag["value"]), tag["type"]] += 1
    new = "a new tag …"
    left, right = st.columns(2)
    key = left.selectbox(
        "Tag",
        [*sorted(values), new],
        format_func=lambda name: (
            name if name == new else f"{name} · {ui.number_of(values[name].total(), 'call')}"
        ),
    )
    if key == new:
        name = right.text_input("Name of the new tag").strip()
        value = st.text_input("Value in all of these calls")
        kind = st.segmented_control(
            "Type", TAG_TYPES, default="string", required=True, format_func=TYPES.__getitem__
        )
        return _set_tag(name, value, kind, None) if name and value else None
    action = st.segmented_control(
        "Do what",
        ["Set the value", "Rename", "Change the type", "Delete"],
        default="Set the value",
        required=True,
    )
    if action == "Rename":
        name = st.text_input("New name", placeholder=key).strip()
        return RenameTag(old=key, new=name) if name and name != key else None
    if action == "Change the type":
        other = st.segmented_control("Type", TAG_TYPES, format_func=TYPES.__getitem__)
        return RetypeTag(key=key, type=other) if other else None  # type: ignore[arg-type]
    every = "any value"
    texts = [every, *(text for (text, _), _ in values[key].most_common(200))]
    only: Any = st.selectbox("Where it is", texts)
    only = None if only == every else only
    if action == "Delete":
        return DropTag(key=key, only=only)
    given = st.text_input("New value")
    return _set_tag(key, given, values[key].most_common(1)[0][0][1], only) if given else None


def _set_tag(key: str, value: str, kind: Any, only: str | None) -> Step | None:
    read = tag_value(value, kind)
    if kind != "string" and isinstance(read, str):
        st.caption(f":orange[:material/warning: “{ui.escape(value)}” is not a {TYPES[kind]}.]")
        return None
    return SetTag(key=key, value=read, type=kind, only=only)


def _text() -> Step | None:
    within = {"The transcript": "transcript", "The tags": "tags", "Agent emails": "agent_email"}
    left, right = st.columns(2)
    where = left.selectbox("In", list(within))
    sides = {"both sides": "", **{f"the {role}": role for role in ROLES}}
    side = right.selectbox("Said by", list(sides), disabled=where != "The transcript")
    find = left.text_input("Find")
    by = right.text_input("Replace by")
    whole = left.checkbox("Whole words", value=True)
    either_case = right.checkbox("Upper and lower case alike")
    pattern = left.checkbox("It is a regular expression")
    if not find:
        return None
    return Replace(
        find=find, by=by, within=within[where], role=sides[side] if within[where] == "transcript" else "",
        whole_words=whole, ignore_case=either_case, pattern=pattern,
    )  # fmt: skip


def _accept(batch: Batch, rows: list[int], changed: Done) -> None:
    """Accept one kind of finding in all of these calls."""
    found = batch.finding_counts(rows=rows)
    counts = {
        code: n for code, n in zip(found["code"], found["calls"], strict=True) if CATALOGUE[code].accepting
    }
    if not counts:
        st.markdown("No finding of these calls can be accepted as it is: each needs a correction.")
        return
    code = st.selectbox(
        "Accept",
        list(counts),
        format_func=lambda code: f"{CATALOGUE[code].title} · {ui.number_of(counts[code], 'call')}",
    )
    st.markdown(CATALOGUE[code].accepting)
    if st.button(f"Accept in {ui.number_of(counts[code], 'call')}", type="primary"):
        try:
            result = batch.accept(batch.rows(rows=rows, code=code), code, who=ui.who())
        except ReddyError as error:
            ui.alert(error)
            return
        changed()
        st.toast(f"Accepted in {ui.number_of(result.changed, 'call')}.", icon=":material/check:")
        close_dialog()
        st.rerun()
