"""Downloads: written when asked for, sent in pieces, gone afterwards, and known while their session lives."""

from __future__ import annotations

import ast
import csv
import gc
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.errors import LedgerUnavailable
from reddy_lib.sending.submission import create
from reddy_lib.sending.workers import new_worker
from reddy_lib.ui.downloads import routes
from tests import screen
from tests.browser.test_downloads import DOWNLOADS
from tests.conftest import PRODUCTS
from tests.sending.exchanging import exchange
from tests.sending.test_exchange import answer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def http() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=routes), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[reddy.Ledger]:
    location = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("REDDY_LEDGER", str(location))
    with reddy.Ledger(location) as opened:
        yield opened


def links(app: AppTest) -> dict[str, str]:
    """Label → address of each download on the page."""
    return {
        each.proto.label: f"/{each.proto.url}"
        for each in app.get("link_button")
        if each.proto.url.startswith("download/")
    }


def page_with(write: Callable[[IO[bytes]], object], file_name: str = "calls.csv") -> AppTest:
    def script(write: object, file_name: str) -> None:
        from reddy_lib.ui.downloads import download

        download("anything", "Get it", write, file_name=file_name, mime="text/csv")  # type: ignore[arg-type]

    return screen.run(AppTest.from_function(script, args=(write, file_name), default_timeout=90))


def test_the_outcomes_page_hands_out_its_files_with_what_it_shows(
    ledger: reddy.Ledger, sheet: Callable[..., Path], http: TestClient
) -> None:
    batch = ledger.load(sheet(3), products=PRODUCTS, progress=False)
    submission = create(ledger, batch.id, address="sandbox", token_source="sandbox")
    worker = new_worker(ledger)
    claims = exchange(ledger, submission.id, 0, worker, want=3).claims
    results = [
        answer(one, status) for one, status in zip(claims, ("accepted", "rejected", "accepted"), strict=True)
    ]
    exchange(ledger, submission.id, 0, worker, results=results, want=0)
    app = screen.opened("outcomes", batch)  # its links are known as long as it is there
    found = links(app)
    assert list(found) == ["CSV", "Excel", "Download evidence"]

    rows = list(csv.DictReader(io.StringIO(http.get(found["CSV"]).content.decode("utf-8-sig"))))
    assert [row["status"] for row in rows] == ["accepted", "rejected", "accepted"]
    assert http.get(found["Excel"]).content[:2] == b"PK"
    answered = http.get(found["Download evidence"])
    assert answered.headers["content-type"] == "application/zip"
    assert answered.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answered.content)) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("manifest.json"))["counts"] == {"accepted": 2, "rejected": 1}


def test_a_link_stays_the_same_and_leads_to_what_its_page_shows_now(http: TestClient) -> None:
    def script() -> None:
        import streamlit as st

        from reddy_lib.ui.downloads import download, write_all

        shown = str(st.session_state.get("shown", "before"))
        download("anything", "Get it", write_all(shown.encode()), file_name="a.txt", mime="text/plain")

    app = screen.run(AppTest.from_function(script, default_timeout=90))
    (address,) = links(app).values()
    assert http.get(address).content == b"before"
    app.session_state["shown"] = "after"
    assert list(links(screen.run(app)).values()) == [address]
    assert http.get(address).content == b"after"


def test_a_link_is_unknown_when_its_session_is_over_and_says_what_to_do(http: TestClient) -> None:
    app = page_with(lambda file: file.write(b"a,b\r\n"))
    (address,) = links(app).values()
    assert http.get(address).content == b"a,b\r\n"
    del app
    gc.collect()
    gone = http.get(address)
    assert gone.status_code == 404
    assert "reload the page" in gone.text


def test_no_two_sessions_have_the_same_link_and_a_guess_finds_nothing(http: TestClient) -> None:
    first, second = page_with(lambda file: file.write(b"1")), page_with(lambda file: file.write(b"2"))
    assert set(links(first).values()).isdisjoint(links(second).values())
    assert http.get("/download/evidence").status_code == 404


def test_a_file_that_cannot_be_written_is_a_sentence_and_never_half_a_file(http: TestClient) -> None:
    def write(file: IO[bytes]) -> None:
        file.write(b"half")
        raise LedgerUnavailable("The ledger is locked by another program.")

    (address,) = links(page_with(write)).values()
    answered = http.get(address)
    assert answered.status_code == 503
    assert answered.text.startswith("The file could not be written. The ledger is locked by another program.")
    assert "half" not in answered.text


def test_any_file_name_arrives_and_none_forges_a_header(http: TestClient) -> None:
    app = page_with(lambda file: file.write(b"x"), 'Gespräche "März"\r\nSet-Cookie: a=b.csv')
    (address,) = links(app).values()
    answered = http.get(address)
    assert "set-cookie" not in answered.headers
    assert answered.headers["content-disposition"].startswith("attachment; filename*=UTF-8''Gespr%C3%A4che")


def test_behind_a_base_path_the_link_holds(http: TestClient) -> None:
    (address,) = links(page_with(lambda file: file.write(b"x"))).values()
    assert http.get(f"/team/workbench{address}").content == b"x"


def test_nothing_is_left_on_the_disk(
    http: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    seen: list[list[str]] = []

    def write(file: IO[bytes]) -> None:
        file.write(b"x" * 1_000_000)
        seen.append([found.name for found in tmp_path.iterdir()])

    (address,) = links(page_with(write)).values()
    assert len(http.get(address).content) == 1_000_000
    assert seen == [[]]  # not even while it is written: a killed process leaves nothing
    assert list(tmp_path.iterdir()) == []


def test_every_download_of_the_app_goes_through_here_and_is_clicked_in_a_browser() -> None:
    names: set[str] = set()
    for path in [*(ROOT / "pages").glob("*.py"), *(ROOT / "reddy_lib" / "ui").glob("**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert called != "download_button", f"{path.name} line {node.lineno}: use ui.downloads.download"
            if called == "download":
                name = node.args[0]
                assert isinstance(name, ast.Constant), f"{path.name} line {node.lineno}: name it by a literal"
                names.add(str(name.value))
    assert names == set(DOWNLOADS)
