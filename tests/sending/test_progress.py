"""How far a submission is: numbers from counts, and one line of words."""

from __future__ import annotations

import pytest

from reddy_lib.sending.progress import Progress, Sample, pace_words, progress, sampled, stages
from reddy_lib.sending.ramp_up import Ramp
from reddy_lib.sending.rate_limits import Live

NONE = dict.fromkeys(
    ("held", "ready", "queued", "sending", "accepted", "rejected", "failed", "unknown", "skipped"), 0
)


def test_a_running_submission_in_words() -> None:
    counts = NONE | {"queued": 1380, "sending": 8, "accepted": 2396, "rejected": 9, "unknown": 5}
    far = progress(counts, [(100.0, 1670), (110.0, 2410)])
    assert far == Progress(chosen=3798, settled=2410, in_flight=8, left=1388, pace=74.0)
    assert far.words() == "2,410 of 3,798 · 74/s · about 19 s left · 8 in flight"
    assert far.words(moving=False) == "2,410 of 3,798 · 8 in flight"
    assert far.share == pytest.approx(0.6345, abs=1e-4)


def test_without_two_moments_there_is_no_pace() -> None:
    counts = NONE | {"queued": 10}
    for samples in ([], [(1.0, 0)], [(1.0, 0), (1.0, 0)]):
        far = progress(counts, samples)
        assert far.pace is None
        assert far.words() == "0 of 10"


@pytest.mark.parametrize(
    ("left", "pace", "words"),
    [
        (1, 50.0, "about 1 s left"),
        (89, 1.0, "about 89 s left"),
        (600, 2.0, "about 5 min left"),
        (100_000, 8.0, "about 3.5 h left"),
    ],
)
def test_the_time_that_is_left_is_said_roughly(left: int, pace: float, words: str) -> None:
    assert words in Progress(chosen=left, settled=0, in_flight=0, left=left, pace=pace).words()


def test_a_slow_pace_has_a_decimal_and_none_has_no_end() -> None:
    assert Progress(chosen=9, settled=3, in_flight=1, left=6, pace=0.25).words() == (
        "3 of 9 · 0.2/s · about 24 s left · 1 in flight"
    )
    assert Progress(chosen=9, settled=3, in_flight=0, left=6, pace=0.0).words() == "3 of 9 · 0.0/s"


def test_what_a_cancelled_submission_never_sent_is_not_settled() -> None:
    far = progress(NONE | {"accepted": 3, "ready": 7}, [])
    assert (far.chosen, far.settled, far.left) == (10, 3, 0)
    assert far.share == 0.3


def test_a_submission_without_calls_is_all_done() -> None:
    assert progress(NONE, []).share == 1.0


def test_the_pace_is_of_the_last_ten_seconds() -> None:
    samples: list[Sample] = []
    for second in range(30):
        samples = sampled(samples, float(second), second * 5 if second < 15 else 75)
    assert samples[0][0] == 19.0
    assert len(samples) == 11
    assert progress(NONE | {"queued": 1}, samples).pace == 0.0


@pytest.mark.parametrize(
    ("ramp", "words"),
    [
        (Ramp(False, 0, 0, 3797, 1), "First 1, then 5, then the other 3,792"),
        (Ramp(False, 1, 0, 3797, 0), "1 accepted. Next 5, then the other 3,792"),
        (Ramp(False, 3, 0, 3792, 3), "3 accepted. Next 3, then the other 3,792"),
        (Ramp(False, 0, 1, 29, 0), "1 refused. Next 1, then 5, then the other 23"),
        (Ramp(False, 2, 1, 26, 1), "2 accepted, 1 refused. Next 4, then the other 23"),
        (Ramp(False, 1, 0, 2, 0), "1 accepted. Next 5"),
    ],
)
def test_a_submission_that_begins_with_one_call_says_where_it_stands(ramp: Ramp, words: str) -> None:
    assert stages(ramp) == words


@pytest.mark.parametrize(
    ("live", "words"),
    [
        (Live(14, 1, "held there by 429s", 0.0, ""), "14 in flight; held there by 429s"),
        (Live(14, 2, "answers take 210 ms", 50.0, "old"), "14 in flight; answers take 210 ms · 2 workers"),
        (Live(0, 1, "", 0.0, ""), "0 in flight"),
        (Live(0, 0, "", 0.0, ""), ""),
        (
            Live(3, 1, "rising", 130.0, "Reddy asked for 30 s (429)"),
            "Waits until t130: Reddy asked for 30 s (429).",
        ),
    ],
)
def test_the_pace_this_moment_in_words(live: Live, words: str) -> None:
    assert pace_words(live, now=100.0, clock=lambda moment: f"t{moment:.0f}") == words
