"""Frames that notebooks and pages read: outcomes, lines, tags; and times of the database as UTC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reddy_lib.model import Call

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["lines_frame", "outcomes_frame", "tags_frame", "utc"]


def outcomes_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Outcomes as a frame: row, status, conversation_id, agent_email, product_id (Int64), timestamp (UTC, start of
    the call), upload_id (Int64), http_status (Int64), error (text, "" if none), attempts, seconds (of the last
    attempt), started, ended (UTC), submission (id, "" if none), audio (none, waiting, uploaded, failed, expired)."""
    import pandas as pd

    names = ["row", "status", "conversation_id", "agent_email", "product_id", "timestamp", "upload_id",
             "http_status", "error", "attempts", "seconds", "started", "ended", "submission", "audio"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=names)
    for name in ("product_id", "upload_id", "http_status"):
        frame[name] = frame[name].astype("Int64")
    for name in ("timestamp", "started", "ended"):
        frame[name] = utc(frame[name])
    for name in ("conversation_id", "agent_email", "error", "submission"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "").astype(str)
    for name in ("row", "attempts"):
        frame[name] = frame[name].astype("int64")
    frame["seconds"] = frame["seconds"].astype(float)
    frame["status"] = frame["status"].astype(str)
    frame["audio"] = frame["audio"].astype(object).where(frame["audio"].notna(), "none").astype(str)
    return frame


def lines_frame(call: Call) -> pd.DataFrame:
    """A call's transcript as a frame. Index: line number from 1. Columns: role, text, start, stop (seconds, NaN = none)."""
    import pandas as pd

    found = call.transcript or []
    frame = pd.DataFrame(
        {
            "role": pd.Series([line.role for line in found], dtype=object),
            "text": pd.Series([line.text for line in found], dtype=object),
            "start": pd.Series([line.start for line in found], dtype=float),
            "stop": pd.Series([line.stop for line in found], dtype=float),
        }
    )
    frame.index = pd.RangeIndex(1, len(found) + 1, name="line")
    return frame


def tags_frame(call: Call) -> pd.DataFrame:
    """A call's tags as a frame. Index: number from 1. Columns: key, value (as typed), type."""
    import pandas as pd

    found = call.tags or []
    frame = pd.DataFrame(
        {
            "key": pd.Series([tag.key for tag in found], dtype=object),
            "value": pd.Series([tag.value for tag in found], dtype=object),
            "type": pd.Series([tag.type for tag in found], dtype=object),
        }
    )
    frame.index = pd.RangeIndex(1, len(found) + 1, name="tag")
    return frame


def utc(seconds: pd.Series[Any]) -> pd.Series[Any]:
    """Seconds since the epoch → UTC datetimes; what lies outside the calendar becomes NaT."""
    import pandas as pd

    numbers = pd.to_numeric(seconds, errors="coerce").astype(float)
    inside = numbers.where(numbers.abs() < 9_000_000_000)
    return pd.to_datetime(inside, unit="s", utc=True)
