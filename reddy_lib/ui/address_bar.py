"""The address in the browser: written in one step, and never taken back by a request that was on its way.

Every request of a browser carries the address that it shows. A click may change the address (`write`, `put`, `drop`)
while another request is under way, sent before the browser learned of the change: a component that reports its size, a
timer. Taken at its word, that request would undo the click: the panel that was chosen closes, the calls that were ticked
are others. So what was written since the browser last showed the address of this session is kept, and a request with an
older address is corrected by it. Back and Forward say what they are, and are followed.

What a page's first run writes is an entry of the browser's history of its own, and Back would have to be pressed once more
for it. So the way to a page carries the names that it would write: a link those of `names_of`, code that moves on calls
`leave`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

__all__ = [
    "came_by_link",
    "drop",
    "leave",
    "link",
    "names_of",
    "on_page",
    "put",
    "settle",
    "went_back",
    "write",
]

Names = dict[str, list[str]]

EVERYWHERE = ("batch", "sel", "choose")
"""Names that every page understands: the open batch, its ticked calls, and those chosen on Submit."""


class _Written:
    """What this session wrote, until the browser shows it."""

    def __init__(self) -> None:
        self.run: object = None  # the run that was settled last
        self.page = ""
        self.before: list[Names] = []  # what the browser may show until then
        self.after: Names | None = None
        self.own: dict[str, Collection[str]] = {}  # page → the names that it alone understands
        self.last: dict[tuple[str, str], Names] = {}  # batch and page → those names, as they were last
        self.title = ""
        self.by_link = False


def settle() -> None:
    """Put right the address of this run, if its request was sent before the browser knew the latest one.

    Needed before the address is read: once in the frame around every page, and in what a callback reads.
    """
    context = get_script_run_ctx()
    written = _written()
    if context is None or written.run is context.cursors:
        return
    written.run = context.cursors  # made anew for every run
    written.by_link = False
    if written.after is None:
        return
    late = (
        _shown() in written.before
        and not context.is_history_navigation
        and written.page == context.page_script_hash
    )
    if late:
        st.query_params.from_dict(written.after)
    else:
        written.before, written.after = [], None


def write(names: Mapping[str, Any]) -> None:
    """Make these the names in the address, as one entry of the browser's history.

    Args:
        names: name → its value, or a list of its values.
    """
    settle()
    before = _shown()
    after = {
        name: [str(one) for one in (value if isinstance(value, list) else [value])]
        for name, value in names.items()
    }
    if after == before:
        return
    context, written = get_script_run_ctx(), _written()
    page = context.page_script_hash if context is not None else ""
    if written.after is None or written.page != page:
        written.before = []
    written.before.append(before)
    written.page, written.after = page, after
    st.query_params.from_dict(after)
    _keep(written)


def on_page(title: str, own: Mapping[str, Collection[str]]) -> None:
    """Tell which page this run draws, once in each run.

    Args:
        own: title of a page → the names that it alone understands, and that are kept for the way back to it.
    """
    written = _written()
    written.by_link = written.title not in ("", title) and not went_back()
    written.title, written.own = title, dict(own)
    if not written.by_link or any(name in own.get(title, ()) for name in _shown()):
        _keep(written)


def names_of(title: str) -> Names:
    """Return the names for a link to a page: it then shows what it showed last, for the open batch."""
    shown = _shown()
    everywhere = {name: shown[name] for name in EVERYWHERE if name in shown}
    batch = "".join(shown.get("batch", []))
    return {**everywhere, **_written().last.get((batch, title), {})}


def link(batch_id: str, **names: str) -> Names:
    """Return the names for a link to calls of a batch: these, and what every page would add to them."""
    shown = _shown()
    same = shown.get("batch") == [batch_id]
    everywhere = {name: shown[name] for name in EVERYWHERE if same and name in shown}
    return {**everywhere, "batch": [batch_id], **{name: [value] for name, value in names.items()}}


def leave(page: str, **names: str) -> None:
    """Go to another page, which shows what these names say; without any, what it showed last.

    Streamlit writes the new names before it leaves, as an entry of the page that is left. That entry keeps the names of
    that page, so that Back leads to what was shown.
    """
    settle()
    title = page.removesuffix(".py").capitalize()
    st.switch_page(page, query_params={**_shown(), **(names or names_of(title))})


def came_by_link() -> bool:
    """Return whether this run is the first one of a page to which a click led from another page."""
    return _written().by_link


def went_back() -> bool:
    """Return whether this run was asked for by Back or Forward."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def _keep(written: _Written) -> None:
    shown = _shown()
    own = {name: shown[name] for name in written.own.get(written.title, ()) if name in shown}
    written.last["".join(shown.get("batch", [])), written.title] = own


def put(*, leave_out: Collection[str] = (), **names: str) -> None:
    """Write these names into the address, beside the others but those that are left out."""
    settle()
    kept = {name: values for name, values in _shown().items() if name not in leave_out}
    write({**kept, **names})


def drop(*names: str) -> None:
    """Take these names out of the address."""
    settle()
    write({name: values for name, values in _shown().items() if name not in names})


def _shown() -> Names:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _written() -> _Written:
    kept: _Written = st.session_state.setdefault("address written", _Written())
    return kept
