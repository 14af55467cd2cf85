"""200 calls against servers that hang up in every way: how many end in doubt. `pytest -m soak -n 0 -s` prints the table."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from reddy_lib.api import Client
from reddy_lib.errors import APIError, Doubtful
from tests.api.test_connections import CALL, GOOD, TOKEN, read_request

CALLS = 200
Habit = Callable[[socket.socket], int]  # serves one connection; returns how many calls it processed


def after(requests: int, *, farewell: bool = False) -> Habit:
    """Close behind the answer to so many requests, with or without a word."""

    def serve(connection: socket.socket) -> int:
        for number in range(requests):
            if not read_request(connection):
                return number
            last = farewell and number == requests - 1
            connection.sendall(
                GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n" if last else b"\r\n\r\n", 1)
            )
        return requests

    return serve


def unanswered(requests: int) -> Habit:
    """Read one request more than are answered, and close: it was not processed."""

    def serve(connection: socket.socket) -> int:
        processed = after(requests)(connection)
        if processed == requests:
            read_request(connection)
        return processed

    return serve


def idle(seconds: float) -> Habit:
    def serve(connection: socket.socket) -> int:
        processed = 0
        connection.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            while read_request(connection):
                connection.sendall(GOOD)
                processed += 1
        return processed

    return serve


def at_once(connection: socket.socket) -> int:
    return 0


def processed_and_silent(connection: socket.socket) -> int:
    """The call is processed, and no answer comes: these are in doubt by right."""
    return 1 if read_request(connection) else 0


HABITS: dict[str, tuple[Habit, float]] = {  # and seconds between two calls
    "closes before it reads": (at_once, 0.0),
    "closes after 1, with a word": (after(1, farewell=True), 0.0),
    "closes after 1": (after(1), 0.0),
    "closes after 10": (after(10), 0.0),
    "reads the 2nd, closes unanswered": (unanswered(1), 0.0),
    "reads the 11th, closes unanswered": (unanswered(10), 0.0),
    "closes when idle for 50 ms": (idle(0.05), 0.05),
    "processes, then closes unanswered": (processed_and_silent, 0.0),
}


def run(habit: Habit, pause: float, at_a_time: int) -> tuple[Counter[str], int]:
    """Send `CALLS`; returns how they ended, and how many the server processed."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    processed: list[int] = []

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            processed.append(habit(connection))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()

    def send(_number: int) -> str:
        time.sleep(pause)
        try:
            client.create_call(CALL)
        except Doubtful:
            return "in doubt"
        except APIError:
            return "never sent"
        return "accepted"

    with (
        Client(TOKEN, base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client,
        ThreadPoolExecutor(at_a_time) as pool,
    ):
        ended = Counter(pool.map(send, range(CALLS)))
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    time.sleep(0.2)
    return ended, sum(processed)


@pytest.mark.soak
@pytest.mark.parametrize("at_a_time", [1, 8])
@pytest.mark.parametrize("name", HABITS)
def test_few_calls_end_in_doubt_that_were_not_processed(name: str, at_a_time: int) -> None:
    habit, pause = HABITS[name]
    ended, processed = run(habit, pause, at_a_time)
    print(
        f"\n| {name} | {at_a_time} at a time | {ended['accepted']} accepted | {ended['never sent']} never sent | "
        f"{ended['in doubt']} in doubt | {processed} processed |"
    )
    assert sum(ended.values()) == CALLS
    assert ended["accepted"] <= processed
    if habit is not processed_and_silent and habit is not at_once:
        assert ended["in doubt"] <= at_a_time
