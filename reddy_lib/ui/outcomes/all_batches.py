"""Outcomes over all batches: what was accepted and when, what was not and why, by agent and product.

Every number leads to its calls: a click writes it into the address, and the table at the end lists what is behind it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from math import floor
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reddy_lib import ui
from reddy_lib.ledger import Ledger
from reddy_lib.outcomes import charts as draw
from reddy_lib.outcomes.total_charts import by_day, by_submission, complete_days
from reddy_lib.outcomes.totals import Tally, Totals, addresses_sent_to, totals, version_of
from reddy_lib.sending.overview import history
from reddy_lib.ui import address_bar
from reddy_lib.ui.outcomes.found_calls import draw_found
from reddy_lib.ui.outcomes.overview_state import (
    EVERYWHERE,
    NAMES,
    PERIODS,
    Overview,
    named,
    reason_words,
)
from reddy_lib.ui.outcomes.print_view import draw_print_view
from reddy_lib.ui.outcomes.privacy_panel import draw_privacy

__all__ = ["draw_overview"]

SHOWN_FIRST = ("accepted", "rejected", "failed", "unknown", "held", "ready", "queued", "sending", "skipped")
MEANINGS = {**ui.STATUS_MEANINGS, "held": "Not sent: a finding must be fixed first", "ready": "Not sent yet"}
SHORT = {"7": "7 days", "30": "30 days", "90": "90 days", "all": "All time"}

REASONS = 6
"""Reasons in sight before the rest is folded away."""

DRAWN = 40
"""Submissions in the chart, the latest."""


def draw_overview(ledger: Ledger, head: DeltaGenerator | None = None) -> None:
    """Draw the whole view, at one moment, with its controls in the head; without a head, the report for paper."""
    view = Overview.of_address()
    with ui.alerts(), ledger.moment():
        addresses = addresses_sent_to(ledger)
        found = _counted(ledger, view, addresses)
        runs = history(ledger)
        names = {**found.product_names, **ui.product_names(ui.products(ui.connection()))}
        if head is None:
            draw_print_view(view, addresses, found, runs, names)
            return
        with head:
            _controls(view, addresses)
        _numbers(view, found)
        if view.picked:  # in sight right after the click
            draw_found(ledger, view, addresses, names, found.batches)
        left, right = st.columns([3, 2], gap="small")
        with left, st.container(border=True, height="stretch"):
            _days(view, found)
        with right, st.container(border=True, height=330, gap="small"):
            _not_accepted(view, found)
        left, right = st.columns([3, 2], gap="small")
        with left, st.container(border=True, gap="small"):
            _agents(view, found)
        with right, st.container(border=True, gap="small", height="stretch"):
            _products(view, found, names)
        _batches(view, found)
        _submissions(runs)
    if head is not None:
        with ui.alerts():
            draw_privacy(ledger)


def _counted(ledger: Ledger, view: Overview, addresses: Sequence[str]) -> Totals:
    """Return the totals; counted again only where something changed, the day included."""
    wanted = view.counted(addresses)
    key = (ledger.identity, wanted, str(ui.zone()), version_of(ledger))
    kept: tuple[Any, Totals] | None = st.session_state.get("totals")
    if kept is None or kept[0] != key:
        kept = (key, totals(ledger, wanted, ui.zone()))
        st.session_state["totals"] = kept
    return kept[1]


def _controls(view: Overview, addresses: Sequence[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _choice("days", list(PERIODS), view.days, SHORT.__getitem__, st.segmented_control, "Period", view)
        if len(addresses) > 1:
            places = [*addresses, EVERYWHERE]
            _choice(
                "place",
                places,
                view.place_of(addresses),
                lambda place: "Everywhere" if place == EVERYWHERE else f"Sent to {ui.place(place)}",
                st.selectbox,
                "Sent to",
                view,
            )
        st.space("stretch")
        if st.button("Print", icon=":material/print:", key="print_overview"):
            address_bar.put(print="1")
            st.rerun()


def _choice(
    name: str,
    options: list[str],
    now: str,
    words: Callable[[str], str],
    control: Any,
    label: str,
    view: Overview,
) -> None:
    """Draw a control whose value is in the address: set from there before, written there on a change."""
    key = f"overview {name}"
    st.session_state[key] = now

    def changed() -> None:
        chosen = st.session_state[key]
        if chosen:
            view.go(**{name: str(chosen)})

    extra: dict[str, Any] = {"width": 210} if control is st.selectbox else {"required": True}
    control(
        label,
        options,
        format_func=words,
        key=key,
        label_visibility="collapsed",
        on_change=changed,
        **extra,
    )


def _numbers(view: Overview, found: Totals) -> None:
    """The counts by status, each a way to its calls."""
    with st.container(horizontal=True, gap="small"):
        for status in SHOWN_FIRST:
            count = found.counts.get(status, 0)
            if not count and status not in ("accepted", "rejected", "held"):
                continue
            st.button(
                f":{ui.STATUS_COLOURS[status]}[●] **{count:,}** {named(status)}",
                key=f"count {status}",
                help=MEANINGS[status],
                disabled=not count,
                on_click=view.pick,
                kwargs={"status": status},
            )
    if not found.calls:
        st.info(
            "No call was answered or loaded in this period. Choose a longer one above.",
            icon=":material/calendar_month:",
        )
    if found.older_in_doubt:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f":material/help: {ui.number_of(found.older_in_doubt, 'call')} from before this period "
                f"{'is' if found.older_in_doubt == 1 else 'are'} still in doubt.",
                width="content",
            )
            st.button(
                "Show",
                type="tertiary",
                key="older_in_doubt",
                icon=":material/filter_alt:",
                on_click=lambda: Overview(place=view.place).go(days="all", status="unknown"),
            )


def _days(view: Overview, found: Totals) -> None:
    today = dt.datetime.now(ui.zone()).date()
    accepted = found.counts.get("accepted", 0)
    answered = sum(sum(counts.values()) for _, counts in found.days)
    share = f" · {accepted:,} of {answered:,} answered calls accepted" if answered else ""
    st.markdown(f"**Calls per day**{share}")
    if not found.days:
        st.caption("Nothing was answered in this period.")
        return
    figure = by_day(complete_days(found.days, view.first_day(today), today))
    key = f"overview days {view.days} {view.place} {st.session_state.get('overview_cleared', 0)}"

    def picked() -> None:
        points = st.session_state[key].selection.points
        if points and len(points[0].get("customdata") or []) == 2:
            day, status = points[0]["customdata"]
            view.pick(day=str(day), status=str(status))

    st.plotly_chart(
        figure,
        theme="streamlit",
        config=draw.CONFIG,
        on_select=picked,
        selection_mode="points",
        key=key,
        alt=draw.alt(figure),
    )


def _not_accepted(view: Overview, found: Totals) -> None:
    """What was not accepted and why: Reddy's reasons and the findings that hold calls."""
    st.markdown("**Not accepted, and why**")
    lines: list[tuple[int, str, str, str, dict[str, str]]] = [
        (
            one.calls,
            one.status,
            reason_words(one),
            one.what_next,
            {"reason": one.reason, "status": one.status},
        )
        for one in found.reasons
    ]
    lines += [(one.calls, "held", one.title, one.hint, {"finding": one.code}) for one in found.held]
    lines.sort(key=lambda line: -line[0])
    if not lines:
        st.caption("Every answered call was accepted, and no call is held.")
        return
    rest = st.container(gap="small")
    for number, (count, status, what, next_step, pick) in enumerate(lines):
        with rest, st.container(gap=None):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.button(
                    f"**{count:,}**",
                    key=f"why {number} {status}",
                    type="tertiary",
                    on_click=view.pick,
                    kwargs=pick,
                    help=f"Show {ui.number_of(count, 'call')}",
                )
                st.badge(named(status), color=ui.STATUS_COLOURS[status])
                st.text(what, width="stretch")
            st.caption(ui.escape(next_step))
        if number + 1 == REASONS and len(lines) > REASONS + 1:
            rest = st.expander(ui.number_of(len(lines) - REASONS, "more reason"))


STATUS_COLUMNS = ("rejected", "failed", "unknown", "held")


def _agents(view: Overview, found: Totals) -> None:
    """Agents, most calls first, with a search."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Agents** · {len(found.agents):,}", width="content")
        st.space("stretch")
        wanted = st.text_input(
            "Find an agent",
            key="overview_agent",
            placeholder="Find an agent",
            label_visibility="collapsed",
            width=220,
        )
    looked_for = wanted.strip().lower()
    ranked = list(enumerate(found.agents, start=1))
    shown = [(rank, tally) for rank, tally in ranked if looked_for in str(tally.key)]
    if not shown:
        st.caption("No agent fits." if looked_for else "No agent has calls in this period.")
        return
    _tally_table(
        view,
        "agent",
        [tally for _, tally in shown],
        [str(tally.key) or "no agent" for _, tally in shown],
        "Agent",
        {"No.": [rank for rank, _ in shown]},
    )


def _products(view: Overview, found: Totals, names: dict[int, str]) -> None:
    st.markdown(f"**Products** · {len(found.products):,}")
    if not found.products:
        st.caption("No product has calls in this period.")
        return
    labels = ["no product" if one.key is None else names.get(one.key, str(one.key)) for one in found.products]
    _tally_table(view, "product", found.products, labels, "Product", {})


def _tally_table(
    view: Overview,
    kind: str,
    tallies: Sequence[Tally],
    labels: list[str],
    title: str,
    before: dict[str, list[int]],
) -> None:
    """One line an agent or product; a click on a number shows its calls, one on the name all of them."""
    columns = [name for name in STATUS_COLUMNS if any(tally.counts.get(name) for tally in tallies)]
    frame = pd.DataFrame(
        {
            **before,
            title: labels,
            "Calls": [tally.calls for tally in tallies],
            # rounded down: 99.6% is not all of them
            "accepted": [
                None if tally.share_accepted is None else floor(tally.share_accepted) for tally in tallies
            ],
            **{name: [tally.counts.get(name, 0) for tally in tallies] for name in columns},
        }
    )
    key = f"overview {kind} {st.session_state.get('overview_cleared', 0)} {hash(tuple(labels))}"

    def picked() -> None:
        cells = st.session_state[key].selection.cells
        if not cells or cells[0][0] >= len(tallies):
            return
        at, column = cells[0]
        value = tallies[at].key
        status = {"status": column} if column in (*columns, "accepted") else {}
        view.pick(**{kind: str(value) if value not in (None, "") else "none"}, **status)

    st.dataframe(
        frame,
        hide_index=True,
        height=300 if len(frame) > 7 else "content",
        column_config={
            "No.": st.column_config.NumberColumn(width=45),
            title: st.column_config.TextColumn(width=220 if kind == "agent" else 92),
            "Calls": st.column_config.NumberColumn(width=52, format="localized"),
            **{
                name: st.column_config.NumberColumn(named(name).capitalize(), width=66, format="localized")
                for name in columns
            },
            "accepted": st.column_config.ProgressColumn(
                "Accepted",
                format="%.0f%%",
                min_value=0,
                max_value=100,
                width=84,
                help="Of the answered calls",
            ),
        },
        on_select=picked,
        selection_mode="single-cell",
        key=key,
        alt=f"{title}s, most calls first, with their calls by status. Choose a number to see its calls.",
    )


def _batches(view: Overview, found: Totals) -> None:
    """Each batch with its numbers, and the way into it."""
    shown = [batch for batch in found.batches if batch.counts]
    if not shown:
        return
    with st.expander(f"Batches · {len(shown):,}", icon=":material/folder_open:"):
        frame = pd.DataFrame(
            {
                "Batch": [batch.name for batch in shown],
                "Loaded": pd.to_datetime([batch.created_at for batch in shown], unit="s", utc=True),
                "Calls": [sum(batch.counts.values()) for batch in shown],
                **{
                    name: [batch.counts.get(name, 0) for batch in shown]
                    for name in SHOWN_FIRST
                    if any(batch.counts.get(name) for batch in shown)
                },
            }
        )
        key = f"overview batches {st.session_state.get('overview_cleared', 0)} {len(shown)}"

        def picked() -> None:
            cells = st.session_state[key].selection.cells
            if cells and cells[0][0] < len(shown):
                at, column = cells[0]
                view.pick(inside=shown[at].id, **({"status": column} if column in SHOWN_FIRST else {}))

        st.dataframe(
            frame,
            hide_index=True,
            height="content" if len(frame) < 10 else 380,
            column_config={
                "Loaded": ui.moment_column("Loaded"),
                **{
                    name: st.column_config.NumberColumn(named(name).capitalize(), width=80)
                    for name in SHOWN_FIRST
                },
            },
            on_select=picked,
            selection_mode="single-cell",
            key=key,
            alt="Batches, newest first, with their calls by status. Choose a number to see its calls.",
        )


def _submissions(runs: pd.DataFrame) -> None:
    """Every submission with date, place and totals; choosing one opens it."""
    with st.expander(f"Submissions · {len(runs):,}", icon=":material/history:"):
        if not len(runs):
            st.caption("Nothing was sent yet.")
            return
        latest = runs.head(DRAWN).iloc[::-1].to_dict("records")
        figure = by_submission(latest)
        st.plotly_chart(
            figure, theme="streamlit", config=draw.CONFIG, key="overview submissions", alt=draw.alt(figure)
        )
        at = ui.submissions_table(
            runs,
            batches=True,
            choose=True,
            key=f"overview history {hash(tuple(runs['id']))}",
            alt="Every submission, newest first: batch, when, who, where, and calls by status.",
        )
        st.caption("Choose a submission to open its outcomes.")
        if at is None:
            return
        chosen = runs.iloc[at]
        if not chosen["open"]:
            st.info("The batch of this submission was taken off the list. Its outcomes stay on record.")
            return
        ui.remember_batch(str(chosen["batch_id"]), leave_out=NAMES, submission=str(chosen["id"]))
        st.rerun()
