"""Problems: one row a finding and value, with a proposal, so that forty calls are fixed by one click."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.operations import Operation
from reddy_lib.batches.problems import Problem
from reddy_lib.batches.queries import Query
from reddy_lib.batches.steps import Step
from reddy_lib.errors import ReddyError
from reddy_lib.findings import CATALOGUE
from reddy_lib.plurals import agreeing
from reddy_lib.ui.operation_jobs import run_operation
from reddy_lib.ui.review.changes import edited
from reddy_lib.ui.review.view import View

__all__ = ["apply_step", "draw_preview", "draw_problems"]

SHOWN = 25


def draw_problems(batch: Batch, view: View, key: str, total: int) -> None:
    """The problems of the calls that are listed, errors first, then by the number of calls."""
    listed = view.listed(batch)
    rows = batch.rows(query=listed) if listed else None
    state = (batch.id, listed, st.session_state.get("review edits", 0), total)
    kept = st.session_state.get("review problems")
    if kept is None or kept[0] != state:
        with st.spinner("Looking for problems …"):
            kept = (state, batch.problems(rows))
        st.session_state["review problems"] = kept
    problems: list[Problem] = kept[1]
    if not problems:
        where = "the listed calls" if listed else "this batch"
        st.markdown(f":green[:material/check_circle:] Nothing is wrong in {where}.")
        return
    errors = sum(problem.severity == "error" for problem in problems)
    st.caption(
        f"{ui.number_of(errors, 'error')}, {ui.number_of(len(problems) - errors, 'warning')}. "
        "A button fixes all calls of its row at once; you can undo it in History."
    )
    page_key = f"{key} problems page"
    pages = -(-len(problems) // SHOWN)
    page = min(int(st.session_state.get(page_key) or 1), pages)
    for problem in problems[(page - 1) * SHOWN : page * SHOWN]:
        _problem(batch, view, problem, key)
    if pages > 1:
        st.pagination(pages, key=page_key, max_visible_pages=7)


def _problem(batch: Batch, view: View, problem: Problem, key: str) -> None:
    own = f"{key} problem {problem.key}"
    icon = ":red[:material/error:]" if problem.severity == "error" else ":orange[:material/warning:]"
    value = f" · **{ui.escape(_short(problem.value))}**" if problem.value else ""
    may = ui.may("edit")
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(gap=None):
            st.markdown(f"{icon} {ui.escape(problem.title)}{value}", help=ui.escape(problem.hint) or None)
            if problem.proposal is not None:
                st.caption(f"{ui.escape(problem.proposal.shown)}? {ui.escape(problem.proposal.reason)}")
            elif not problem.value:
                st.caption(ui.escape(_short(problem.message, 160)))
        with st.container(horizontal=True, gap="xsmall", width="content", vertical_alignment="center"):
            st.button(
                ui.number_of(problem.calls, "call"),
                key=f"{own} show",
                type="tertiary",
                help="List these calls"
                + (
                    f"; {agreeing(problem.locked, 'more is', 'more are')} already sent or being sent"
                    if problem.locked
                    else ""
                ),
                on_click=partial(_list, batch, view, problem),
            )
            for repair in problem.repairs:
                if st.button(repair.label, key=f"{own} {repair.label}", disabled=not may):
                    apply_step(batch, repair.step, problem.rows)
            if problem.accepting is not None and st.button(
                "Accept as it is",
                key=f"{own} accept",
                help=CATALOGUE[problem.code].accepting or None,
                disabled=not may,
            ):
                apply_step(batch, problem.accepting, problem.rows)
            if problem.fixable:
                _another(batch, problem, own, may)
            if problem.proposal is not None and st.button(
                f"Fix {problem.calls:,}",
                key=f"{own} fix",
                type="primary",
                help=f"Change it to “{ui.escape(problem.proposal.shown)}” in all of them",
                disabled=not may,
            ):
                apply_step(batch, problem.proposal.step, problem.rows)


def _another(batch: Batch, problem: Problem, own: str, may: bool) -> None:
    """Another value than the proposed one, and what it would change."""
    # An undo brings the problem back: its box must not come with the answer of before, which its field does not show.
    own = f"{own} {st.session_state.get('review edits', 0)}"
    box = st.popover("Change …", disabled=not may, key=f"{own} change", on_change="rerun")
    if not box.open:
        return  # its preview reads every call of the problem
    with box:
        choices = {choice.shown: choice for choice in problem.choices()}
        picked = st.selectbox(
            f"Instead of “{ui.escape(_short(problem.value))}”" if problem.value else "New value",
            list(choices),
            index=0 if problem.proposal is not None else None,
            accept_new_options=True,
            key=f"{own} value",
            placeholder="Choose or type",
        )
        if not picked:
            return
        try:
            step = choices[picked].step if picked in choices else problem.fix_with(str(picked))
        except ValueError as error:
            st.error(ui.escape(str(error)), icon=":material/error:")
            return
        draw_preview(batch, step, problem.rows)
        if st.button("Fix all", key=f"{own} fix all", type="primary"):
            apply_step(batch, step, problem.rows)


def draw_preview(batch: Batch, step: Step, rows: list[int]) -> bool:
    """Show what a step would change, before and after. Return whether it changes anything."""
    try:
        preview = batch.preview(step, rows, limit=5)
    except (ReddyError, ValueError) as error:
        st.error(ui.escape(str(error)), icon=":material/error:")
        return False
    told = [f"{preview.changed:,} of {ui.number_of(len(rows), 'call')} would change"]
    told += [agreeing(preview.same, "is like that already", "are like that already")] if preview.same else []
    told += (
        [
            agreeing(
                preview.locked,
                "is already sent or being sent, and stays as it is",
                "are already sent or being sent, and stay as they are",
            )
        ]
        if preview.locked
        else []
    )
    st.caption(
        ui.escape("; ".join(told) + (f". {preview.why}" if preview.why and not preview.changed else "."))
    )
    names = {str(one["id"]): f"{one['name']} · {one['id']}" for one in batch.products or ()}
    for call in preview.shown[:5]:
        for label, before, after in call.changes[:3]:
            if label == "product":
                before, after = names.get(before, before), names.get(after, after)
            st.markdown(
                f":gray[Row {call.row} · {ui.escape(label)}] {ui.escape(_short(before, 60)) or '–'} "
                f":material/arrow_forward: **{ui.escape(_short(after, 60)) or '–'}**"
            )
    return bool(preview.changed)


def apply_step(
    batch: Batch, step: Step, rows: list[int] | None, *, tell: Callable[[Operation], None] | None = None
) -> None:
    """Apply a step to calls as one operation, and draw the page anew. `tell`: as in `run_operation`."""
    who = ui.who()  # the thread has no session to ask
    ended = run_operation(
        batch,
        step.title(),
        len(rows) if rows is not None else batch.total,
        lambda progress: batch.apply(step, rows, who=who, on_progress=progress),
        changed=edited,
        tell=tell,
    )
    if ended != "failed":
        st.rerun()


def _list(batch: Batch, view: View, problem: Problem) -> None:
    view.go(query=Query().with_rows(problem.rows), panel="calls", row=None, ticked=False)


def _short(text: str, most: int = 48) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
