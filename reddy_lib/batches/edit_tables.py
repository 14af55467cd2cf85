"""The lines and the tags of one call as tables in which a person edits them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from reddy_lib.batches.differences import Differences
from reddy_lib.batches.edits import value_text
from reddy_lib.findings import Finding
from reddy_lib.model import Call

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["lines_table", "tags_table"]


def lines_table(
    call: Call, findings: Sequence[Finding], changed: Differences, times: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the transcript as an editable table, indexed by line number from 1.

    Columns: marks ("error" or "check", and "changed", with commas), role (None = no role), text, start, stop (seconds,
    NaN = none), times (their origin, as in `Batch.lines`; "" if `times` is not given), finding (the messages).
    """
    import pandas as pd

    lines = call.transcript or []
    said = _by_number(findings, ("transcript", "role", "text", "start", "stop"))
    numbers = range(1, len(lines) + 1)
    return pd.DataFrame(
        {
            "marks": _marks(numbers, said, changed.lines),
            "role": pd.Series([line.role or None for line in lines], index=numbers, dtype="str"),
            "text": pd.Series([line.text for line in lines], index=numbers, dtype="str"),
            "start": pd.Series([line.start for line in lines], index=numbers, dtype=float),
            "stop": pd.Series([line.stop for line in lines], index=numbers, dtype=float),
            "times": pd.Series(list(times) or [""] * len(lines), index=numbers, dtype="str"),
            "finding": _messages(numbers, said),
        },
        index=pd.Index(numbers, name="line", dtype="int64"),
    )


def tags_table(call: Call, findings: Sequence[Finding], changed: Differences) -> pd.DataFrame:
    """Return the tags as an editable table, indexed by number from 1.

    Columns: marks (as in `lines_table`), key, value (always text), type, finding.
    """
    import pandas as pd

    tags = call.tags or []
    said = _by_number(findings, ("tags",))
    numbers = range(1, len(tags) + 1)
    return pd.DataFrame(
        {
            "marks": _marks(numbers, said, changed.tags),
            "key": pd.Series([tag.key for tag in tags], index=numbers, dtype="str"),
            "value": pd.Series([value_text(tag.value) for tag in tags], index=numbers, dtype="str"),
            "type": pd.Series([tag.type for tag in tags], index=numbers, dtype="str"),
            "finding": _messages(numbers, said),
        },
        index=pd.Index(numbers, name="tag", dtype="int64"),
    )


def _by_number(findings: Sequence[Finding], fields: tuple[str, ...]) -> dict[int, list[Finding]]:
    said: dict[int, list[Finding]] = {}
    for found in findings:
        if found.line is not None and found.field in fields:
            said.setdefault(found.line, []).append(found)
    return said


def _marks(
    numbers: Iterable[int], said: Mapping[int, Sequence[Finding]], changed: Collection[int]
) -> pd.Series[str]:
    import pandas as pd

    marks = []
    for number in numbers:
        own = []
        severities = {found.severity for found in said.get(number, ())}
        if severities:
            own.append("error" if "error" in severities else "check")
        if number in changed:
            own.append("changed")
        marks.append(",".join(own))
    # Text, not lists: an empty list would give the column another type than the first mark does, and Streamlit resets a
    # table whose types change during an edit.
    return pd.Series(marks, index=list(numbers), dtype="str")


def _messages(numbers: Iterable[int], said: Mapping[int, Sequence[Finding]]) -> pd.Series[str]:
    import pandas as pd

    return pd.Series(
        [" ".join(found.message for found in said.get(number, ())) for number in numbers],
        index=list(numbers),
        dtype="str",
    )
