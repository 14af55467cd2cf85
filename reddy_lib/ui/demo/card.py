"""The card of the demo in the side bar: what to do next and what to look at, faults, and the way to start again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from reddy_lib import ui
from reddy_lib.batches.batch import Batch
from reddy_lib.database.schema import EDITABLE
from reddy_lib.errors import ReddyError
from reddy_lib.ledger import Ledger
from reddy_lib.ui import address_bar
from reddy_lib.ui.app_engine import restart_engine
from reddy_lib.ui.demo.running import (
    FAULTS,
    Demo,
    begin,
    demo_of,
    end,
    is_asked_for,
    is_possible,
    switch_off,
    switch_on,
)
from reddy_lib.ui.demo.story import RECORDED_ROW

__all__ = ["demo_card", "offer_demo", "steps_of"]


@dataclass(frozen=True)
class Step:
    """A step of the demo. `look`: where to look, and at what. `missed`: it can no longer be done in this batch."""

    name: str
    title: str
    look: str
    done: bool
    missed: bool = False


def steps_of(batch: Batch, demo: Demo) -> list[Step]:
    """Return the steps of the story; those that were reached once stay done."""
    counts = batch.counts()
    sent = sum(counts[status] for status in ("accepted", "rejected", "failed", "unknown", "skipped"))
    seen = demo.seen
    if counts["rejected"]:
        seen.add("was rejected")
    if counts["unknown"]:
        seen.add("was in doubt")
    reached = {
        "fix": counts["held"] == 0,
        # attaching the recording changed fields of the call, not its words
        "read": not batch.edits(RECORDED_ROW)["field"].isin(["filename", "recording"]).all(),
        "try": sent >= 1,
        "fault": bool(demo.used),
        "send": sent >= 30 and not counts["queued"] and not counts["sending"],
        "refused": "was rejected" in seen
        and sent >= 30
        and counts["rejected"] == 0
        and counts["queued"] == 0,
        "doubt": "was in doubt" in seen and counts["unknown"] == 0,
        "boss": st.query_params.get("view") == "all",
    }
    seen.update(name for name, done in reached.items() if done)
    texts = {
        "fix": (
            "Fix three held calls",
            "Review: “Tech Supprt” is no product. Choose Technical support for all three.",
        ),
        "read": (
            f"Read row {RECORDED_ROW} and correct a word",
            "Review: play its recording, click into a line, type.",
        ),
        "try": ("Send one to try", "Submit: one call goes to the sandbox. Then send all."),
        "fault": (
            "Make something go wrong",
            "Faults, below, while calls are sent. Watch the pace on Submit.",
        ),
        "send": ("Wait for the end", "About a minute. You can close the tab or reload it meanwhile."),
        "refused": (
            "Fix the refused calls, send again",
            "Outcomes: the reason, its calls, the way to fix them.",
        ),
        "doubt": (
            "Clear a doubt",
            "After “Lost answer”: see on Submit what the sandbox received, then clear the doubt on Outcomes.",
        ),
        "boss": ("See all batches", "Outcomes, All batches: click any number, then Print."),
    }
    over = not any(counts[status] for status in ("held", "ready", "queued", "sending", "rejected", "failed"))
    missed = {
        "read": batch.info(RECORDED_ROW)["status"] not in EDITABLE,
        "doubt": over and not counts["unknown"],
    }
    return [
        Step(name, *texts[name], done=name in seen, missed=name not in seen and missed.get(name, False))
        for name in texts
    ]


def demo_card(ledger: Ledger, batch: Batch | None) -> None:
    """Draw the card where the open batch is a demo; else the way to begin, where the environment asks for a
    demo. Without an open batch, Load offers it."""
    demo = demo_of(ledger, batch)
    if demo is None or batch is None:
        if batch is not None and is_asked_for() and is_possible() and ui.may("administer"):
            with st.container(border=True, gap="xsmall"):
                st.markdown(":material/slideshow: **Demo**")
                _begin_button("Show me a demo", key="demo_begin_card")
        return
    with st.container(border=True, gap="xsmall"):
        steps = steps_of(batch, demo)
        done = sum(step.done for step in steps)
        st.markdown(f":material/slideshow: **Demo** · {done} of {len(steps)}")
        following = next((step for step in steps if not step.done and not step.missed), None)
        if following is None and done == len(steps):
            st.caption("You have seen every step. Start again, or load a sheet of your own.")
        elif following is None:
            st.caption("The demo is over. Start again to see the steps that you missed.")
        else:
            st.markdown(f"**{following.title}**")
            st.caption(following.look)
        with st.popover("Steps", icon=":material/checklist:", type="tertiary"):
            for step in steps:
                st.markdown(
                    f":material/{'check_circle' if step.done else 'radio_button_unchecked'}: {step.title}"
                )
                st.caption("No longer possible: start again to see it." if step.missed else step.look)
        _faults(demo)
        allowed = is_possible() and ui.may("administer")
        with st.container(horizontal=True, gap="xsmall"):
            st.button(
                "Start again",
                icon=":material/restart_alt:",
                type="tertiary",
                key="demo_again",
                help="A new batch. What this demo sent to the sandbox is forgotten; nothing else is touched.",
                disabled=not allowed,
                on_click=_again,
                args=(ledger, demo, True),
            )
            st.button(
                "End",
                icon=":material/stop_circle:",
                type="tertiary",
                key="demo_end",
                help="Forgets what this demo sent, and takes its batch off the list.",
                disabled=not allowed,
                on_click=_again,
                args=(ledger, demo, False),
            )
        _said()


def _faults(demo: Demo) -> None:
    with st.popover("Faults", icon=":material/bolt:", type="tertiary"):
        st.caption("They affect everybody who uses this sandbox. Each ends by itself.")
        for name, (title, what, _) in FAULTS.items():
            st.button(
                f"**{title}** · {what}",
                key=f"demo fault {name}",
                on_click=switch_on,
                args=(demo, name),
                width="stretch",
            )
        st.button(
            "**Restart the engine** · Calls in flight end, then the engine starts again.",
            key="demo_restart",
            on_click=_restart,
            args=(demo,),
            width="stretch",
            disabled=not (ui.has_engine() and ui.may("administer")),
        )
        st.button("Switch all off", key="demo_well", on_click=switch_off, args=(demo,), type="tertiary")


def _restart(demo: Demo) -> None:
    if restart_engine():
        demo.used.add("engine")


def _again(ledger: Ledger, demo: Demo, once_more: bool) -> None:
    try:
        end(ledger, demo)
        ui.remember_batch(begin(ledger).id if once_more else None)
    except ReddyError as error:
        st.session_state["demo_said"] = str(error)


def _said() -> None:
    said = st.session_state.pop("demo_said", None)
    if said:
        st.warning(ui.escape(said), icon=":material/info:")


def offer_demo(ledger: Ledger) -> None:
    """Draw the way to begin a demo on Load: a card where the environment asks for one or the workbench is empty, else a
    small button, so that a demo can still be shown later."""
    if not is_possible() or not ui.may("administer"):
        return
    if not is_asked_for() and len(ledger.batches()):
        if demo_of(ledger, ui.batch_in_hand()) is None:
            _begin_button("Show me a demo", key="demo_begin_again", quiet=True)
        _said()
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            "**New here?** Forty invented calls, a recording, and faults to switch on: every step in ten minutes."
            " Nothing leaves this machine.",
            width="stretch",
        )
        _begin_button("Show me a demo", key="demo_begin")
    _said()


def _begin_button(label: str, *, key: str, quiet: bool = False) -> None:
    kind: Literal["secondary", "tertiary"] = "tertiary" if quiet else "secondary"
    if not st.button(label, icon=":material/slideshow:", key=key, type=kind):
        return
    with ui.alerts(), st.spinner("Loading the demo"):
        batch = begin(ui.ledger())
        ui.remember_batch(batch.id)
        address_bar.leave("review.py", batch=batch.id)
