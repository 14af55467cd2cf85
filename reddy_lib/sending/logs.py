"""The log of what is sent, for programs to read: one JSON object a line, when `REDDY_LOG` asks for it.

Events of submissions, attempts and workers are logged by name, with their facts beside them (`extra`). A line holds the
facts in `FACTS` and no others: ids, numbers, names of outcomes. It never holds a token, an upload address or a word of a
call, and no word of Reddy's either, because a server may repeat what was sent. Of an exception it holds the type and the
line numbers, not the message.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = ["FACTS", "VARIABLE", "JsonLines", "switch_on"]

VARIABLE = "REDDY_LOG"
"""`json`: write to standard error; anything else is a file to append to."""

FACTS = (
    "submission",
    "number",
    "batch",
    "address",
    "by_hand",
    "row",
    "attempt",
    "outcome",
    "status",
    "seconds",
    "request_id",
    "worker",
    "calls",
    "queued",
    "skipped",
    "again",
    "reason",  # why the workbench itself failed at something: the ledger's sentence, never a server's
)

_LIBRARY = "reddy_lib"


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON: time (UTC), level, logger, event, and the facts that it has."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(record.msg),  # without its arguments: events are names, and carry facts
        }
        line |= {name: getattr(record, name) for name in FACTS if getattr(record, name, None) is not None}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(line, ensure_ascii=True, default=str)


def switch_on(environ: Mapping[str, str] = os.environ) -> logging.Handler | None:
    """Write the library's log as `REDDY_LOG` says, once a process however often called; return the handler, or None.

    Raises OSError: the file cannot be written.
    """
    wanted = environ.get(VARIABLE, "").strip()
    library = logging.getLogger(_LIBRARY)
    there = next((one for one in library.handlers if isinstance(one.formatter, JsonLines)), None)
    if not wanted or there is not None:
        return there
    handler: logging.Handler = (
        logging.StreamHandler()
        if wanted.casefold() == "json"
        else logging.FileHandler(wanted, encoding="utf-8")
    )
    handler.setFormatter(JsonLines())
    library.addHandler(handler)
    library.setLevel(logging.INFO)
    if not isinstance(handler, logging.FileHandler):
        # The root's handlers write to standard error too: each event would appear twice, once not as JSON.
        library.propagate = False
    return handler
