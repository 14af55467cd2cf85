"""Clicks, edits and uploads that are carried out to the end, whatever the browser sends meanwhile.

Streamlit interrupts a run once another event has come: at its next look at the session or its next output, and takes
the callbacks of widgets for a part of the run. A callback that stores an edit would stop in the middle of it, or not
begin. A table sends a second event of its own a moment after each edit, so on a busy machine this happens to anybody.
And the run that follows drops what was not yet sent to the browser, the answers to its questions among it: an upload
that asked where to go would wait for ever. And a timer of the page that was left, answered late, has the browser clear
the page that was opened since.

The other half is `runner.fastReruns = false` in `.streamlit/config.toml`: otherwise the next run starts in a thread of
its own and draws the page while the callback of the one before still stores.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.state.safe_session_state import SafeSessionState

__all__ = ["keep_events_whole"]

_thread = threading.local()


def keep_events_whole() -> None:
    """Have callbacks run to their end, answers arrive, and pages stay. For the start of the process; once is enough."""
    if not hasattr(ForwardMsgQueue.clear, "__wrapped__"):
        _keep_callbacks()
        _keep_answers()
        _keep_page()


def _keep_callbacks() -> None:
    look, begin = ScriptRunner._maybe_handle_execution_control_request, SafeSessionState.on_script_will_rerun

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


def _keep_answers() -> None:
    clear = ForwardMsgQueue.clear

    @functools.wraps(clear)
    def clear_but_for_answers(
        queue: ForwardMsgQueue,
        retain_lifecycle_msgs: bool = False,
        fragment_ids_this_run: list[str] | None = None,
    ) -> None:
        before = queue._queue
        clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)
        if retain_lifecycle_msgs:  # else they are being sent
            kept = {id(one) for one in queue._queue}
            queue._queue += [one for one in before if _is_answer(one) and id(one) not in kept]

    ForwardMsgQueue.clear = clear_but_for_answers  # type: ignore[method-assign, assignment]


def _is_answer(message: ForwardMsg) -> bool:
    return str(message.WhichOneof("type")).endswith("_response")


def _keep_page() -> None:
    run = ScriptRunner._run_script

    @functools.wraps(run)
    def run_unless_its_fragments_are_gone(runner: ScriptRunner, rerun_data: RerunData) -> None:
        fragments = rerun_data.fragment_id_queue
        if not fragments or any(map(runner._fragment_storage.contains, fragments)):
            run(runner, rerun_data)

    ScriptRunner._run_script = run_unless_its_fragments_are_gone  # type: ignore[method-assign, assignment]
