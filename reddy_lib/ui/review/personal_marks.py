"""Personal data in the open call, marked where it stands."""

from __future__ import annotations

import streamlit as st

from reddy_lib.batches.said_in_call import said_in
from reddy_lib.model import Call
from reddy_lib.personal_data import TITLES
from reddy_lib.ui.review.changes import digest
from reddy_lib.ui.review.conversation import Mark

__all__ = ["personal_marks"]

MOST_KEPT = 20


def personal_marks(call: Call) -> dict[int, list[Mark]]:
    """Return turn number → what to mark. A long call takes some 50 ms, so the last calls are remembered."""
    kept: dict[str, dict[int, list[Mark]]] = st.session_state.setdefault("review personal marks", {})
    key = digest(call)
    if key not in kept:
        found: dict[int, list[Mark]] = {}
        for one in said_in(call):
            title = TITLES.get(one.kind, one.kind)
            found.setdefault(one.line, []).append(
                (one.begin, one.end, "personal", f"{title[0].upper()}{title[1:]}: {one.why}")
            )
        kept[key] = found
        while len(kept) > MOST_KEPT:
            del kept[next(iter(kept))]
    return kept[key]
