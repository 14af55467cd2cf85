"""Find calls: search, the statuses, what is filtered, and the facets with their counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.batches.facets import Facet
from reddy_lib.batches.queries import Query
from reddy_lib.database.schema import STATUSES
from reddy_lib.plurals import agreeing
from reddy_lib.ui.review.changes import short_hash
from reddy_lib.ui.review.view import View

__all__ = ["draw_facets", "draw_search", "draw_shown", "draw_terms"]

SEARCH_HELP = (
    "Words anywhere in a call, or a row number. “a phrase” in quotes, -word for calls without it, "
    "*customer says cancel*, *agent says “thank you”*, *tag:CSAT=4*, *column:Queue=Cards*, *agent:ann@…*."
)
ALWAYS = ("code", "agent", "product", "turns", "duration", "day")
"""Facets that are shown without being asked for."""

RANGES = ("turns", "characters", "duration", "start")

MOST_PILLS = 8
"""Values of a facet that are shown; a search in the facet finds the others."""

TALLEST = 560
"""Pixels of the facets, which scroll."""

BARS = "\u2007▁▂▃▄▅▆▇█"  # a blank that is as wide as a digit, and at which no line is broken

DOT = "\u00a0·\u00a0"
"""Between the number of a value and the value: both stay in one line."""


def draw_search(view: View, key: str) -> None:
    """The box to search in."""
    box = f"{key} search"
    if st.session_state.get(box) != view.query.search_text:
        st.session_state[box] = view.query.search_text
    st.text_input(
        "Search",
        key=box,
        type="search",
        placeholder="Search: cancel, customer says “lost card”, tag:CSAT=4",
        help=SEARCH_HELP,
        label_visibility="collapsed",
        on_change=lambda: view.go(query=view.query.with_search(st.session_state[box])),
    )


def draw_shown(view: View, key: str, numbers: Mapping[str, int]) -> None:
    """One pill for each status that occurs, and for warnings, edited and ticked calls.

    `numbers`: name → how many calls of the whole batch.
    """
    chosen = shown_name(view)
    shown = {name: count for name, count in numbers.items() if count or name in ("all", chosen)}
    # Labels carry counts, and a widget forgets a choice whose label changed: its key is made of them.
    pills = f"{key} show {short_hash(shown)}"
    if st.session_state.get(pills) != chosen:
        st.session_state[pills] = chosen
    st.pills(
        "Show",
        list(shown),
        key=pills,
        format_func=lambda name: f"{name.capitalize()} {numbers[name]:,}",
        label_visibility="collapsed",
        wrap=True,
        on_change=lambda: _show(view, st.session_state[pills] or "all"),
    )


def shown_name(view: View) -> str | None:
    """Return the pill that matches a view; None if none does."""
    query = view.query
    statuses = query.values_of("status")
    special = [
        *(["warnings"] if query.values_of("severity") == ("warning",) else []),
        *(["edited"] if query.values_of("edited") == ("yes",) else []),
        *(["ticked"] if view.ticked else []),
    ]
    if not statuses and not special:
        return "all"
    names = [*statuses, *special]
    return names[0] if len(names) == 1 and names[0] in (*STATUSES, "warnings", "edited", "ticked") else None


def _show(view: View, name: str) -> None:
    """Put this pill in place of the one before."""
    query = view.query
    for facet in ("status", "severity", "edited"):
        query = query.with_values(facet, [])
    if name in STATUSES:
        query = query.with_values("status", [name])
    elif name == "warnings":
        query = query.with_values("severity", ["warning"])
    elif name == "edited":
        query = query.with_values("edited", ["yes"])
    view.go(query=query, ticked=name == "ticked")


def draw_terms(view: View, key: str) -> None:
    """What is filtered, each part with a way to take it off."""
    terms = [
        (number, term) for number, term in enumerate(view.query.terms()) if term.name not in ("words", "says")
    ]
    for part in view.dropped:
        st.caption(
            f":orange[:material/warning: The address asks for “{ui.escape(part)}”, which is unknown here.]"
        )
    if not terms:
        return
    with st.container(horizontal=True, gap="xsmall"):
        for number, term in terms:
            st.button(
                f"{ui.escape(term.text)}",
                key=f"{key} term {number} {short_hash(term.text)}",
                icon=":material/close:",
                icon_position="right",
                help="Take this off",
                on_click=partial(_without, view, number),
            )
        if len(terms) > 1:
            st.button(
                "Clear",
                key=f"{key} clear",
                type="tertiary",
                icon=":material/filter_alt_off:",
                on_click=lambda: view.go(query=Query(), ticked=False),
            )


def _without(view: View, number: int) -> None:
    terms = view.query.terms()
    if number < len(terms):
        view.go(query=view.query.without_term(terms[number]))


def draw_facets(batch: Batch, view: View, key: str) -> None:
    """The facets, each value with the number of calls that the other filters leave."""
    names = batch.facet_names()
    more: list[str] = st.session_state.setdefault(f"{key} more facets", [])
    chosen = [
        name
        for name in names
        if (view.query.range_of(name) is not None if name in RANGES else view.query.values_of(name))
    ]
    shown = [name for name in names if name in ALWAYS or name in more or name in chosen]
    facets = batch.facets(view.listed(batch), names=shown)
    with st.container(height=TALLEST, border=True, gap="small", key="facets"):
        st.caption(f"{facets.count:,} of {ui.number_of(facets.of, 'call')}")
        for facet in facets:
            if facet.kind == "values":
                _values(batch, view, facet, key)
            else:
                _range(view, facet, key)
        others = [name for name in names if name not in shown]
        if others:
            st.selectbox(
                "Another filter",
                others,
                index=None,
                key=f"{key} another {len(shown)}",
                placeholder="Another filter …",
                format_func=_title,
                label_visibility="collapsed",
                on_change=lambda: more.append(st.session_state[f"{key} another {len(shown)}"]),
            )


def _title(name: str) -> str:
    kind, _, rest = name.partition(":")
    return f"{rest} ({kind})" if rest else {"code": "Finding"}.get(name, name.capitalize())


def _values(batch: Batch, view: View, facet: Facet, key: str) -> None:
    """Values to choose from: the most frequent as pills, any other by a search."""
    taken = view.query.values_of(facet.name)
    find = f"{key} find {facet.name}"
    wanted = str(st.session_state.get(find) or "").strip()
    values = batch.facet_values(facet.name, view.query, contains=wanted) if wanted else facet.values
    listed = [one for one in values if one.value in taken]
    listed += [one for one in values if one.value not in taken][: MOST_PILLS - min(len(listed), 4)]
    if not listed and not wanted and not facet.unlisted:
        return
    # The count stands first: in a narrow column the end of a label is cut off.
    labels = {one.value: f"{one.count:,}{DOT}{_short(one.label)}" for one in listed}
    labels |= {value: f"0{DOT}{_short(value)}" for value in taken if value not in labels}
    pills = f"{key} facet {facet.name} {short_hash(labels, taken)}"
    if st.session_state.get(pills) != list(taken):
        st.session_state[pills] = list(taken)

    def chosen() -> None:
        view.go(query=view.query.with_values(facet.name, st.session_state[pills]))

    st.pills(
        ui.escape(facet.title),
        list(labels),
        selection_mode="multi",
        key=pills,
        format_func=labels.__getitem__,
        wrap=True,
        on_change=chosen,
    )
    if facet.more or facet.unlisted or wanted or len(facet.values) > len(listed):
        rest = facet.more + len(facet.values) - len(listed)
        st.text_input(
            f"Find in {ui.escape(facet.title)}",
            key=find,
            placeholder=f"{rest:,} more: find …" if rest > 0 else "Find …",
            label_visibility="collapsed",
        )


def _short(text: str) -> str:
    text = text or "none"
    return ui.escape(text if len(text) <= 32 else f"{text[:31]}…")


def _range(view: View, facet: Facet, key: str) -> None:
    """A range of numbers or times, with the distribution as small bars."""
    if facet.least is None or facet.most is None or facet.least == facet.most:
        return
    most = max((bin_.count for bin_ in facet.bins), default=0)
    bars = "".join(BARS[-(-8 * bin_.count // most) if most else 0] for bin_ in facet.bins)
    low, high = _step_down(facet.least), _step_up(facet.most)
    now = view.query.range_of(facet.name)
    value = (
        max(low, int(now.least) if now is not None and now.least is not None else low),
        min(high, int(now.most) if now is not None and now.most is not None else high),
    )
    slider = f"{key} range {facet.name} {low} {high} {short_hash(now)}"
    times = facet.kind == "times"
    first: Any = _moment(low) if times else low
    last: Any = _moment(high) if times else high
    step: Any = timedelta(hours=1) if times else 1
    if slider not in st.session_state:
        chosen = value if value[0] <= value[1] else (low, high)
        st.session_state[slider] = tuple(map(_moment, chosen)) if times else chosen

    def moved() -> None:
        least, most_ = (
            int(end.replace(tzinfo=UTC).timestamp()) if isinstance(end, datetime) else end
            for end in st.session_state[slider]
        )
        view.go(
            query=view.query.with_range(
                facet.name, None if least <= low else least, None if most_ >= high else most_
            )
        )

    unit = " (seconds)" if facet.name == "duration" else " (UTC)" if times else ""
    with st.container(gap=None):
        st.slider(
            f"{ui.escape(facet.title)}{unit}",
            first,
            last,
            key=slider,
            step=step,
            format="D MMM, HH:mm" if times else None,
            on_change=moved,
            help=agreeing(facet.missing, "call has none", "calls have none") if facet.missing else None,
        )
        st.markdown(f"`{bars}`")  # beneath: beside the title they do not fit in a narrow column


def _step_down(value: float) -> int:
    return int(value // 1)


def _step_up(value: float) -> int:
    return int(-(-value // 1))


def _moment(seconds: float) -> datetime:
    """Return a time as the slider takes it: in UTC, without a zone."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
