"""Keep Python from looking for reference cycles while many calls are read."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

__all__ = ["no_search_for_cycles"]


@contextlib.contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Keep Python from looking for reference cycles among new objects. Calls have none, and it would take a tenth of the
    time of a load; `gc.collect(0)` after each piece collects the few that occur."""
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searches:
            gc.enable()
