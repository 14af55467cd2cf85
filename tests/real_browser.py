"""The browser of the tests: Chromium, without the windows around its pages where the machine has it so."""

from __future__ import annotations

import os
import shutil

import pytest
from playwright.sync_api import Browser, Playwright

# The first one that is there. The shell is the same engine without a window, a toolbar and tabs to draw, so that a page
# costs half of the processor time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def launched(playwright: Playwright) -> Browser:
    """Start it. Without one a test is skipped, and fails in CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine: the browser tests have to run here")
        pytest.skip("no Chromium on this machine")
    return playwright.chromium.launch(
        executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    )
