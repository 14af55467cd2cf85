"""Ctrl+C and the stop button, as one line instead of a traceback.

Work that may be interrupted runs inside `one_line`: what is in flight is waited for by whoever does the work, then an
`Interrupted` says how far it came and what to do next. It is a `KeyboardInterrupt`, so that nothing takes it for an
ordinary error; a notebook shows its line alone (`_render_traceback_`, which IPython asks for), and so does a script,
which ends as after any Ctrl+C (exit status 130 in a shell).

Programs that end in order at the first Ctrl+C (`stop_in_order`, and a script while it waits for its last threads) end at
once at the next one, also with one line.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interrupted", "again", "one_line", "stop_in_order"]

SAME_WISH = 2.0
"""Seconds. A terminal and a wrapper such as `uv run` may both pass on one Ctrl+C: that is not two."""

INTERRUPTED = 130
"""Exit status of a program that Ctrl+C ended, as shells tell it."""


class Interrupted(KeyboardInterrupt):
    """The work was stopped by hand, in order. `str(error)` says how far it came and how to go on."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of the traceback."""
        return [str(self)]


@contextmanager
def one_line(told: Callable[[], str]) -> Iterator[None]:
    """Turn a `KeyboardInterrupt` into an `Interrupted` whose line is `told()`, asked for after the fact."""
    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt:
        try:
            line = told()
        except (Exception, KeyboardInterrupt):  # noqa: BLE001 - the ledger may be away, or somebody impatient
            line = f"Interrupted. {again()}"
        _show_one_line()
        raise Interrupted(line) from None


def stop_in_order(first: Callable[[int, FrameType | None], object]) -> None:
    """Call `first` at the first Ctrl+C or SIGTERM; a second one, some seconds later, ends the program at once.

    To be called in the main thread.
    """
    asked: list[float] = []

    def told(number: int, frame: FrameType | None) -> None:
        if not asked:
            asked.append(time.monotonic())
            first(number, frame)
        elif time.monotonic() - asked[0] > SAME_WISH:
            _end_at_once(number, "Stopped at once: calls that were in flight are in doubt.")

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)


def _end_at_once(number: int, words: str) -> None:
    """End this process as the signal does by default, with a line; no thread is waited for, and none is asked."""
    os.write(
        2, f"{words}\n".encode()
    )  # a handler may interrupt a write to sys.stderr, which must not be entered twice
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def again() -> str:
    """Return what goes on with the work, in the words of where it is read."""
    return f"Run the {'cell' if _in_notebook() else 'script'} again to go on."


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _show_one_line() -> None:
    """Let a plain script print the line alone. Every other exception goes to the hook that is there now."""
    before = sys.excepthook
    if getattr(before, "shows_one_line", False):
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Any:
        if isinstance(error, Interrupted):
            sys.stderr.write(f"{error}\n")
            if threading.current_thread() is threading.main_thread():
                # From here on Python only joins its threads. A further Ctrl+C skips that.
                signal.signal(signal.SIGINT, lambda number, _frame: _end_at_once(number, "Ended at once."))
            # Python itself ends like this after a plain KeyboardInterrupt, and not after a kind of it.
            raise SystemExit(INTERRUPTED)
        return before(kind, error, trace)

    hook.shows_one_line = True  # type: ignore[attr-defined]
    sys.excepthook = hook
