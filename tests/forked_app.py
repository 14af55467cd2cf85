"""The app in a process forked from one that has imported everything: most of its start, 1.6 s of a core, is imports.

For tests of what happens in the app. Those of how it starts start it as the README does: `tests.app_server`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests import app_server, sending_process
from tests.worker_processes import ForkedWorker


def start_forked_app(ledger: str | Path, log: Path, port: int, **environment: str) -> ForkedWorker:
    """The app as `app_server.start_app` starts it, but for the imports."""
    if (
        "tests.app_imports" not in sending_process.PRELOADED
    ):  # too late where that process runs: each imports then
        sending_process.PRELOADED.append("tests.app_imports")
    variables = app_server.variables(ledger, environment)
    process = ForkedWorker(app_server.arguments(port), variables, log, _streamlit)
    app_server.wait_until_ready(process, log, port, environment)
    return process


def _streamlit(arguments: list[str]) -> int:
    """What `python -m streamlit` runs."""
    from streamlit.web.cli import main  # here: a process that tests has no use for it

    time.tzset()
    sys.argv = ["streamlit", *arguments]
    sys.path.insert(0, str(app_server.ROOT))
    main(prog_name="streamlit")
    return 0
