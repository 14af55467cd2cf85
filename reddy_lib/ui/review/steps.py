"""From call to call by key and button, without losing a press.

The browser half is `steps.js`: it catches what the buttons and their keys would do, and keeps each press until it is
confirmed here. Where it does not run, the buttons work as Streamlit's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import streamlit as st

__all__ = ["Step", "draw_steps", "new_presses"]

Step = Literal["before", "after", "held"]
"""To the call before or after the open one, or to the next held one. Also the end of each button's key."""

_component = st.components.v2.component(
    "reddy_steps", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def new_presses(presses: Sequence[Any], done: dict[str, int]) -> list[Step]:
    """Return the presses that were not seen before, in their order, and note in `done` that they are seen now.

    Args:
        presses: as the browser sends them: all that it does not know to be confirmed.
        done: session of the browser's half → number of its last press that was seen.
    """
    steps: list[Step] = []
    for press in presses:
        session, number, step = str(press["session"]), int(press["number"]), press["step"]
        if number > done.get(session, 0) and step in get_args(Step):
            done[session] = number
            steps.append(step)
    return steps


def draw_steps(key: str, go: Callable[[Sequence[Step]], None]) -> None:
    """Count the presses of the buttons `f"{key} {step}"` from now on, and go where they lead.

    Args:
        go: takes the presses of one moment together, so that the calls between are not drawn.
    """
    done: dict[str, int] = st.session_state.setdefault("review presses", {})
    mounted = f"{key} steps"

    def receive() -> None:
        if steps := new_presses(st.session_state[mounted]["presses"], done):
            go(steps)

    result = _component(
        key=mounted,
        default={"presses": []},
        on_presses_change=receive,
        data={"done": dict(done), "buttons": key.replace(" ", "-")},
        height=1,
    )
    # A browser that reconnects to a restarted app sends its presses as a first value, for which no callback runs.
    if steps := new_presses(result.presses or [], done):
        go(steps)
        st.rerun()
