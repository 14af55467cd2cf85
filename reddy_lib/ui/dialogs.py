"""Dialogs that stay open until they are closed.

Streamlit draws a dialog only in the run of the click that opens it: any other run of the whole page closes it, with what
was typed in it. On Review such runs come by themselves: another person changes the batch, a change of many calls ends,
the window gets another size. Which dialog is open is therefore noted in the session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

__all__ = ["close_dialog", "dialog_button", "dialog_content"]

_OPEN = "open dialog"


def dialog_button(
    label: str, *, key: str, content: Callable[[], object] | None = None, **appearance: Any
) -> bool:
    """Draw a button that opens a dialog. Return whether that dialog is open.

    The dialog's decorator needs `on_dismiss=close_dialog`.

    Args:
        content: asked at the click, for what the dialog is about; see `dialog_content`.
        appearance: further arguments of `st.button`.
    """

    def open_it() -> None:
        st.session_state[_OPEN] = (key, content() if content is not None else None)

    st.button(label, key=key, on_click=open_it, **appearance)
    return bool(st.session_state.get(_OPEN, ("",))[0] == key)


def dialog_content() -> Any:
    """Return what the open dialog is about, as it was when it was opened."""
    return st.session_state[_OPEN][1]


def close_dialog() -> None:
    """Close the open dialog at the next run of the page."""
    st.session_state.pop(_OPEN, None)
