"""Keep a click on another page's link, although a widget of the page before sends something after it.

The browser sends a widget's event with the page that it shows. Until it has heard that the other page runs, that is still
the page before, and Streamlit would go back to it: somebody who left while a file was being uploaded was brought back when
it had arrived. Such an event is run on the page that was asked for.

With a click on a link, the browser sends the values of the widgets that every page has; with an event of a widget, those
of all widgets on its page. So a click that leads back is told from an event that is late.
"""

from __future__ import annotations

import functools
import weakref
from dataclasses import dataclass
from typing import Any

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.pages_manager import PagesManager

__all__ = ["on_the_page_asked_for", "run_late_events_on_the_page_asked_for"]


@dataclass
class _Click:
    """A click on another page's link, from which on no event of that page has come.

    `before`: pages that the browser may still show; `widgets`: those that the click came with.
    """

    before: frozenset[str]
    page: str
    query: str
    widgets: frozenset[str]
    begun: bool = False  # the server has run its page


_clicks: weakref.WeakKeyDictionary[PagesManager, _Click] = weakref.WeakKeyDictionary()


def run_late_events_on_the_page_asked_for() -> None:
    """Patch Streamlit. Call it once, at start."""
    sessions: Any = AppSession
    ask = sessions.request_rerun

    @functools.wraps(ask)
    def ask_for_the_page_that_was_clicked(session: AppSession, client_state: ClientState | None) -> None:
        if client_state is not None:
            client_state = on_the_page_asked_for(session._pages_manager, client_state)
        ask(session, client_state)

    sessions.request_rerun = ask_for_the_page_that_was_clicked


def on_the_page_asked_for(pages: PagesManager, event: ClientState) -> ClientState:
    """Return what the browser asks for, with the page that was clicked if a widget of the page before was late."""
    page, shown = event.page_script_hash, pages.current_page_script_hash
    widgets = frozenset(one.id for one in event.widget_states.widgets)
    click = _clicks.get(pages)
    if click is not None:
        click.begun = click.begun or shown == click.page
        if click.begun and shown != click.page:  # that page led on to another one
            click = _clicks.pop(pages, None) and None
    if click is not None and page in click.before and (event.fragment_id or widgets - click.widgets):
        late = ClientState()
        late.CopyFrom(event)
        late.page_script_hash, late.query_string = click.page, click.query
        return late
    asked_for = click.page if click is not None and not click.begun else shown
    if page and asked_for and page != asked_for and not event.fragment_id:
        before = (click.before | {click.page} if click is not None else frozenset()) | {shown}
        _clicks[pages] = _Click(before - {page}, page, event.query_string, widgets)
    elif click is not None and click.begun:  # the browser shows it
        del _clicks[pages]
    return event
