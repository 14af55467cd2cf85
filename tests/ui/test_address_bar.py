"""What was written into the address stays written, whatever request was under way."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from reddy_lib.ui import address_bar

    address_bar.settle()
    st.text(str(sorted(st.query_params.items())))
    st.button("open", on_click=lambda: address_bar.put(panel="problems"))
    st.button("close", on_click=lambda: address_bar.drop("panel"))
    st.button("next", on_click=lambda: address_bar.put(row="3"))
    st.button("draw anew")


@pytest.fixture
def app() -> AppTest:
    app = AppTest.from_function(page)
    app.query_params["batch"] = "b1"
    return app.run()


def shown(app: AppTest) -> str:
    assert not app.exception
    return str(app.text[0].value)


def press(app: AppTest, label: str, **address: str) -> None:
    """Press a button, in a request that carries this address."""
    app.query_params.clear()
    for name, value in address.items():
        app.query_params[name] = value
    next(button for button in app.button if button.label == label).click().run()


@pytest.fixture
def back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that say they come from the browser's Back button, as Streamlit's own do."""
    reset = ScriptRunContext.reset

    def went_back(context: ScriptRunContext, *args: Any, **named: Any) -> None:
        reset(context, *args, **named)
        context.is_history_navigation = True

    monkeypatch.setattr(ScriptRunContext, "reset", went_back)
    return


def test_a_request_that_was_under_way_does_not_undo_a_click(app: AppTest) -> None:
    press(app, "open", batch="b1")
    assert shown(app) == "[('batch', 'b1'), ('panel', 'problems')]"
    press(app, "draw anew", batch="b1")  # sent before the browser knew
    assert shown(app) == "[('batch', 'b1'), ('panel', 'problems')]"
    press(app, "draw anew", batch="b1")
    assert shown(app) == "[('batch', 'b1'), ('panel', 'problems')]"


def test_a_click_in_a_late_request_is_added_to_the_one_before(app: AppTest) -> None:
    press(app, "open", batch="b1")
    press(app, "next", batch="b1")
    assert shown(app) == "[('batch', 'b1'), ('panel', 'problems'), ('row', '3')]"
    press(app, "close", batch="b1", panel="problems")  # the browser knows the first of the two
    assert shown(app) == "[('batch', 'b1'), ('row', '3')]"


def test_an_address_that_the_browser_has_shown_is_followed(app: AppTest) -> None:
    press(app, "open", batch="b1")
    press(app, "draw anew", batch="b1", panel="problems")
    press(app, "draw anew", batch="b1")  # a link to it
    assert shown(app) == "[('batch', 'b1')]"


def test_another_address_than_those_before_is_followed(app: AppTest) -> None:
    press(app, "open", batch="b1")
    press(app, "draw anew", batch="b2")
    assert shown(app) == "[('batch', 'b2')]"
    press(app, "draw anew", batch="b1")
    assert shown(app) == "[('batch', 'b1')]"


def test_back_is_followed_at_once(app: AppTest, request: pytest.FixtureRequest) -> None:
    press(app, "open", batch="b1")
    request.getfixturevalue("back")
    press(app, "draw anew", batch="b1")
    assert shown(app) == "[('batch', 'b1')]"
