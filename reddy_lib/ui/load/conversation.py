"""A call as a conversation: what each side said, in order, as plain text."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from reddy_lib import ui
from reddy_lib.model import Call, TranscriptLine
from reddy_lib.spreadsheet.mapping.survey import shorten

__all__ = ["draw_conversation"]

MOST_LINES = 30  # each is a few elements of the page
MOST_LETTERS = 600  # of one line
SIDES = {"agent": "Agent", "customer": "Customer"}


def draw_conversation(call: Call, *, height: int = 380) -> None:
    """The agent on the left, the customer on the right, whoever has no role in orange."""
    lines = call.transcript or []
    with st.container(height=height, gap="xsmall"):
        if not lines:
            st.caption("This call has no lines.")
        for line in lines[:MOST_LINES]:
            _line(line)
        if len(lines) > MOST_LINES:
            st.caption(f"and {ui.number_of(len(lines) - MOST_LINES, 'more line')}: see JSON")


def _line(line: TranscriptLine) -> None:
    side: Literal["left", "right"] = "right" if line.role == "customer" else "left"
    name = SIDES.get(line.role) or f":orange[{ui.escape(shorten(line.role, 40)) or 'no role'}]"
    time = "" if line.start is None else f" · {int(line.start // 60)}:{int(line.start % 60):02d}"
    with (
        st.container(horizontal=True, horizontal_alignment=side),
        st.container(border=True, width=310, gap=None),
    ):
        st.caption(f"**{name}**{time}")
        st.text(line.text[:MOST_LETTERS] + ("…" if len(line.text) > MOST_LETTERS else ""))
