"""What every call must have and nothing in the file gives: asked for once, at the top, for all calls.

Transcript files without a sheet have neither an agent nor a product. A file's name may have the agent after all, and
the same person may have loaded such files before: both are offered with a click, and with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.preview import Previewed
from reddy_lib.spreadsheet.mapping.survey import shorten
from reddy_lib.ui.load.mapping_choices import Choices
from reddy_lib.ui.load.mapping_controls import product_name

__all__ = ["asked_for_all", "draw_for_all", "unanswered"]

MOST_PILLS = 6  # products beside each other, each a click; more are a list
MOST_LETTERS = 80
MOST_NAMES = 6  # agents asked for their emails
_MISSING = {"agent_email": "agent-email-missing", "product_id": "product-missing"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def asked_for_all(choices: Choices, shown: Sequence[Previewed]) -> list[str]:
    """Return the fields to ask one value for: no column feeds them, and not every transcript gives them."""
    lacking = {finding.code for one in shown for finding in one.findings}
    return [
        field
        for field in choices.needed
        if field in choices.mapping.defaults or not shown or _MISSING[field] in lacking
    ]


def unanswered(choices: Choices, shown: Sequence[Previewed]) -> int:
    """Return how many of the questions that `draw_for_all` draws have no answer yet."""
    asked = [field for field in asked_for_all(choices, shown) if field not in choices.mapping.defaults]
    if choices.products is None and "product_id" in asked:
        asked.remove("product_id")  # cannot be answered without the list
    return len(asked) + bool(_nameless(choices, shown))


def draw_for_all(choices: Choices, shown: Sequence[Previewed], *, number: int = 1) -> None:
    """Nothing, where each call has an agent and a product of its own. `number`: of the first question drawn here."""
    if names := _nameless(choices, shown):
        _emails(choices, names, number)
    fields = asked_for_all(choices, shown)
    for field, place in zip(fields, st.columns(2) if fields else (), strict=False):
        with place.container(gap="xsmall"):
            _agent(choices) if field == "agent_email" else _product(choices)
    if choices.needed:
        _offers(choices, "conversation_id")


def _nameless(choices: Choices, shown: Sequence[Previewed]) -> list[str]:
    """Return the names of agents whose email is not known, where they stand in calls looked at."""
    held = {
        finding.value for one in shown for finding in one.findings if finding.code == "agent-email-invalid"
    }
    given = choices.mapping.values.get("agent_email", {})
    return (
        choices.agent_names if any(name in held and name not in given for name in choices.agent_names) else []
    )


def _emails(choices: Choices, names: Sequence[str], number: int) -> None:
    """One field for each name; many names are a table to drop."""
    many = ui.number_of(len(names), "agent")
    st.markdown(
        f"{number}. **Which {'email does this agent' if len(names) == 1 else f'emails do these {many}'} have?** "
        "The column has names, and Reddy knows agents by their emails."
    )
    counts = choices.texts("agent_email")
    for start in range(0, min(len(names), MOST_NAMES), 3):
        for name, place in zip(names[start : start + 3], st.columns(3), strict=False):
            place.text_input(
                f"{ui.escape(shorten(name, 40))} · {ui.number_of(counts[name], 'row')}", persist_state="session",
                key=f"{choices.key}email of {name}", placeholder="name@company.com",
            )  # fmt: skip
    more = len(names) - MOST_NAMES
    said = f"and {ui.number_of(more, 'more name')}. " if more > 0 else ""
    st.caption(
        f"{said}A sheet with names and emails answers this for all agents: Fields, Agent email, :material/more_horiz:."
    )


def _agent(choices: Choices) -> None:
    key = choices.key + "agent for all"
    st.text_input(
        "Agent's email for all calls", key=key, persist_state="session", placeholder="name@company.com"
    )
    email = str(st.session_state[key]).strip()
    before = choices.usual.get("agent_email")
    if email and not _EMAIL.fullmatch(email):
        st.caption(":orange[:material/warning: This is not an email address: every call would be held.]")
    elif email:
        st.caption("Every call is sent as this agent's.")
    else:
        offered = choices.name_offers("agent_email")
        st.caption(
            "The file names may contain it; otherwise type it." if offered else _reason(choices, "an agent")
        )
    _offers(choices, "agent_email")
    if before is not None and email != before[0]:
        st.button(
            f"Use {ui.escape(str(before[0]))}", type="tertiary", icon=":material/history:", key=f"{key} before",
            help=ui.escape(before[1]), on_click=st.session_state.update, args=[{key: before[0]}],
        )  # fmt: skip


def _reason(choices: Choices, what: str) -> str:
    source = "None of these files" if choices.format.kind == "files" else "No column"
    return f"{source} names {what}: each call would be held."


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
        st.caption("Reddy's product list could not be fetched: see Products.")
        return
    key, label = choices.usual_product_key, "Product for all calls"
    chosen = st.session_state[key]
    active = [int(one["id"]) for one in choices.products if one["status"] == "active"]
    names = ui.product_names(choices.products)
    offered = [id for id in names if id in active or id == chosen]
    if len(offered) <= MOST_PILLS and sum(len(names[id]) for id in offered) <= MOST_LETTERS:
        st.pills(
            label, offered, key=key, persist_state="session", format_func=lambda id: ui.escape(names[id]),
            required=chosen is not None,  # a click on the chosen one is no wish to be without
        )  # fmt: skip
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
