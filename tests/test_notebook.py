"""The quickstart notebook runs from top to bottom, as a newcomer would run it."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

QUICKSTART = Path(__file__).resolve().parents[1] / "notebooks" / "quickstart.ipynb"


def test_the_quickstart_sends_every_call_to_the_sandbox_and_ends_with_a_chart() -> None:
    notebook = nbformat.read(QUICKSTART, as_version=4)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(QUICKSTART.parent)}}
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [output.get("data", {}).get("text/plain", "") for output in outputs]
    assert any(re.search(r"<Submission 1 · s\w+ · done · 40 accepted>", text) for text in texts)
    charts = [output for output in outputs if "application/vnd.plotly.v1+json" in output.get("data", {})]
    assert len(charts) == 1


def test_the_quickstart_is_stored_without_outputs() -> None:
    notebook = nbformat.read(QUICKSTART, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)
