"""Report Ctrl+C and the stop button in one line instead of a traceback.

Interruptible work runs inside `one_line`. The work waits for what is in flight; then an `Interrupted` says how far it got
and how to continue. `Interrupted` is a `KeyboardInterrupt`, so that no handler mistakes it for an ordinary error.
Notebooks show only its line (IPython calls `_render_traceback_`), and so do scripts, which exit with status 130 as after
any Ctrl+C.

Programs that shut down in order at the first Ctrl+C (`stop_in_order`, and a script that waits for its last threads) end
immediately at the second, also with one line.
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
"""Seconds. A terminal and a wrapper such as `uv run` may both deliver one Ctrl+C, which must not count as two."""

INTERRUPTED = 130
"""Exit status of a program that Ctrl+C ended, by the shells' convention."""


class Interrupted(KeyboardInterrupt):
    """The work was interrupted in order. `str(error)` says how far it got and how to continue."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows instead of the traceback."""
        return [str(self)]


@contextmanager
def one_line(told: Callable[[], str]) -> Iterator[None]:
    """Turn a `KeyboardInterrupt` into an `Interrupted` with the text of `told()`, which is called afterwards."""
    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt:
        try:
            line = told()
        except (Exception, KeyboardInterrupt):  # noqa: BLE001 - the ledger may be unavailable, or Ctrl+C pressed again
            line = f"Interrupted. {again()}"
        _show_one_line()
        raise Interrupted(line) from None


def stop_in_order(first: Callable[[int, FrameType | None], object]) -> None:
    """Call `first` at the first Ctrl+C or SIGTERM; end the program at a second one that comes more than 2 s later.

    Call this in the main thread.
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
    """End this process as the signal's default action does, after printing a line. No thread is waited for."""
    os.write(
        2, f"{words}\n".encode()
    )  # not sys.stderr: the handler may have interrupted a write to it, and it is not reentrant
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def again() -> str:
    """Return how to continue, in terms of a notebook or a script."""
    return f"Run the {'cell' if _in_notebook() else 'script'} again to go on."


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _show_one_line() -> None:
    """Make a plain script print only the line. The previous hook still handles every other exception."""
    before = sys.excepthook
    if getattr(before, "shows_one_line", False):
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Any:
        if isinstance(error, Interrupted):
            sys.stderr.write(f"{error}\n")
            if threading.current_thread() is threading.main_thread():
                # Python only joins threads from here on; another Ctrl+C skips that.
                signal.signal(signal.SIGINT, lambda number, _frame: _end_at_once(number, "Ended at once."))
            # Python ends this way after a KeyboardInterrupt itself, but not after a subclass.
            raise SystemExit(INTERRUPTED)
        return before(kind, error, trace)

    hook.shows_one_line = True  # type: ignore[attr-defined]
    sys.excepthook = hook
