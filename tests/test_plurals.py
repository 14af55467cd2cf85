"""Counted sentences agree with their number."""

import pytest

from reddy_lib.plurals import agreeing
from reddy_lib.transcripts import read_transcript


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 calls are left"), (1, "1 call is left"), (1234, "1,234 calls are left")]
)
def test_the_words_agree_with_the_number(count: int, said: str) -> None:
    assert agreeing(count, "call is left", "calls are left") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no speaker at all", "The line does not name a speaker: no role was guessed."),
        ("no speaker\nat all", "None of the 2 lines names a speaker: no role was guessed."),
    ],
)
def test_lines_without_speakers_are_counted_as_one_says_it(text: str, said: str) -> None:
    found = {one.code: one.message for one in read_transcript(text).findings}
    assert found["transcript-no-speakers"] == said
