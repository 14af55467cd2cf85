"""Clicks and edits that are carried out to the end, whatever the browser sends meanwhile.

Streamlit interrupts a run at its next look at the session or its next output once another event has come, and takes
the callbacks of widgets for a part of the run: one that stores an edit would stop in the middle of it, or not begin.
A table sends a second event of its own a moment after each edit, so on a busy machine this happens to anybody.

The other half is `runner.fastReruns = false` in `.streamlit/config.toml`: otherwise the next run starts in a thread of
its own and draws the page while the callback of the one before still stores.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.state.safe_session_state import SafeSessionState

__all__ = ["carry_out_clicks"]

_thread = threading.local()


def carry_out_clicks() -> None:
    """Have every callback of a widget run to its end. For the start of the process; once is enough."""
    look, begin = ScriptRunner._maybe_handle_execution_control_request, SafeSessionState.on_script_will_rerun
    if hasattr(look, "__wrapped__"):
        return

    @functools.wraps(look)
    def look_unless_in_callbacks(runner: ScriptRunner) -> None:
        if not getattr(_thread, "in_callbacks", False):
            look(runner)

    @functools.wraps(begin)
    def begin_with_all_callbacks(state: SafeSessionState, *arguments: Any, **named: Any) -> None:
        _thread.in_callbacks = True
        try:
            begin(state, *arguments, **named)
        finally:
            _thread.in_callbacks = False

    ScriptRunner._maybe_handle_execution_control_request = look_unless_in_callbacks  # type: ignore[method-assign, assignment]
    SafeSessionState.on_script_will_rerun = begin_with_all_callbacks  # type: ignore[method-assign, assignment]
