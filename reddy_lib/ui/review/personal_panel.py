"""Personal data: what the listed calls hold, by kind, and masks for all of them at once."""

from __future__ import annotations

import time

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.operations import Operation
from reddy_lib.batches.personal_looks import PersonalData, personal_data_of
from reddy_lib.batches.queries import Query
from reddy_lib.batches.removed_codes import gone_for_good
from reddy_lib.outcomes.charts import share_words
from reddy_lib.personal_data import NOT_KEPT, TITLES, FinderTest
from reddy_lib.plurals import agreeing
from reddy_lib.ui.review.problems_panel import apply_step
from reddy_lib.ui.review.view import View

__all__ = ["draw_personal"]

TOLD_FOR = 60.0
"""Seconds for which the panel says what was masked: a click in that very moment must not take it off."""

ITEMS = 500
MOST_MISSED = 20

ALWAYS = ("cvv", "pin")
"""Kinds that nobody may keep after a payment or a sign-in."""


def draw_personal(batch: Batch, view: View, key: str, total: int) -> None:
    """Look through the listed calls, and mask what was found: one kind, or all."""
    listed = view.listed(batch)
    rows = batch.rows(query=listed) if listed else None
    many = len(rows) if rows is not None else total
    state = (batch.id, listed, st.session_state.get("review edits", 0), total)
    kept = st.session_state.get("review personal")
    st.markdown(
        "Finds what was asked for and said: cards, codes, PINs, passwords, ids, accounts, phones, emails, dates of birth, "
        "names and addresses, in the transcript and in tags. It cannot find everything: read before you send."
    )
    _masked(batch)
    if kept is None or kept[0] != state:
        if st.button(
            f"Look through {ui.number_of(many, 'call')}", key=f"{key} personal look", type="primary"
        ):
            bar = st.progress(0.0, "Looking through the calls")
            found = personal_data_of(
                batch,
                rows,
                on_progress=lambda done: bar.progress(
                    min(1.0, done / max(1, many)), "Looking through the calls"
                ),
            )
            st.session_state["review personal"] = (state, found)
            st.rerun()
    else:
        _table(batch, view, kept[1], key)
    _finder_test(batch, str(listed), rows, key)


def _masked(batch: Batch) -> None:
    """Say what the last click masked."""
    of, since, said = st.session_state.get("review masked", ("", 0.0, ""))
    if of == batch.id and time.monotonic() - since < TOLD_FOR:
        st.success(said, icon=":material/visibility_off:")


def _mask(batch: Batch, found: PersonalData, kinds: list[str], rows: list[int]) -> None:
    """Mask these kinds in these calls, and keep what is said about it."""
    places = sum(found.items[kind] for kind in kinds)
    codes = sum(found.items[kind] for kind in kinds if kind in NOT_KEPT)

    def tell(result: Operation) -> None:
        # Which places the calls that stay have is not counted.
        where = "" if result.locked else f"{ui.number_of(places, 'place')} in "
        said = f"Masked: {where}{ui.number_of(result.changed, 'call')}. You can undo this in History until a call is sent."
        if codes and not result.locked:
            said += f" {gone_for_good(codes)}."
        elif codes:
            said += " Security codes and PINs in the changed calls were removed for good."
        if result.locked:
            more = agreeing(result.locked, "more call is", "more calls are")
            said += f" {more} already sent or being sent, and unchanged."
        st.session_state["review masked"] = (batch.id, time.monotonic(), said)

    apply_step(batch, MaskPersonalData(kinds=tuple(kinds)), rows, tell=tell)


def _told(done: FinderTest) -> str:
    planted = sum(done.planted.values())
    share = share_words(sum(done.found.values()), planted)
    return f"**Finds {share} of {ui.number_of(planted, 'made-up item')} in copies of these calls**"


def _finder_test(batch: Batch, listed: str, rows: list[int] | None, key: str) -> None:
    """Measure the finder on copies of the listed calls."""
    kept = st.session_state.get("review finder test")
    done: FinderTest | None = kept[1] if kept is not None and kept[0] == (batch.id, listed) else None
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                _told(done)
                if done
                else "**How much does it find here?** A test plants made-up numbers in copies of these calls, spoken and "
                "split as people do. Nothing of it is stored.",
                width="stretch",
            )
            pressed = st.button(
                "Test the finder" if done is None else "Test again",
                key=f"{key} personal test",
                icon=":material/labs:",
            )
        if pressed:
            _run_test(batch, listed, rows)
        if done is None:
            return
        st.dataframe(
            done.table(),
            hide_index=True,
            height="content",
            column_config={
                "kind": st.column_config.TextColumn("Kind"),
                "planted": st.column_config.NumberColumn("Planted", width=80),
                "found": st.column_config.NumberColumn("Found", width=80),
                "share": st.column_config.NumberColumn("Share", format="percent", width=80),
            },
            alt="How many made-up items of each kind were planted, and how many were found.",
        )
        if done.missed:
            with st.expander(f"{ui.number_of(len(done.missed), 'item')} missed"):
                for one in done.missed[:MOST_MISSED]:
                    st.markdown(ui.escape(str(one)))
                if len(done.missed) > MOST_MISSED:
                    st.caption(f"and {len(done.missed) - MOST_MISSED:,} more")


def _run_test(batch: Batch, listed: str, rows: list[int] | None) -> None:
    bar = st.progress(0.0, "Planting and looking")
    try:
        found = batch.test_finder(
            rows,
            items=ITEMS,
            on_progress=lambda done: bar.progress(min(1.0, done / ITEMS), "Planting and looking"),
        )
    except ValueError:
        st.info("None of these calls has a transcript to test with.")
        return
    st.session_state["review finder test"] = ((batch.id, listed), found)
    st.rerun()


def _table(batch: Batch, view: View, found: PersonalData, key: str) -> None:
    if not found.kinds:
        st.markdown(
            f":green[:material/check_circle:] Nothing was found in {ui.number_of(found.calls, 'call')}."
        )
        return
    may = ui.may("edit")
    everywhere = sorted({row for rows in found.rows.values() for row in rows})
    if st.button(
        f"Mask all in {ui.number_of(len(everywhere), 'call')}",
        key=f"{key} personal all",
        type="primary",
        icon=":material/visibility_off:",
        disabled=not may,
        help="In the words, the tags, the recording's file name, and the recording itself. You can undo this in History "
        "until a call is sent. Security codes and PINs are removed for good.",
    ):
        _mask(batch, found, found.kinds, everywhere)
    for kind in found.kinds:
        rows = found.rows[kind]
        with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
            must = " :red[must not be kept]" if kind in ALWAYS else ""
            st.markdown(
                f"**{TITLES[kind][0].upper()}{TITLES[kind][1:]}** · {found.items[kind]:,} found{must}",
                width="stretch",
            )
            st.button(
                ui.number_of(len(rows), "call"),
                key=f"{key} personal list {kind}",
                type="tertiary",
                help="List these calls; what was found is marked in the conversation",
                on_click=lambda rows=rows: view.go(
                    query=Query().with_rows(rows), panel="calls", row=None, ticked=False
                ),
            )
            if st.button(f"Mask in {len(rows):,}", key=f"{key} personal mask {kind}", disabled=not may):
                _mask(batch, found, [kind], rows)
