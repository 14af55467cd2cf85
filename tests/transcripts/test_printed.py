"""Data as programs and databases print it, read without evaluating anything."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest

from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.formats.json_form import is_data
from reddy_lib.transcripts.formats.printed import read_array, read_printed
from tests.transcripts.conversation import SIDES, TEXTS, check

PAIRS = list(zip(SIDES, TEXTS, strict=True))
DICTS = [repr({"role": side, "content": text}) for side, text in PAIRS]
SECONDS = [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "cell",
    [
        "[" + "\n ".join(DICTS) + "]",
        "array([" + ",\n       ".join(DICTS) + "], dtype=object)",
        "np.array([" + ", ".join(DICTS) + "])",
        "[" + ", ".join(f"Row(role={side!r}, text={text!r})" for side, text in PAIRS) + "]",
        "["
        + ", ".join(f"Turn(speaker={side!r}, said={text!r}, score=np.float64(0.5))" for side, text in PAIRS)
        + "]",
        "["
        + ", ".join(f"OrderedDict([('role', {side!r}), ('text', {text!r})])" for side, text in PAIRS)
        + "]",
        "deque([" + ", ".join(f"({side!r}, {text!r})" for side, text in PAIRS) + "], maxlen=50)",
        "(" + ", ".join(f"({side!r}, {text!r})" for side, text in PAIRS) + ")",
        "{'turns': ["
        + ", ".join(f"{{'who': <Side.X: {side!r}>, 'text': {text!r}, 'x': nan}}" for side, text in PAIRS)
        + "]}",
        "defaultdict(<class 'list'>, {'turns': ["
        + ", ".join(DICTS)
        + "]})".replace("<class 'list'>", "list"),
        "{" + ",".join(f'"({side},\\"{text}\\")"' for side, text in PAIRS) + "}",
        "{" + ",".join(json.dumps(json.dumps({"role": side, "text": text})) for side, text in PAIRS) + "}",
        json.dumps(json.dumps(json.dumps([{"role": side, "text": text} for side, text in PAIRS]))),
        json.dumps(json.dumps([{"role": side, "text": text} for side, text in PAIRS]))[1:-1],
        json.dumps([{"role": side, "text": text} for side, text in PAIRS]).replace('"', '""'),
        "".join(json.dumps({"role": side, "text": text}) for side, text in PAIRS),
    ],
)
def test_one_conversation_as_many_programs_print_it(cell: str) -> None:
    check(cell.replace("defaultdict(<class 'list'>", "defaultdict(list"))


@pytest.mark.parametrize(
    "moment",
    [
        "Timestamp('2025-03-04 09:00:0{}')",
        "datetime.datetime(2025, 3, 4, 9, 0, {})",
        "Timestamp('2025-03-04 09:00:0{}+0000', tz='UTC')",
        "datetime.datetime(2025, 3, 4, 9, 0, {}, tzinfo=datetime.timezone.utc)",
        "np.datetime64('2025-03-04T09:00:0{}')",
    ],
)
def test_moments_as_python_prints_them(moment: str) -> None:
    rows = [
        f"{{'role': {side!r}, 'text': {text!r}, 'time': {moment.format(n)}, 'x': nan}}"
        for n, (side, text) in enumerate(PAIRS)
    ]
    transcript = check(f"[{', '.join(rows)}]", starts=[float(second) for second in SECONDS])
    assert transcript.started == 1_741_078_800
    tuples = [f"({side!r}, {text!r}, {moment.format(n)})" for n, (side, text) in enumerate(PAIRS)]
    check(f"[{', '.join(tuples)}]", starts=[float(second) for second in SECONDS])


def test_json_lines_end_at_line_feeds_alone() -> None:
    texts = [f"{text}\u2028And\u0085more." for text in TEXTS]
    rows = [
        json.dumps({"role": side, "text": text}, ensure_ascii=False)
        for side, text in zip(SIDES, texts, strict=True)
    ]
    check("\n".join(rows), texts=texts)
    check("\r\n".join(rows) + "\r\n", texts=texts)


@pytest.mark.parametrize(
    "text",
    ["[Music(soft)] Agent: hi", "(Agent) hello", "((unclear)) hi", "[Ben(laughs)=ok] hi", "Row(role='a'"],
)
def test_texts_with_brackets_are_no_data(text: str) -> None:
    assert not is_data(text)


@pytest.mark.parametrize(
    "text",
    [
        "[1, ...]",
        "[__import__('os').system('x')]",
        "[lambda: 1]",
        "[x]",
        "f(",
        "[1",
        "{'a': }",
        "['a",
        "[" * 5000,
        "Row(" * 5000,
        "array([" + "(" * 3000,
    ],
)
def test_what_is_no_value_is_refused_at_once(text: str) -> None:
    begun = time.perf_counter()
    with suppress(ValueError):
        read_printed(text)
    assert time.perf_counter() - begun < 1
    read_transcript(text)


def test_long_hostile_texts_end_in_time() -> None:
    begun = time.perf_counter()
    for text in (
        "[{'a': 1}\n" * 20_000,
        '{"(' * 20_000,
        "[" + "nan " * 50_000 + "]",
        "[Row(a='" + "\\" * 50_001,
        "[('" + "'(" * 40_000,
    ):
        read_transcript(text)
    assert time.perf_counter() - begun < 10


def test_fields_of_an_array_of_a_database() -> None:
    assert read_array('{"(agent,\\"Say \\"\\"hi\\"\\", please\\",1.5)","(customer,,2)"}') == [
        ["agent", 'Say "hi", please', 1.5],
        ["customer", "", 2.0],
    ]
    for text in ('{"a": 1}', "{}", "{a", "[1]"):
        with pytest.raises(ValueError):
            read_array(text)


@pytest.mark.parametrize(
    "cell",
    [
        "[" + ", ".join(f"{{role={side}, text={text}, score=0.5, note=null}}" for side, text in PAIRS) + "]",
        "[" + ", ".join(f'{{:role=>"{side}", :text=>"{text}", :x=>nil}}' for side, text in PAIRS) + "]",
        "[" + ", ".join(f'{{"role"=>"{side}", "text"=>"{text}"}}' for side, text in PAIRS) + "]",
        json.dumps([{"role": side, "text": text} for side, text in PAIRS]).replace('"', "&quot;"),
        json.dumps([{"role": side, "text": text} for side, text in PAIRS], indent=2).replace("\n", "\\n"),
    ],
)
def test_rows_of_query_engines_and_hashes_of_ruby(cell: str) -> None:
    check(cell)
