"""A real app on a fresh ledger, and a real browser in front of it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests import app_server
from tests.app_server import PATIENCE, free_port
from tests.forked_app import start_forked_app
from tests.real_browser import launched
from tests.worker_processes import ForkedWorker

expect.set_options(timeout=PATIENCE * 30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here:
            item.add_marker(pytest.mark.browser)


@dataclass
class App:
    """The app in a process of its own."""

    url: str
    ledger: str
    log: Path


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for this folder's tests, and gone after them: while it is there, an event loop runs in this thread."""
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


class Watched:
    """Requests that left this machine, and complaints about the policy of headers, of all pages of a context."""

    def __init__(self, context: BrowserContext) -> None:
        self.requests: list[str] = []
        self.refused: list[str] = []
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("console", lambda said: self._said(said.text))

    def _said(self, text: str) -> None:
        if "Content Security Policy" in text or "Refused to" in text:
            self.refused.append(text)

    @property
    def outside(self) -> list[str]:
        hosts = {urlsplit(url).hostname for url in self.requests if url.startswith(("http", "ws"))}
        return sorted(str(host) for host in hosts - {"localhost", "127.0.0.1"})


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose every click must do without another server and within the policy of headers."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, timezone_id="Europe/London")
    context.set_default_timeout(PATIENCE * 30_000)
    watched = Watched(context)
    yield context.new_page()
    context.close()
    assert watched.outside == []
    assert watched.refused == []


@pytest.fixture(scope="package")
def stopping() -> Iterator[list[ForkedWorker]]:
    """Apps that were told to stop. Each takes a second to end in good order; the next test need not wait for it."""
    processes: list[ForkedWorker] = []
    yield processes
    for process in processes:
        app_server.stop(process)
    assert {process.returncode for process in processes} <= {0, -signal.SIGTERM}


@pytest.fixture
def start_app(tmp_path: Path, stopping: list[ForkedWorker]) -> Iterator[Callable[..., App]]:
    """Starts the app; further environment variables as keyword arguments."""
    processes: list[ForkedWorker] = []

    def start(**environment: str) -> App:
        ledger, log, port = tmp_path / "ledger.sqlite", tmp_path / "app.log", free_port()
        processes.append(start_forked_app(ledger, log, port, **environment))
        return App(f"http://localhost:{port}", str(ledger), log)

    yield start
    for process in processes:
        process.terminate()
    stopping += processes


@pytest.fixture
def app(start_app: Callable[..., App]) -> App:
    return start_app()


def at_rest(link: Locator) -> Locator:
    """Wait until a link or button stays where it is. A page that has just opened moves when its style and its parts arrive,
    and a press that begins on the link would end beside it; nobody is that quick."""
    still, before = 0, None
    for _ in range(300):
        place = link.bounding_box()
        still = still + 1 if place == before else 0
        if still > 4:
            return link
        before = place
        link.page.wait_for_timeout(100)
    pytest.fail(f"the link never stands still: {before}")
