"""JSON that holds calls field by field: an object of lists, a list a field."""

import json

import pytest

from reddy_lib.spreadsheet import read_sheet

IDS = ["K-101", "K-102", "K-103"]
SPOKEN = ["Hello, how can I help you?", "My card is lost since Monday."]
TALK = "\n".join(f"{side}: {text}" for side, text in zip(("Agent", "Customer"), SPOKEN, strict=True))
TURNS = [{"speaker": side, "text": text} for side, text in zip(("agent", "customer"), SPOKEN, strict=True)]


def table(tmp_path, data):
    path = tmp_path / "calls.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return read_sheet(path)


@pytest.mark.parametrize("talk", [TALK, TURNS])
@pytest.mark.parametrize(
    "around", [lambda data: data, lambda data: {"meta": {"page": 1}, "export": {"columns": data}}]
)
def test_each_place_of_the_lists_is_a_call(tmp_path, talk, around):
    frame = table(tmp_path, around({"ref": IDS, "owner": ["a", "a", "b"], "said": [talk] * 3}))
    assert frame["ref"].tolist() == IDS
    assert len(frame) == 3


@pytest.mark.parametrize(
    "data",
    [
        {"speaker": ["agent", "customer"], "text": SPOKEN},
        {"id": "K-101", "turns": TURNS, "words": [4, 6]},
    ],
)
def test_the_lists_of_one_call_stay_one_call(tmp_path, data):
    assert len(table(tmp_path, data)) == 1
