"""What tests of pages share."""

from __future__ import annotations

import pytest

from reddy_lib.ui import operation_jobs


@pytest.fixture(autouse=True)
def patient_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of a few calls ends within the click, also on a machine where something else burns its cores."""
    monkeypatch.setattr(operation_jobs, "AT_ONCE", 60.0)
