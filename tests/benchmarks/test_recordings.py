"""Recordings against what is the least for each task, measured in the same run: a join of pandas over names that are equal
already, a listing by os.walk, and the decoder alone.

uv run pytest -m benchmark -n 0 -s tests/benchmarks/test_recordings.py     (BENCH_CALLS=100000 by default)
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reddy_lib.recordings.inspect import inspect_recording
from reddy_lib.recordings.matching import match_recordings
from reddy_lib.recordings.shared_folder import RecordingFolder
from tests.recording_files import encoded, tone, turns, wav_bytes

CALLS = int(os.environ.get("BENCH_CALLS", "100000"))

pytestmark = pytest.mark.benchmark


def best(work: Callable[[], object], times: int = 3) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


@pytest.mark.parametrize("kind", ["names", "paths", "ids", "all the same"])
def test_matching_against_a_join_of_equal_names(kind: str) -> None:
    numbers = range(CALLS)
    files = [f"{n % 365}/call {n} c-{n * 7919}.wav" for n in numbers]
    rows = {
        "names": {"filename": [f"CALL {n} C-{n * 7919}.mp3" for n in numbers]},
        "paths": {"filename": [f"D:\\rec\\{n % 365}\\call {n} c-{n * 7919}.wav" for n in numbers]},
        "ids": {"conversation_id": [f"c-{n * 7919}" for n in numbers]},
        "all the same": {"filename": ["audio.wav"] * CALLS},
    }[kind]
    if kind == "all the same":
        files = [f"{n}/audio.wav" for n in numbers]
    frame = pd.DataFrame(rows, index=range(2, CALLS + 2))
    left, right = pd.DataFrame({"name": files}), pd.DataFrame({"name": files[::-1], "row": frame.index})
    ours, joined = best(lambda: match_recordings(frame, files), 1), best(lambda: left.merge(right, on="name"))
    print(
        f"\n{CALLS:,} rows × files, {kind}: {ours:.2f} s; pandas' join {joined:.2f} s; ratio {ours / joined:.0f}"
    )
    small = frame.iloc[: CALLS // 10]
    tenth = best(lambda: match_recordings(small, files[: CALLS // 10]))
    print(f"ten times the rows and files: {ours / tenth:.1f} times as long")
    assert ours < 25 * tenth


def test_listing_a_folder_against_a_walk(tmp_path: Path) -> None:
    for number in range(CALLS // 10):
        path = tmp_path / str(number % 50) / f"{number}.wav"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    folder = RecordingFolder(tmp_path)
    ours = best(folder.recordings)
    walked = best(
        lambda: [os.stat(os.path.join(at, one)) for at, _, all_ in os.walk(tmp_path) for one in all_]
    )
    print(f"\n{CALLS // 10:,} files: {ours:.2f} s; os.walk {walked:.2f} s; ratio {ours / walked:.1f}")
    assert ours < 5 * walked


@pytest.mark.parametrize("ending", [".wav", ".mp3", ".ogg"])
def test_looking_inside_an_hour_against_the_decoder_alone(ending: str) -> None:
    import av

    content = wav_bytes(*turns(3_600)) if ending == ".wav" else encoded(ending, [tone(3_600, 16_000)], 16_000)

    def decode() -> None:
        with av.open(io.BytesIO(content)) as container:
            for frame in container.decode(audio=0):
                np.abs(frame.to_ndarray().astype(np.float32)).max()

    ours, bare = best(lambda: inspect_recording(content), 2), best(decode, 2)
    print(
        f"\nan hour of {ending}: {ours:.2f} s; decoded and looked at once {bare:.2f} s; ratio {ours / bare:.1f}"
    )
    assert ours < 6 * bare
