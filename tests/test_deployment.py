"""The documented deployment, as far as it can be tried without a container engine: its commands, run as processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

import reddy_lib as reddy
from reddy_lib.sending.engine import enqueue
from reddy_lib.sending.submission import create
from reddy_lib.sending.workers import workers_known
from tests.app_server import ROOT, answers, free_port, wait_for
from tests.conftest import PRODUCTS, fresh_database
from tests.worker_processes import environment

TOKEN = "deployment-test-token-0123456789"
SANDBOX_TOKEN = "one-value-for-app-and-workers"


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def test_the_image_copies_what_is_there_and_runs_as_nobody_special() -> None:
    allowed = {
        line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    for name, rest in instructions():
        if name == "COPY":
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source.rstrip("/") in allowed, f"{source} is kept out by .dockerignore"
    users = [rest for name, rest in instructions() if name == "USER"]
    assert users == ["reddy"]
    assert not any(
        word in rest
        for name, rest in instructions()
        if name in ("ENV", "ARG")
        for word in ("TOKEN", "PASSWORD")
    )
    assert not any(path.startswith(("deploy.env", ".env", "tests")) for path in allowed)
    (command,) = [json.loads(rest) for name, rest in instructions() if name == "CMD"]
    assert command == services()["app"]["command"]


def test_compose_names_what_it_uses_and_holds_no_secret() -> None:
    all_of_it = yaml.safe_load((ROOT / "compose.yaml").read_text())
    example = (ROOT / "deploy.env.example").read_text()
    names = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert {"POSTGRES_PASSWORD", "REDDY_LEDGER", "REDDY_API_TOKEN"} <= names
    assert re.search(r"^(POSTGRES_PASSWORD|REDDY_API_TOKEN)=$", example, re.MULTILINE)
    for service in all_of_it["services"].values():
        assert service["env_file"] == "deploy.env"
        assert not {"REDDY_API_TOKEN", "POSTGRES_PASSWORD", "REDDY_LEDGER"} & set(
            service.get("environment", {})
        )
        for needed in service.get("depends_on", {}):
            assert needed in all_of_it["services"]
    assert "deploy.env" in (ROOT / ".gitignore").read_text().splitlines()
    volume = all_of_it["services"]["postgres"]["volumes"][0].partition(":")[0]
    assert volume in all_of_it["volumes"]
    assert "pg_isready" in all_of_it["services"]["postgres"]["healthcheck"]["test"][1]


def test_the_app_without_an_engine_and_two_workers_as_compose_starts_them(
    postgres: str, sheet: Callable[..., Path], tmp_path: Path
) -> None:
    port = free_port()
    location = fresh_database(postgres, "deployment")
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, **variables: str) -> None:
        service = services()[name]
        here = {"0.0.0.0": "127.0.0.1", "8501": str(port), "python": sys.executable}
        command = [here.get(word, word) for word in service["command"]]
        of_compose = {
            name: str(value).replace("app:8501", f"127.0.0.1:{port}")
            for name, value in service["environment"].items()
        }
        with (tmp_path / f"{name}.log").open("ab") as log:
            variables = {"REDDY_LEDGER": location, **of_compose, **variables}
            processes.append(
                subprocess.Popen(command, cwd=ROOT, env=environment(**variables), stdout=log, stderr=log)
            )

    with reddy.Sandbox(token=TOKEN) as elsewhere, reddy.Ledger(location) as ledger:
        token = {
            "REDDY_API_TOKEN": TOKEN,
            "REDDY_BASE_URL": elsewhere.url,
            "REDDY_SANDBOX_TOKEN": SANDBOX_TOKEN,
        }
        try:
            start("app", **token)
            for _ in range(services()["worker"]["deploy"]["replicas"]):
                start("worker", **token)
            wait_for(lambda: answers(f"http://127.0.0.1:{port}/ready"), seconds=90, why="the app")
            wait_for(lambda: len(workers_known(ledger)) == 2, seconds=90, why="the workers")
            assert set(workers_known(ledger)["kind"]) == {"worker"}, "the app left sending to them"
            batch = ledger.load(sheet(30), products=PRODUCTS, progress=False)
            to_reddy = create(
                ledger, batch.id, address=elsewhere.url, token_source="environment", token_hint="…6789",
                rows=list(range(2, 22)),
            )  # fmt: skip
            tried = create(ledger, batch.id, address="sandbox", token_source="sandbox")
            for submission in (to_reddy, tried):
                enqueue(ledger, submission)
            wait_for(lambda: to_reddy.state == tried.state == "done", seconds=90, why="both submissions")
            assert to_reddy.counts()["accepted"] == 20
            assert tried.counts()["accepted"] == 10
            assert (
                len({call["conversation_id"] for call in elsewhere.received}) == len(elsewhere.received) == 20
            )
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(timeout=90)  # told once: a second word some seconds later means "at once"
        assert [process.returncode for process in processes[1:]] == [0, 0]
    assert "Traceback" not in "".join(path.read_text() for path in tmp_path.glob("*.log"))
    assert TOKEN not in "".join(path.read_text() for path in tmp_path.glob("*.log"))
