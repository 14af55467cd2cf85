"""Clicks and uploads are carried out to the end, whatever the browser sends meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.scriptrunner import RerunData, add_script_run_ctx
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from reddy_lib.ui.events import keep_events_whole
from tests import app_server
from tests.app_server import ROOT, answers, free_port, wait_for

PAGE = """
import pathlib, time
import streamlit as st
from reddy_lib.ui.events import keep_events_whole

keep_events_whole()
said = pathlib.Path(__file__).with_name("said")

def say(words):
    with said.open("a") as file:
        file.write(words + "\\n")

def store():
    say("begins to store")
    time.sleep(0.5)
    st.session_state["stored"] = True  # where a run is interrupted
    time.sleep(0.5)
    st.toast("stored")
    say("has stored")

st.button("Store", key="store", on_click=store)
st.text_input("Other", key="other")
say("draws")
"""


@pytest.fixture(scope="module")
def running_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of that page, run with the workbench's own settings, and the file it writes to."""
    folder = tmp_path_factory.mktemp("page")
    script, port = folder / "page.py", free_port()
    script.write_text(PAGE)
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless", "true", "--server.port", str(port)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(lambda: answers(f"http://localhost:{port}/_stcore/health"), seconds=60, why="the page")
        yield f"localhost:{port}", folder / "said"
    finally:
        app_server.stop(process)


@pytest.fixture
def page(running_page: tuple[str, Path]) -> tuple[str, Path]:
    """The same for one test: nothing was said yet."""
    running_page[1].write_text("")
    return running_page


def drawn(stream: ClientConnection) -> dict[str, str]:
    """Wait for the end of a run; returns the ids of the widgets it drew, by their kind."""
    ids: dict[str, str] = {}
    while True:
        message = ForwardMsg()
        received = stream.recv(timeout=60)
        assert isinstance(received, bytes)
        message.ParseFromString(received)
        element = message.delta.new_element
        if element.WhichOneof("type") in ("button", "text_input"):
            kind = str(element.WhichOneof("type"))
            ids[kind] = getattr(element, kind).id
        if message.WhichOneof("type") == "script_finished":
            return ids


def rerun(stream: ClientConnection, *, click: str = "", typed: tuple[str, str] = ("", "")) -> None:
    message = BackMsg()
    message.rerun_script.query_string = ""
    if click:
        message.rerun_script.widget_states.widgets.add(id=click, trigger_value=True)
    if typed[0]:
        message.rerun_script.widget_states.widgets.add(id=typed[0], string_value=typed[1])
    stream.send(message.SerializeToString())


@pytest.mark.parametrize("pause", [0.0, 0.25, 0.75])
def test_an_event_that_comes_while_a_click_is_carried_out_waits_for_its_end(
    page: tuple[str, Path], pause: float
) -> None:
    address, said = page
    with connect(
        f"ws://{address}/_stcore/stream", subprotocols=[Subprotocol("streamlit")], origin=Origin(f"http://{address}"),
        max_size=None,
    ) as stream:  # fmt: skip
        for _ in range(2):  # the first run of a process installs it
            rerun(stream)
            ids = drawn(stream)
        rerun(stream, click=ids["button"])
        time.sleep(pause)
        rerun(stream, typed=(ids["text_input"], "something"))
        wait_for(lambda: said.read_text().splitlines()[-1:] == ["draws"] and "begins" in said.read_text(), seconds=20,
                 why="the page to be drawn")  # fmt: skip
        time.sleep(1.5)
    after = said.read_text().partition("begins to store\n")[2].splitlines()
    assert after[0] == "has stored", "nothing is drawn before, and it was not interrupted"
    assert after[-1] == "draws"


def test_a_browser_that_asks_where_to_upload_is_answered_when_a_run_starts_in_the_same_moment() -> None:
    keep_events_whole()
    queue = ForwardMsgQueue()
    answer, drawn = ForwardMsg(), ForwardMsg()
    answer.file_urls_response.response_id = "the upload"
    drawn.delta.new_element.text.body = "of the run before"
    queue.enqueue(drawn)
    queue.enqueue(answer)

    queue.clear(retain_lifecycle_msgs=True)  # as the next run begins

    assert [one.WhichOneof("type") for one in queue.flush()] == ["file_urls_response"]
    assert queue.flush() == [], "sent once"


def test_a_timer_of_a_page_that_was_left_does_not_begin_a_run() -> None:
    keep_events_whole()
    late = RerunData(fragment_id_queue=["of the page before"])
    # anything that a run begins with is missing here
    runner = cast(ScriptRunner, SimpleNamespace(_fragment_storage=MemoryFragmentStorage()))

    ScriptRunner._run_script(runner, late)

    with pytest.raises(AttributeError):
        ScriptRunner._run_script(runner, RerunData())


@pytest.mark.parametrize(("clicked", "runs"), [("review", "review"), ("load", "load"), ("", "load")])
def test_a_click_on_another_page_counts_although_the_page_asks_to_be_run_again(
    clicked: str, runs: str
) -> None:
    keep_events_whole()
    requests = ScriptRequests()
    if clicked:  # as the browser asks, from its own thread
        requests.request_rerun(RerunData(page_script_hash=clicked, widget_states=WidgetStates()))

    def page_asks() -> None:
        context = SimpleNamespace(
            page_script_hash="load",
            script_requests=requests,
            pages_manager=SimpleNamespace(main_script_hash=""),
        )
        add_script_run_ctx(threading.current_thread(), cast(ScriptRunContext, context))
        requests.request_rerun(RerunData(page_script_hash="load", query_string="file=1"))

    script = threading.Thread(target=page_asks)
    script.start()
    script.join()

    request = requests.on_scriptrunner_yield()
    assert request is not None
    assert request.rerun_data.page_script_hash == runs
    assert request.rerun_data.query_string == ("" if clicked == "review" else "file=1")
