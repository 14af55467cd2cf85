"""Keep clicks, edits and uploads whole while the browser sends further events.

Streamlit has five gaps, which show on a busy machine:

- A new event interrupts the running script at its next access to the session state or its next output, widget callbacks
  included. A callback that stores an edit stops halfway, or never starts. Tables send a second event after each edit.
  What a page does outside a callback (take an upload, start a job) stops halfway too, unless it is `uninterrupted`.
- The next run clears the queue of unsent messages, including the server's replies: an upload that asked for its URL
  waits forever.
- A page that calls `st.rerun` while a click on another page waits replaces the click's page by its own: the click is lost.
- So does what a widget sends before the browser has heard that the other page runs (`late_events`).
- A fragment's timer that fires while the next page opens runs under the previous page, and the browser clears the new one.

The other half of the fix is `runner.fastReruns = false` in `.streamlit/config.toml`: otherwise the next run starts in its
own thread and draws the page while the previous callback is still storing.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests, ScriptRequestType
from streamlit.runtime.state.safe_session_state import SafeSessionState

from reddy_lib.ui.late_events import run_late_events_on_the_page_asked_for

__all__ = ["keep_events_whole", "uninterrupted"]

_thread = threading.local()


def keep_events_whole() -> None:
    """Patch Streamlit so that callbacks finish, replies arrive, clicks count and pages stay. Call it once, at start."""
    if not hasattr(ForwardMsgQueue.clear, "__wrapped__"):
        _keep_callbacks()
        _keep_answers()
        _keep_clicks()
        _keep_page()
        run_late_events_on_the_page_asked_for()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Finish what stands in this block before the next event is handled.

    Wrap what changes the session in several steps, or starts something and then notes in the session that it runs:
    an event between two steps would otherwise leave the first alone. Draw nothing in it that a later event needs.
    """
    before = getattr(_thread, "uninterrupted", False)
    _thread.uninterrupted = True
    try:
        yield
    finally:
        _thread.uninterrupted = before


def _keep_callbacks() -> None:
    look, begin = ScriptRunner._maybe_handle_execution_control_request, SafeSessionState.on_script_will_rerun

    @functools.wraps(look)
    def look_unless_uninterrupted(runner: ScriptRunner) -> None:
        if not getattr(_thread, "uninterrupted", False):
            look(runner)

    @functools.wraps(begin)
    def begin_with_all_callbacks(state: SafeSessionState, *arguments: Any, **named: Any) -> None:
        with uninterrupted():
            begin(state, *arguments, **named)

    ScriptRunner._maybe_handle_execution_control_request = look_unless_uninterrupted  # type: ignore[method-assign, assignment]
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
        if retain_lifecycle_msgs:  # otherwise the queue was just sent
            kept = {id(one) for one in queue._queue}
            queue._queue += [one for one in before if _is_answer(one) and id(one) not in kept]

    ForwardMsgQueue.clear = clear_but_for_answers  # type: ignore[method-assign, assignment]


def _is_answer(message: ForwardMsg) -> bool:
    return str(message.WhichOneof("type")).endswith("_response")


def _keep_clicks() -> None:
    ask = ScriptRequests._request_rerun_locked

    @functools.wraps(ask)
    def ask_unless_somebody_left(requests: ScriptRequests, new_data: RerunData) -> bool:
        context = get_script_run_ctx(suppress_warning=True)
        own = context is not None and context.script_requests is requests
        # The page that somebody went to is run from its beginning: what `st.rerun` wanted is done when she comes back.
        if own and context is not None and _leaves(requests, context.page_script_hash):
            return True
        return ask(requests, new_data)

    ScriptRequests._request_rerun_locked = ask_unless_somebody_left  # type: ignore[method-assign, assignment]


def _leaves(requests: ScriptRequests, page: str) -> bool:
    """Return whether a click on another page waits for the script that runs. The caller holds the lock."""
    waiting = requests._rerun_data.page_script_hash
    return requests._state == ScriptRequestType.RERUN and waiting not in ("", page)


def _keep_page() -> None:
    run = ScriptRunner._run_script

    @functools.wraps(run)
    def run_unless_its_fragments_are_gone(runner: ScriptRunner, rerun_data: RerunData) -> None:
        fragments = rerun_data.fragment_id_queue
        if not fragments or any(map(runner._fragment_storage.contains, fragments)):
            run(runner, rerun_data)

    ScriptRunner._run_script = run_unless_its_fragments_are_gone  # type: ignore[method-assign, assignment]
