"""Ctrl+C and the stop button, as one line instead of a traceback.

Work that may be interrupted runs inside `one_line`: what is in flight is waited for by whoever does the work, then an
`Interrupted` says how far it came and what to do next. It is a `KeyboardInterrupt`, so that nothing takes it for an
ordinary error; a notebook shows its line alone (`_render_traceback_`, which IPython asks for), and so does a script,
which ends as after any Ctrl+C (exit status 130 in a shell).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

__all__ = ["Interrupted", "again", "one_line"]

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
        except Exception:  # noqa: BLE001 - the ledger may be away: it was interrupted all the same
            line = f"Interrupted. {again()}"
        _show_one_line()
        raise Interrupted(line) from None


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
            # Python itself ends like this after a plain KeyboardInterrupt, and not after a kind of it.
            raise SystemExit(INTERRUPTED)
        return before(kind, error, trace)

    hook.shows_one_line = True  # type: ignore[attr-defined]
    sys.excepthook = hook
