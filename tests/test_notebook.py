"""The notebooks run from top to bottom, as a newcomer would run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def outputs_of(path: Path) -> list[Any]:
    notebook = nbformat.read(path, as_version=4)
    folder = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=folder).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def texts(outputs: list[Any]) -> str:
    return "\n".join(output.get("data", {}).get("text/plain", "") for output in outputs)


def charts(outputs: list[Any]) -> int:
    return sum("application/vnd.plotly.v1+json" in output.get("data", {}) for output in outputs)


def test_the_quickstart_sends_every_call_to_the_sandbox_and_ends_with_a_chart() -> None:
    outputs = outputs_of(ROOT / "notebooks" / "quickstart.ipynb")
    assert "done · 40 accepted>" in texts(outputs)
    assert charts(outputs) == 1


def test_a_dataframe_is_loaded_fixed_sent_joined_to_its_outcomes_and_plotted() -> None:
    outputs = outputs_of(ROOT / "notebooks" / "dataframe.ipynb")
    assert "ManyEdited(changed=4, same=0, locked=0)" in texts(outputs)
    assert "done · 12 accepted>" in texts(outputs)
    assert any("Held calls need a fix" in output.get("data", {}).get("text/html", "") for output in outputs)
    assert charts(outputs) == 2
    red = "".join(output["text"] for output in outputs if output.get("name") == "stderr")
    assert "Warning" not in red, "without ipywidgets, progress is a line of text"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)


SCRIPT = """
import reddy_lib as reddy

ledger = reddy.Ledger("ledger.sqlite")
batch = ledger.load("calls.xlsx")
reveal_type(batch)
reveal_type(batch[2])
reveal_type(batch.counts())
with reddy.Client("token") as client:
    reveal_type(client.list_products())
    submission = reddy.submit(batch, client, rows=[2, 3])
reveal_type(submission)
reveal_type(reddy.evidence(submission, "evidence.zip"))
for call in batch:
    reveal_type(call.agent_email)
batch.update([2], product_id=7)
batch.update("2")  # error: not rows
reddy.submit(client)  # error: not a batch
"""


def test_a_script_of_a_user_is_checked_with_useful_types(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    # Where the type checker ran before, as in .ci/run, most of its work is done.
    cache = Path(__file__).resolve().parents[1] / ".mypy_cache"
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        f"--cache-dir={cache}",
        "script.py",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    revealed = [line.partition("Revealed type is ")[2].strip('"') for line in done.stdout.splitlines()]
    assert [kind for kind in revealed if kind] == [
        "reddy_lib.batches.batch.Batch", "reddy_lib.model.Call", "dict[str, int]",
        "list[reddy_lib.api.answers.Product]", "reddy_lib.sending.submission.Submission", "pathlib.Path", "str | None",
    ]  # fmt: skip
    refused = {line.partition(": error: ")[0] for line in done.stdout.splitlines() if ": error: " in line}
    assert refused == {"script.py:17", "script.py:18"}, done.stdout
