"""An event of the page before, after a click on another page's link, does not bring its page back."""

from __future__ import annotations

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.pages_manager import PagesManager

from reddy_lib.ui.late_events import on_the_page_asked_for

FRAME = ("link", "menu")


@pytest.fixture
def pages() -> PagesManager:
    """Of a browser that shows Load."""
    found = PagesManager("navigation.py")
    found.set_current_page_script_hash("load")
    return found


def asked(
    pages: PagesManager, page: str, *widgets: str, query: str = "", fragment: str = ""
) -> tuple[str, str]:
    event = ClientState(page_script_hash=page, query_string=query, fragment_id=fragment)
    for widget in widgets:
        event.widget_states.widgets.add(id=widget, string_value="x")
    found = on_the_page_asked_for(pages, event)
    assert [one.id for one in found.widget_states.widgets] == list(widgets)
    return found.page_script_hash, found.query_string


@pytest.mark.parametrize("state", ["waits", "runs", "has run"])
def test_an_upload_that_arrives_after_a_click_is_of_the_page_that_was_clicked(
    pages: PagesManager, state: str
) -> None:
    assert asked(pages, "review", *FRAME, query="row=2") == ("review", "row=2")
    if state != "waits":
        pages.set_current_page_script_hash("review")
    for _ in range(2):
        assert asked(pages, "load", *FRAME, "uploader", query="file=1") == ("review", "row=2")
    assert asked(pages, "load", *FRAME, fragment="timer") == ("review", "row=2")


def test_a_click_back_and_a_click_on_a_third_page_count(pages: PagesManager) -> None:
    asked(pages, "review", *FRAME)
    assert asked(pages, "load", *FRAME, query="file=1") == ("load", "file=1")
    assert asked(pages, "load", *FRAME, "uploader") == ("load", "")
    asked(pages, "review", *FRAME)
    pages.set_current_page_script_hash("review")
    assert asked(pages, "outcomes", *FRAME) == ("outcomes", "")
    assert asked(pages, "load", *FRAME, "uploader") == ("outcomes", "")


@pytest.mark.parametrize("back", ["load", "start"])  # one page may have two addresses
def test_of_two_clicks_in_a_row_the_second_counts(pages: PagesManager, back: str) -> None:
    asked(pages, "review", *FRAME)
    assert asked(pages, back, *FRAME) == (back, "")
    for _ in range(2):  # the browser shows a moment of Review when the upload arrives
        assert asked(pages, "review", *FRAME, "uploader") == (back, "")
    pages.set_current_page_script_hash(back)
    assert asked(pages, "review", *FRAME, "uploader") == (back, "")
    assert asked(pages, back, *FRAME, "search") == (back, "")
    assert asked(pages, "review", *FRAME) == ("review", "")


def test_once_the_browser_shows_the_page_every_event_is_what_it_says(pages: PagesManager) -> None:
    asked(pages, "review", *FRAME)
    pages.set_current_page_script_hash("review")
    assert asked(pages, "review", *FRAME, "search") == ("review", "")
    assert asked(pages, "load", *FRAME) == ("load", "")
    pages.set_current_page_script_hash("load")
    assert asked(pages, "load", *FRAME, "uploader") == ("load", "")


def test_a_page_that_led_back_by_itself_is_left(pages: PagesManager) -> None:
    asked(pages, "review", *FRAME)
    pages.set_current_page_script_hash("review")
    assert asked(pages, "load", *FRAME, "uploader") == ("review", "")
    pages.set_current_page_script_hash("load")  # by `st.switch_page`
    assert asked(pages, "load", *FRAME, "uploader") == ("load", "")
