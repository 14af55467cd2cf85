"""The fields of the open call: agent, start, product, id, recording, speaker separation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches import edits as editing
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.differences import Differences
from reddy_lib.findings import Finding
from reddy_lib.model import SEPARATIONS, Call
from reddy_lib.ui.review.changes import set_field

__all__ = ["draw_fields"]


def draw_fields(
    batch: Batch,
    row: int,
    call: Call,
    findings: list[Finding],
    changed: Differences,
    *,
    names: dict[int, str],
    key: str,
    locked: bool,
) -> None:
    """The fields of a call, each with its findings and what the sheet said.

    `names`: product id → name.
    """
    prefix = key
    select = partial(_select, batch, row, prefix, locked)
    original = batch.original(row) if changed.fields else call
    zone = batch.mapping.timezone or "UTC"

    def beside(field: str, before: str = "") -> None:
        """What there is to say about a field, under it: its findings, and what the sheet said."""
        for found in findings:
            if found.field == field:
                colour = "red" if found.severity == "error" else "orange"
                st.caption(
                    f":{colour}[:material/{'error' if colour == 'red' else 'warning'}:] {ui.escape(found.message)}"
                )
        if field in changed.fields:
            st.caption(f":violet[:material/edit:] The sheet said: {ui.escape(before) or 'nothing'}")

    def text(label: str, field: str, help: str | None = None) -> None:
        key = f"{prefix} {field} {row}"
        value = getattr(call, field) or ""
        if st.session_state.get(key) != value:
            st.session_state[key] = value
        st.text_input(
            label,
            key=key,
            help=help,
            disabled=locked,
            on_change=_field_edited,
            args=(batch, row, field, key, value),
        )
        beside(field, getattr(original, field) or "")

    left, right = st.columns(2)
    with left:
        text("Agent email", "agent_email")
        start_key = f"{prefix} timestamp {row}"
        problem = st.session_state.get(f"{start_key} problem")
        value = editing.moment_text(call.timestamp, batch.mapping.timezone)
        if problem is None and st.session_state.get(start_key) != value:
            st.session_state[start_key] = value
        st.text_input(
            f"Start ({zone})",
            key=start_key,
            placeholder="2026-03-30 17:46",
            disabled=locked,
            on_change=_start_edited,
            args=(batch, row, start_key, call.timestamp),
        )
        if problem:
            st.caption(f":red[:material/error:] Not stored. {ui.escape(problem)}")
        beside("timestamp", editing.moment_text(original.timestamp, batch.mapping.timezone))
        speaker = call.speaker
        separation = speaker.separation if speaker else None
        options: list[str | None] = [None, *SEPARATIONS]
        if separation not in options:
            options.append(separation)
        select(
            "Speaker separation",
            "separation",
            options,
            separation,
            lambda option: option or "not given",
            lambda call: call.speaker.separation if call.speaker else None,
            lambda call, chosen: editing.with_speaker(
                call, chosen, call.speaker.channel_map if call.speaker else None
            ),
        )
        beside("speaker", _speaker_text(original))
    with right:
        products: list[int | None] = [*names]
        if call.product_id not in products:
            products.insert(0, call.product_id)
        select(
            "Product",
            "product_id",
            products,
            call.product_id,
            lambda number: (
                "not chosen" if number is None else f"{names.get(number, 'not in the list')} · {number}"
            ),
            lambda call: call.product_id,
            lambda call, chosen: editing.with_field(call, "product_id", chosen),
        )
        beside("product_id", _product_text(original.product_id, names))
        text("Conversation id", "conversation_id", help="Emptied, it is made from the call again.")
        text("Recording (file name)", "filename")
        if separation == "channels":
            maps: list[tuple[str, ...] | None] = [None, ("agent", "customer"), ("customer", "agent")]
            now = tuple(speaker.channel_map) if speaker and speaker.channel_map is not None else None
            if now not in maps:
                maps.append(now)
            select(
                "Channels (left, right)",
                "channel_map",
                maps,
                now,
                lambda option: "found by Reddy" if option is None else ", ".join(option) or "nobody",
                lambda call: tuple(call.speaker.channel_map or ()) or None if call.speaker else None,
                lambda call, chosen: editing.with_speaker(call, "channels", chosen),
            )


def _speaker_text(call: Call) -> str:
    if call.speaker is None:
        return ""
    return ", ".join([call.speaker.separation, *(call.speaker.channel_map or ())])


def _product_text(number: int | None, names: dict[int, str]) -> str:
    return "" if number is None else f"{names.get(number, 'not in the list')} · {number}"


def _select(
    batch: Batch,
    row: int,
    prefix: str,
    locked: bool,
    label: str,
    name: str,
    options: Sequence[Any],
    value: Any,
    shown: Callable[[Any], str],
    now: Callable[[Call], Any],
    change: Callable[[Call, Any], Call],
) -> None:
    key = f"{prefix} {name} {row}"
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    st.selectbox(
        label,
        options,
        key=key,
        format_func=shown,
        placeholder=shown(None),
        disabled=locked,
        on_change=_chosen,
        args=(batch, row, key, value, shown, now, change),
    )


def _chosen(
    batch: Batch,
    row: int,
    key: str,
    seen: Any,
    shown: Callable[[Any], str],
    now: Callable[[Call], Any],
    change: Callable[[Call, Any], Call],
) -> None:
    value = st.session_state[key]
    set_field(batch, row, seen, now, lambda call: change(call, value), shown(value))


def _field_edited(batch: Batch, row: int, field: str, key: str, seen: str) -> None:
    value = st.session_state[key]
    set_field(
        batch,
        row,
        seen,
        lambda call: getattr(call, field) or "",
        lambda call: editing.with_field(call, field, value),
        str(value),
    )


def _start_edited(batch: Batch, row: int, key: str, seen: float | None) -> None:
    typed = st.session_state[key]
    seconds, why = editing.read_moment(st.session_state[key], batch.mapping.timezone)
    if seconds is None and why:
        st.session_state[f"{key} problem"] = why
        return
    st.session_state.pop(f"{key} problem", None)
    set_field(
        batch,
        row,
        seen,
        lambda call: call.timestamp,
        lambda call: editing.with_field(call, "timestamp", seconds),
        str(typed),
    )
