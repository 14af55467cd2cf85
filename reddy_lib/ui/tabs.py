"""Tabs of which the open one stays open while their labels change.

Streamlit knows a tab by its label: where the count in it changes, or the tabs beside it do, the first one opens.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

__all__ = ["steady_tabs"]


def steady_tabs(labels: Sequence[str], *, key: str) -> list[TabContainer]:
    """Draw tabs. What follows " · " in a label is a count, and does not tell one tab from another."""
    opened: str | None = st.session_state.get(key)
    if opened is not None and opened not in labels:
        same = [label for label in labels if _name(label) == _name(opened)]
        st.session_state[key] = same[0] if same else labels[0]
    # "rerun": only then does the session know which one is open
    return list(st.tabs(labels, key=key, on_change="rerun"))


def _name(label: str) -> str:
    return label.partition(" · ")[0]
