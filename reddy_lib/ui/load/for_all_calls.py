"""What every call must have and nothing in the file gives: asked for once, at the top, for all calls.

Transcript files without a sheet have neither an agent nor a product. A file's name may have the agent after all, and
the same person may have loaded such files before: both are offered with a click, and with the reason.
"""

from __future__ import annotations

import re
from typing import Literal

import streamlit as st

from reddy_lib import ui
from reddy_lib.spreadsheet.survey import shorten
from reddy_lib.ui.load.mapping_choices import Choices
from reddy_lib.ui.load.mapping_controls import product_name

__all__ = ["draw_for_all"]

MOST_PILLS = 6  # products beside each other, each a click; more are a list
MOST_LETTERS = 80
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def draw_for_all(choices: Choices) -> None:
    """Nothing, where each call has an agent and a product of its own."""
    if not choices.needed:
        return
    places = st.columns(2)
    for field, place in zip(choices.needed, places, strict=False):
        with place.container(gap="xsmall"):
            _agent(choices) if field == "agent_email" else _product(choices)
    _offers(choices, "conversation_id")


def _agent(choices: Choices) -> None:
    key = choices.key + "agent for all"
    st.text_input(
        "Agent's email for all calls", key=key, persist_state="session", placeholder="name@company.com"
    )
    email = str(st.session_state[key]).strip()
    before = choices.usual.get("agent_email")
    if email and not _EMAIL.fullmatch(email):
        st.caption(":orange[:material/warning: This is no email address: every call would be held.]")
    elif email:
        st.caption("Every call is sent as this agent's.")
    else:
        offered = choices.name_offers("agent_email")
        st.caption("The files' names may tell; else type it." if offered else _reason(choices, "an agent"))
    _offers(choices, "agent_email")
    if before is not None and email != before[0]:
        st.button(
            f"Use {ui.escape(str(before[0]))}", type="tertiary", icon=":material/history:", key=f"{key} before",
            help=ui.escape(before[1]), on_click=st.session_state.update, args=[{key: before[0]}],
        )  # fmt: skip


def _reason(choices: Choices, what: str) -> str:
    nobody = "Not one of these files" if choices.format.kind == "files" else "No column"
    return f"{nobody} names {what}: each call would be held."


def _offers(choices: Choices, field: Literal["agent_email", "conversation_id"]) -> None:
    """What the names of the files give, each a click away."""
    label = "" if field == "agent_email" else "Conversation ids "
    for offer in choices.name_offers(field):
        shown = " · ".join(ui.escape(shorten(value, 40)) for value in list(dict.fromkeys(offer.values))[:2])
        more = len(set(offer.values)) - 2
        st.button(
            f"{label or 'F'}{'f' if label else ''}rom the files' names: {shown}"
            + (f" and {more:,} more" if more > 0 else ""),
            type="tertiary", icon=":material/subdirectory_arrow_right:", key=f"{choices.key}offer {field} {offer.pattern}",
            help=f"{len(offer.values):,} of {ui.number_of(offer.names, 'name')} looked at fit the pattern "
            f"{ui.escape(offer.pattern)}",
            on_click=st.session_state.update, args=[{f"{choices.key}pattern {field}": offer.pattern}],
        )  # fmt: skip


def _product(choices: Choices) -> None:
    if choices.products is None:
        st.caption("**Product for all calls**")
        st.caption("Reddy's product list did not come: see Products.")
        return
    key, label = choices.usual_product_key, "Product for all calls"
    chosen = st.session_state[key]
    active = [int(one["id"]) for one in choices.products if one["status"] == "active"]
    names = ui.product_names(choices.products)
    offered = [id for id in names if id in active or id == chosen]
    if len(offered) <= MOST_PILLS and sum(len(names[id]) for id in offered) <= MOST_LETTERS:
        st.pills(
            label, offered, key=key, persist_state="session", format_func=lambda id: ui.escape(names[id])
        )
    else:
        st.selectbox(
            label, [None, *names], index=None, key=key, persist_state="session",
            format_func=product_name(choices), placeholder="Choose a product",
        )  # fmt: skip
    proposed = choices.usual.get("product_id")
    if chosen is None:
        st.caption(_reason(choices, "a product"))
    elif proposed is not None and proposed[0] == chosen:
        st.caption(f"Chosen because it is {ui.escape(proposed[1])}.")
