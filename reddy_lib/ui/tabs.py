"""Tabs that stay open while their labels change.

Streamlit identifies a tab by its label. When the count in it changes, Streamlit opens the first tab again.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

__all__ = ["steady_tabs"]


def steady_tabs(labels: Sequence[str], *, key: str) -> list[TabContainer]:
    """Draw tabs. Text after " · " in a label is a count, and is not part of the tab's identity."""
    opened: str | None = st.session_state.get(key)
    if opened is not None and opened not in labels:
        same = [label for label in labels if _name(label) == _name(opened)]
        st.session_state[key] = same[0] if same else labels[0]
    # only with "rerun" does the session state hold the open tab
    return list(st.tabs(labels, key=key, on_change="rerun"))


def _name(label: str) -> str:
    return label.partition(" · ")[0]
