"""Uploads that were under way when somebody left the page are found again when she is back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from reddy_lib.ui import uploads


class Tab:
    """A browser tab: its session on the server, with the files that arrived."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        uploads.remember_uploads()
        self.manager, self.name = MemoryUploadedFileManager("/upload"), name
        context = SimpleNamespace(session_id=name, uploaded_file_mgr=self.manager)
        monkeypatch.setattr(uploads, "get_script_run_ctx", lambda: context)

    def begin(self, *names: str) -> list[str]:
        return [one.file_id for one in self.manager.get_upload_urls(self.name, names)]

    def arrive(self, file_id: str, name: str, content: bytes) -> None:
        self.manager.add_file(self.name, UploadedFileRec(file_id, name, "text/csv", content))


@pytest.fixture
def tab(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Tab:
    return Tab(monkeypatch, request.node.name)


def test_a_file_that_arrives_on_another_page_is_taken_on_the_way_back(tab: Tab) -> None:
    uploads.on_page("Load")
    (file_id,) = tab.begin("calls.csv")
    assert uploads.left_behind() == []
    uploads.on_page("Review")
    assert uploads.left_behind() == []
    uploads.on_page("Load")
    assert uploads.left_behind() == ["calls.csv"]
    assert uploads.arrived() is None
    tab.arrive(file_id, "calls.csv", b"a,b")
    ((file, name),) = uploads.arrived() or []
    assert (file.read(), name) == (b"a,b", "calls.csv")
    uploads.forget()
    assert uploads.left_behind() == []


def test_of_several_files_none_is_taken_before_all_are_there(tab: Tab) -> None:
    uploads.on_page("Load")
    first, second = tab.begin("a.vtt", "b.vtt")
    uploads.on_page("Outcomes")
    uploads.on_page("Load")
    tab.arrive(first, "a.vtt", b"1")
    assert uploads.arrived() is None
    tab.arrive(second, "b.vtt", b"2")
    assert [name for _, name in uploads.arrived() or []] == ["a.vtt", "b.vtt"]


def test_a_file_that_was_taken_is_not_taken_twice(tab: Tab) -> None:
    uploads.on_page("Load")
    tab.begin("calls.csv")
    uploads.forget()
    uploads.on_page("Review")
    uploads.on_page("Load")
    assert uploads.left_behind() == []


def test_another_page_and_another_tab_have_their_own(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads.on_page("Review")
    tab.begin("call.wav")
    uploads.on_page("Load")
    assert uploads.left_behind() == []
    uploads.on_page("Review")
    assert uploads.left_behind() == ["call.wav"]
    Tab(monkeypatch, "another")
    uploads.on_page("Review")
    assert uploads.left_behind() == []
