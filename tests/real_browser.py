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
    """Start it. Without a browser, a test is skipped: README's command has to run with Python and pip alone. In CI, where
    `.ci/run` installs one, it fails."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("There is no Chromium on this machine, and CI has to run the browser tests.")
        pytest.skip("The browser tests need Chromium: on Debian, apt install chromium.")
    return playwright.chromium.launch(
        executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    )
