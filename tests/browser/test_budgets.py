"""How many clicks and keys a task takes, counted by the page: a budget for each of five tasks.

Every press of a key and every press of a mouse button counts one, typed letters too. The counter listens in the browser,
before any element can stop the event, and only to events that the browser itself made: text that a test puts into a
field without keys would not be counted, so it is not used here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

import reddy_lib as reddy
from tests import app_server
from tests.app_server import PATIENCE, free_port
from tests.browser.conftest import App

CALLS = 400
TASKS = ("unknown", "refused", "tag", "draw", "word")
JANE, MISSPELT = "jane.doherty@cedarline.example", "jane.dohrety@cedarline.example"
AGENTS = (JANE, "omar.haddad@cedarline.example", "lucia.ferrante@cedarline.example")
SLIPS = ("omar.hadad@cedarline.example", "lucia.ferante@cedarline.example", "jane.dohert@cedarline.example")

COUNTER = """
const count = (event) => {
  if (event.isTrusted) sessionStorage.presses = Number(sessionStorage.presses || 0) + 1;
};
for (const kind of ["keydown", "mousedown"]) addEventListener(kind, count, true);
"""


class Bench(NamedTuple):
    app: App
    batches: dict[str, reddy.Batch]


def sheet(name: str, agents: list[str]) -> pd.DataFrame:
    """One call for each agent, each with other words."""
    return pd.DataFrame(
        {
            "Call": [f"{name}-{number:04d}" for number in range(len(agents))],
            "Agent": agents,
            "Product": ["Loans" if number % 3 else "Retention" for number in range(len(agents))],
            "Start": [
                f"2026-03-{1 + number % 28:02d}T{9 + TASKS.index(name):02d}:{number % 60:02d}:00Z"
                for number in range(len(agents))
            ],
            "CSAT": [1 + number % 5 for number in range(len(agents))],
            "Transcript": [
                "[00:01] Agent: Good morning, you reach Cedarline, how can I help you today?\n"
                f"[00:06] Customer: Hello, I am calling about my contract number {9000 + number} please.\n"
                "[00:11] Agent: Let me look that up for you, one moment please.\n"
                "[00:17] Customer: Thank you, I will wait here until you have found it."
                for number in range(len(agents))
            ],
        }
    )


def mixed(number: int) -> bool:
    """Return whether a call is one of the 214. They stand among others: many refusals in a row pause a submission."""
    return number * 214 // CALLS != (number + 1) * 214 // CALLS


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The app, with a Reddy that knows three agents, and one batch of 400 calls a task."""
    folder = tmp_path_factory.mktemp("bench")
    good = [AGENTS[number % 3] for number in range(CALLS)]
    agents = {
        "unknown": [MISSPELT if mixed(number) else AGENTS[number % 3] for number in range(CALLS)],
        "refused": [*SLIPS, *good[3:]],
        "tag": good,
        "draw": good,
        "word": good,
    }
    with reddy.Sandbox(agents=AGENTS) as server:
        with (
            reddy.Ledger(folder / "ledger.sqlite") as ledger,
            reddy.Client(server.token, base_url=server.url) as client,
        ):
            batches = {
                name: ledger.load(
                    sheet(name, listed), name=name, products=client.list_products(), progress=False
                )
                for name, listed in agents.items()
            }
            for name in ("unknown", "refused"):
                reddy.submit(batches[name], client, ramp=False, progress=False)
        process = app_server.start_app(
            folder / "ledger.sqlite",
            folder / "app.log",
            port := free_port(),
            REDDY_BASE_URL=server.url,
            REDDY_API_TOKEN=server.token,
        )
        app = App(f"http://localhost:{port}", str(folder / "ledger.sqlite"), folder / "app.log")
        with reddy.Ledger(folder / "ledger.sqlite") as ledger:
            yield Bench(app, {name: ledger.batch(batch.id) for name, batch in batches.items()})
        app_server.stop(process)


@pytest.fixture
def screen(page: Page) -> Page:
    page.add_init_script(COUNTER)
    return page


def review(page: Page, bench: Bench, name: str) -> reddy.Batch:
    batch = bench.batches[name]
    page.goto(f"{bench.app.url}/review?batch={batch.id}")
    expect(page.locator(".turn").first).to_be_visible()
    assert presses(page) == 0
    return batch


def presses(page: Page) -> int:
    return int(page.evaluate("Number(sessionStorage.presses || 0)"))


def within(page: Page, most: int, task: str, began: float) -> None:
    """Check the budget, and print the row of the table."""
    taken = presses(page)
    print(f"\n{task}: {taken} clicks and keys of {most}, {time.monotonic() - began:.1f} s")
    assert 0 < taken <= most, f"{task} took {taken} clicks and keys"


def until(holds: Callable[[], bool], what: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE * 60
    while not holds():
        assert time.monotonic() < end, what()
        time.sleep(0.1)


def click(page: Page, label: str) -> None:
    page.get_by_role("button", name=re.compile(label)).first.click()


def show(page: Page, panel: str) -> None:
    """Choose a panel of Review."""
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name=panel, exact=True).first.click()


def send(page: Page, number: int) -> None:
    """Press what Submit asks for."""
    page.wait_for_url(re.compile("/submit"))
    expect(page.get_by_text(f"{number} calls will be sent").first).to_be_visible()
    click(page, rf"Send (all )?{number}\b")


def test_214_calls_of_an_agent_that_reddy_does_not_know_are_fixed_and_sent(
    screen: Page, bench: Bench
) -> None:
    batch = review(screen, bench, "unknown")
    assert batch.counts()["rejected"] == 214
    began = time.monotonic()
    show(screen, "Problems")
    click(screen, "^Fix 214")
    until(lambda: batch.count(agent=MISSPELT) == 0, batch.counts)
    click(screen, "Send 214 ready")
    send(screen, 214)
    until(lambda: batch.counts()["accepted"] == CALLS, batch.counts)
    within(screen, 12, "214 unknown agents fixed and sent", began)
    assert len(batch.operations()) == 1


def test_three_refused_calls_are_found_fixed_and_sent_again(screen: Page, bench: Bench) -> None:
    batch = review(screen, bench, "refused")
    assert batch.counts()["rejected"] == 3
    began = time.monotonic()
    show(screen, "Problems")
    expect(screen.get_by_role("button", name=re.compile("^Fix 1"))).to_have_count(3)
    for left in (2, 1, 0):
        click(screen, "^Fix 1")
        expect(screen.get_by_role("button", name=re.compile("^Fix 1"))).to_have_count(left)
    click(screen, "Send 3 ready")
    send(screen, 3)
    until(lambda: batch.counts()["accepted"] == CALLS, batch.counts)
    within(screen, 8, "3 refused calls found, fixed, sent again", began)


def test_a_tag_is_renamed_in_all_calls(screen: Page, bench: Bench) -> None:
    batch = review(screen, bench, "tag")
    began = time.monotonic()
    click(screen, f"^Edit {CALLS}")
    dialog = screen.get_by_role("dialog")
    dialog.get_by_role("radio", name="Tag", exact=True).click()
    dialog.get_by_role("radio", name="Rename", exact=True).click()
    dialog.get_by_role("textbox", name="New name").click()
    screen.keyboard.type("csat")
    screen.keyboard.press("Enter")
    dialog.get_by_role("button", name=f"Change {CALLS} calls").click()
    until(lambda: list(batch.tags(401)["key"]) == ["csat"], lambda: batch.tags(401))
    expect(dialog).to_have_count(0)
    within(screen, 10, "a tag renamed in 400 calls", began)
    assert all(payload["tags"][0]["key"] == "csat" for _, payload in batch.payloads())


def test_fifty_calls_are_drawn_and_sent(screen: Page, bench: Bench) -> None:
    batch = review(screen, bench, "draw")
    began = time.monotonic()
    show(screen, "Draw")
    click(screen, "^Draw$")
    click(screen, "^Send these 50")
    send(screen, 50)
    until(lambda: batch.counts()["accepted"] == 50, batch.counts)
    within(screen, 10, "50 calls drawn and sent", began)
    per_agent = [batch.count(agent=agent, status="accepted") for agent in AGENTS]
    assert max(per_agent) - min(per_agent) <= 1


def test_a_word_of_a_turn_is_corrected(screen: Page, bench: Bench) -> None:
    batch = review(screen, bench, "word")
    began = time.monotonic()
    words = screen.locator(".turn .words").nth(2)
    words.dblclick(position={"x": 9, "y": 9})
    screen.keyboard.type("Allow")
    screen.keyboard.press("Enter")
    until(
        lambda: (batch.call(2).transcript or [])[2].text.startswith("Allow me look"),
        lambda: batch.lines(2)["text"].tolist(),
    )
    within(screen, 4 + len("Allow"), "a word of a turn corrected", began)
    assert Path(bench.app.log).exists()
    assert "Traceback" not in bench.app.log.read_text()
