"""What is masked is nowhere outside of the ledger: not in payloads, evidence, exports or logs, nor in the sound."""

from __future__ import annotations

import io
import json
import logging
import random
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches.steps import SetTag
from reddy_lib.personal_data.spoken_forms import spoken_digits
from reddy_lib.recordings.wav import read_wav
from tests.recording_files import tone, wav_bytes

CALLS = 25
"""Each has a card number and a PIN: 50 planted strings."""
SOUND = 5  # calls with a recording
SECONDS = 12.0
PLACES = ((2.0, 5.0), (7.0, 9.0))  # of the recording in which they are said


def card(drawn: random.Random) -> str:
    digits = [4, *(drawn.randrange(10) for _ in range(14))]
    total = sum(sum(divmod(digit * (2 if at % 2 == 0 else 1), 10)) for at, digit in enumerate(digits))
    return "".join(map(str, digits)) + str(-total % 10)


def transcript(number: str, pin: str) -> str:
    said = [
        ("agent", "Could I have the long card number, please?", 0.0),
        ("customer", f"It is {number}.", PLACES[0][0]),
        ("agent", "And the PIN of the account?", PLACES[0][1]),
        ("customer", pin, PLACES[1][0]),
        ("agent", "Thank you, that is all.", PLACES[1][1]),
    ]
    stops = [start for _, _, start in said[1:]] + [SECONDS]
    return json.dumps(
        [
            {"role": role, "text": text, "start": start, "stop": stop}
            for (role, text, start), stop in zip(said, stops, strict=True)
        ]
    )


class Planted:
    """A batch with planted strings, and every form in which one of them may leave."""

    def __init__(self, ledger: reddy.Ledger) -> None:
        drawn = random.Random(7)
        cards = [card(drawn) for _ in range(CALLS)]
        pins = [str(drawn.randrange(100_000, 1_000_000)) for _ in range(CALLS)]
        written = [" ".join(re.findall("....", one)) if at % 2 else one for at, one in enumerate(cards)]
        spoken = [
            spoken_digits(pin, "en", "single", drawn) if at % 3 == 0 else pin for at, pin in enumerate(pins)
        ]
        frame = pd.DataFrame(
            {
                "conversation_id": [f"audit-{at}" for at in range(CALLS)],
                "agent_email": ["ann@example.com"] * CALLS,
                "product_id": [1] * CALLS,
                "timestamp": [1_700_000_000 + at for at in range(CALLS)],
                "filename": [f"call-{at}.wav" if at < SOUND else "" for at in range(CALLS)],
                "transcript": [transcript(*pair) for pair in zip(written, spoken, strict=True)],
                "Card number": written,
            }
        )
        self.batch = ledger.load(frame, progress=False)
        for row in self.batch.rows()[:SOUND]:
            self.batch.attach(row, io.BytesIO(wav_bytes(tone(SECONDS) + 0.1)), name="call.wav")
            number = written[row - self.batch.rows()[0]]
            self.batch.apply(SetTag(key="Card number", value=number), [row])
        self.strings = {*cards, *written, *pins, *spoken}

    def found_in(self, text: str) -> list[str]:
        return sorted(one for one in self.strings if re.search(rf"(?<![\w.]){re.escape(one)}(?!\w)", text))


def test_what_is_planted_is_found_nowhere(
    ledger: reddy.Ledger,
    sandbox: reddy.Sandbox,
    client: reddy.Client,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    planted = Planted(ledger)
    batch = planted.batch
    assert len(planted.strings) >= 50
    assert len(planted.found_in("\n".join(map(str, batch)) + str(dict(batch.payloads())))) >= 50, (
        "the check finds them"
    )

    submission = reddy.submit(batch, client, personal_data="mask", progress=False)
    assert batch.counts()["accepted"] == CALLS

    received = sandbox.received_json().decode()
    assert received.count("[card number]") >= CALLS
    assert planted.found_in(received) == []
    assert planted.found_in(str([batch.tags(row).to_dict() for row in batch.rows()])) == []

    with zipfile.ZipFile(reddy.evidence(submission, tmp_path)) as archive:
        for name in archive.namelist():
            assert planted.found_in(archive.read(name).decode()) == [], name
    outcomes = submission.outcomes()
    assert planted.found_in(reddy.exports.to_csv(outcomes).decode("utf-8-sig")) == []
    book = zipfile.ZipFile(io.BytesIO(reddy.exports.to_xlsx(outcomes)))
    assert planted.found_in("".join(book.read(name).decode() for name in book.namelist())) == []
    assert planted.found_in(caplog.text + "".join(capsys.readouterr())) == []

    sounds = list(sandbox.audio.values())
    assert len(sounds) == SOUND
    for content in sounds:
        header = read_wav(io.BytesIO(content))
        samples = np.frombuffer(content[header.begin :], "<i2")
        for start, stop in PLACES:
            assert not samples[round(start * header.rate) : round(stop * header.rate)].any()
        assert samples[: round(1.4 * header.rate)].any(), "the rest can be heard"
