"""What is said of characters that a payload cannot hold: NULs that were removed, halves that U+FFFD replaced."""

from __future__ import annotations

from reddy_lib.findings import Finding, finding

__all__ = ["changed_characters", "half_characters"]


def changed_characters(before: str, after: str) -> list[Finding]:
    """Return the findings for what `whole_escapes` changed in the text of a transcript."""
    halves = sum(after.count(written) - before.count(written) for written in ("\ufffd", "\\ufffd"))
    nuls = before.count("\x00") + _escapes(before) - _escapes(after)
    found = [half_characters(halves, "transcript")] if halves > 0 else []
    if nuls:
        was = "1 NUL character was" if nuls == 1 else f"{nuls:,} NUL characters were"
        found.append(finding("nul-removed", "transcript", f"{was} removed from the transcript.", value=nuls))
    return found


def half_characters(count: int, field: str) -> Finding:
    """Return the finding for halves of characters that U+FFFD replaced."""
    noun = "1 half of a character was" if count == 1 else f"{count:,} halves of characters were"
    return finding("characters-replaced", field, f"{noun} replaced by “\ufffd”.", value=count)


def _escapes(text: str) -> int:
    return text.count("\\u0000") + text.count("\\x00")
