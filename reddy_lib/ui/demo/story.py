"""The calls of the demo: a sample of invented calls with a few problems of its own, and a recording made of tones."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["MISSPELLED", "RECORDED_ROW", "REFUSED_ROWS", "demo_calls", "tones"]

SAMPLE = "labelled_text.csv"

HELD_ROWS = (9, 16, 28)
"""Rows whose product has a spelling that Reddy does not know."""

REFUSED_ROWS = (14, 23, 31)
"""Rows whose agent Reddy does not know. None is among the first six: a refusal there would pause the submission."""

RECORDED_ROW = 2
MISSPELLED = "Tech Supprt"
RATE = 8_000


def demo_calls(folder: Path, run: str) -> pd.DataFrame:
    """Return the sample's forty calls with the problems of the story.

    Args:
        folder: of the samples.
        run: makes the case numbers of this demo its own, so that no other call is taken for one of them.
    """
    calls = pd.read_csv(folder / SAMPLE, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    calls["Case no"] = [f"demo-{run}-{number}" for number in calls["Case no"]]
    calls["Started"] = [f"{started} UTC" for started in calls["Started"]]
    for row in HELD_ROWS:
        calls.loc[row - 2, "Queue"] = MISSPELLED
    for number, row in enumerate(REFUSED_ROWS, start=1):
        calls.loc[row - 2, "Rep E-mail"] = f"unknown.{number}@cedarline.example"
    return calls


def tones(lines: Sequence[tuple[str, float, float]]) -> io.BytesIO:
    """Return a stereo WAV in which each line is a tone: the agent low and left, the customer high and right.

    Args:
        lines: role, start, stop (seconds).
    """
    seconds = max((stop for _, _, stop in lines), default=1.0)
    sound = np.zeros((int(seconds * RATE) + 1, 2), dtype=np.float64)
    for role, start, stop in lines:
        first, last = int(start * RATE), int(stop * RATE)
        if last <= first:
            continue
        time = np.arange(last - first) / RATE
        syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * time)
        fade = np.minimum(1.0, np.minimum(time, time[::-1]) * 20)
        pitch, side = (165.0, 0) if role == "agent" else (247.0, 1)
        sound[first:last, side] += 0.25 * np.sin(2 * np.pi * pitch * time) * syllables * fade
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
    file.seek(0)
    return file
