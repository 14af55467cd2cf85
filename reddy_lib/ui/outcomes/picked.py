"""What was clicked in the charts: filters of the table and of the downloads."""

from __future__ import annotations

import streamlit as st

from reddy_lib.outcomes import chosen
from reddy_lib.outcomes.frames import Filter, clicked
from reddy_lib.ui.outcomes.page_state import Page

__all__ = ["clear", "filters_of", "select", "show_group", "times_cleared"]


def filters_of(page: Page, scope: str) -> dict[str, Filter]:
    """Chart → the filter of the bars that were clicked in it."""
    kept: dict[str, Filter] = st.session_state.setdefault(f"filters {page.batch.id} {scope}", {})
    return kept


def times_cleared(page: Page, scope: str) -> int:
    return int(st.session_state.get(f"cleared {page.batch.id} {scope}", 0))


def clear(page: Page, scope: str) -> None:
    filters_of(page, scope).clear()
    # a chart's selection cannot be taken back by code: another key is another chart, with nothing selected
    st.session_state[f"cleared {page.batch.id} {scope}"] = times_cleared(page, scope) + 1


def select(page: Page, scope: str, chart: str, key: str) -> None:
    drawn = st.session_state["outcomes_kept"].version
    before = st.session_state.get(f"{key} clicked at", drawn)
    st.session_state[f"{key} clicked at"] = drawn
    found = chosen(st.session_state[key], chart)
    after = clicked(filters_of(page, scope), chart, found, redrawn=before != drawn)
    st.session_state[f"filters {page.batch.id} {scope}"] = after


def show_group(page: Page, scope: str, filter: Filter) -> None:
    clear(page, scope)
    filters_of(page, scope)["reasons"] = filter
