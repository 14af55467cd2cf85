"""Rows that are words become the turns of a call: what one speaker says until another one does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from reddy_lib.transcripts.spacing import join_words

__all__ = ["of_words"]

_MARK = re.compile(r"[.,;:?!…)\]%»”’。、？！，]+")


def of_words(turns: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the turns of these words, each with the start of its first and the stop of its last.

    A mark in a row of its own, as Amazon writes them, belongs to the word before it. A word without a speaker belongs to
    who spoke before. Anything else in the rows ("is_final") is that of the first word.
    """
    filled: list[dict[str, Any]] = []
    for turn in turns:
        role = turn["role"] or (filled[-1]["role"] if filled else "")
        filled.append({**turn, "role": role})
    found: list[dict[str, Any]] = []
    for _, group in groupby(filled, key=lambda turn: turn["role"]):
        said = list(group)
        words: list[str] = []
        for turn in said:
            text = turn["text"].strip()
            if words and _MARK.fullmatch(text):
                words[-1] += text
            elif text:
                words.append(text)
        stops = [turn["stop"] for turn in said if "stop" in turn]
        turn = {**said[0], "text": join_words(words)}
        turn.pop("stop", None)
        starts = [one["start"] for one in said if "start" in one]
        if starts:
            turn["start"] = starts[0]
        if stops:
            turn["stop"] = stops[-1]
        found.append(turn)
    return found
