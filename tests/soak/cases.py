"""Files that somebody might drop in, made up: sheets of every layout, JSON, transcripts, and real files with bytes changed.

Everything is drawn by hypothesis, from a seed: a case that fails can be made again by its number.
"""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from hypothesis import strategies as st

from tests.conftest import ROOT, SHARED
from tests.workbook_writers import ods_file, xls_file, xlsb_file

__all__ = ["Case", "cases"]

Case = tuple[str, Callable[[Path], Path]]
"""What it is, and what writes it into a folder."""

HEADERS = (
    "Conversation ID", "call_id", "Agent Email", "agent", "Agent", "Product", "Start", "start_time", "Date", "Time",
    "Transcript", "transcript", "Text", "Speaker", "role", "Start (s)", "End", "CSAT", "Queue", "Filename", "Notizen",
    "Kunde", "顧客", "عميل", "", " ", "Unnamed: 0", "2020", "column A", "x" * 300, "a\nb", "=1+1", "nan", "row",
)  # fmt: skip
CELLS = (
    "", " ", "0", "007", "3592.0", "1.56E+10", "TRUE", "ja", "#N/A", "nan", "=cmd|'/c'!A1", "2026-03-02T10:00:00Z",
    "3/4/2026 9:05", "31.12.2025", "1772445600", "1772445600000", "46083.5", "00:01:02,500", "PT1M2S", "-5", "1e400",
    "9" * 400, "ana@x.example", "Ana", "agent", "customer", "Total", "Page 1 of 3", "Exported on 2026-01-01", "Loans",
    "channels", '["agent","customer"]', "a,b;c\td|e", 'say "hi"', "line\nline", "cr\rcr", "\x00", "\x1a", "\ud7ff\ue000",
    "😀" * 20, "é" * 500, "x" * 32767, "Infinity", "٣٤", "½", "²",
)  # fmt: skip
LABELS = (
    "Agent",
    "Customer",
    "IVR",
    "Ana",
    "Speaker 1",
    "spk_0",
    "1",
    "",
    "Port",
    "agent@x.example",
    "Kunde",
    "顧客",
)
SAID = (
    "Thank you for calling.", "I lost my card.", "", "[noise]", "Port: 8080", "- one\n- two", "**bold**", "(laughs)",
    "a" * 5000, "\\n", "00:12", "…", "{", "]", '"', "Agent: no", "\u2028", "&amp;", "<v Ana>",
)  # fmt: skip
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "cp1252",
    "cp1251",
    "latin-1",
    "shift_jis",
    "gb18030",
    "utf-32",
)
DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f", " ", ":", "::")


SHAPES = (
    "{0}: {1}", "[00:0{2}] {0}: {1}", "**{0}:** {1}", "{0} - {1}", "{0}\n{1}\n", "{0} (0:0{2}): {1}", "<{0}> {1}", "{1}",
    "{2}\n00:00:0{2},000 --> 00:00:0{2},900\n{0}: {1}\n",
)  # fmt: skip


# transcripts


@st.composite
def turns(draw: st.DrawFn) -> list[tuple[str, str]]:
    text = st.one_of(st.sampled_from(SAID), st.text(max_size=60))
    label = st.one_of(st.sampled_from(LABELS), st.text(max_size=12))
    return draw(st.lists(st.tuples(label, text), max_size=12))


@st.composite
def labelled(draw: st.DrawFn) -> str:
    shape = draw(st.sampled_from(SHAPES))
    between = draw(st.sampled_from(("\n", "\r\n", "\\n", " ", " | ", "\n\n", "<br>", "")))
    return between.join(
        shape.format(who, said, place % 10) for place, (who, said) in enumerate(draw(turns()))
    )


@st.composite
def vendor_json(draw: st.DrawFn) -> Any:
    roles = draw(
        st.sampled_from(("role", "speaker", "ParticipantId", "speaker_label", "from", "channel", "who"))
    )
    texts = draw(st.sampled_from(("text", "Content", "transcript", "message", "words", "content")))
    starts = draw(
        st.sampled_from(("start", "BeginOffsetMillis", "offset", "timestamp", "offsetInTicks", "start_time"))
    )
    time = st.one_of(
        st.none(), st.integers(-5, 10**18), st.floats(), st.sampled_from(("1.5", "PT3S", "00:01", "x", ""))
    )
    items = [{roles: who, texts: said, starts: draw(time)} for who, said in draw(turns())]
    wrap = draw(
        st.sampled_from(("", "results", "Transcript", "utterances", "segments", "messages", "dialog"))
    )
    return {wrap: items, "id": "c1", "duration": draw(time)} if wrap else items


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(CELLS),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(HEADERS) | st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=25,
)


@st.composite
def json_text(draw: st.DrawFn) -> str:
    data = draw(st.one_of(vendor_json(), ANY_JSON, st.lists(vendor_json(), max_size=4)))
    text = json.dumps(data, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from((None, 1))))
    fault = draw(st.sampled_from(("", "", "", "cut", "brace", "comment", "lines", "python", "twice")))
    if fault == "cut":
        return text[: draw(st.integers(0, len(text)))]
    if fault == "lines" and isinstance(data, list):
        return "\n".join(json.dumps(item) for item in data)
    return {
        "brace": text + "}",
        "comment": "// made up\n" + text,
        "python": repr(data),
        "twice": text * 2,
    }.get(fault, text)


TRANSCRIPTS = st.one_of(labelled(), json_text())


# tables


@st.composite
def tables(draw: st.DrawFn) -> list[list[Any]]:
    layout = draw(st.sampled_from(("calls", "lines", "anything")))
    if layout == "lines":
        header: list[Any] = ["call_id", "agent_email", "speaker", "text", "start"]
        rows = [
            [f"c{call}" if draw(st.booleans()) else "", "ana@x.example", who, said, place]
            for call in range(draw(st.integers(1, 4)))
            for place, (who, said) in enumerate(draw(turns()))
        ]
    elif layout == "calls":
        header = ["Conversation ID", "Agent Email", "Product", "Start", "CSAT", "Transcript"]
        cell = st.sampled_from(CELLS)
        rows = [
            [draw(cell), "ana@x.example", draw(cell), draw(cell), draw(cell), draw(TRANSCRIPTS)]
            for _ in range(draw(st.integers(0, 6)))
        ]
    else:
        header = draw(st.lists(st.one_of(st.sampled_from(HEADERS), st.text(max_size=10)), max_size=10))
        cell = st.one_of(st.sampled_from(CELLS), st.text(max_size=20))
        rows = draw(st.lists(st.lists(cell, max_size=12), max_size=12))
    above = draw(
        st.lists(st.lists(st.sampled_from(("", "Report", "Calls of March", "2026")), max_size=4), max_size=3)
    )
    below = draw(
        st.lists(st.lists(st.sampled_from(("Total", "", "12", "End of report")), max_size=3), max_size=2)
    )
    return [*above, header, *rows, *([header] if draw(st.booleans()) and rows else []), *rows[:2], *below]


def quoted(cells: list[Any], delimiter: str) -> str:
    return delimiter.join('"' + str(cell).replace('"', '""') + '"' for cell in cells)


@st.composite
def text_tables(draw: st.DrawFn) -> Case:
    rows, delimiter = draw(tables()), draw(st.sampled_from(DELIMITERS))
    end, encoding = draw(st.sampled_from(("\n", "\r\n", "\r", "\n\n"))), draw(st.sampled_from(ENCODINGS))
    plain = draw(st.booleans())
    lines = [delimiter.join(map(str, row)) if plain else quoted(row, delimiter) for row in rows]
    text = draw(st.sampled_from(("", "", f"sep={delimiter}{end}"))) + end.join(lines)
    data = text.encode(encoding, "replace")
    name = draw(st.sampled_from(("calls.csv", "calls.tsv", "calls.txt", "calls.xls", "calls")))
    return f"text table {encoding} {delimiter!r}", lambda folder: written(folder / name, data)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@st.composite
def typed_tables(draw: st.DrawFn) -> Case:
    rows = draw(tables())
    mixed = st.one_of(
        st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.booleans()
    )
    for row in rows[1:]:
        for place in range(len(row)):
            if draw(st.integers(0, 5)) == 0:
                row[place] = draw(mixed)
    kind = draw(st.sampled_from(("xlsx", "ods", "xlsb", "xls", "parquet", "html")))
    return kind, lambda folder: typed_file(folder, kind, rows)


def typed_file(folder: Path, kind: str, rows: list[list[Any]]) -> Path:
    short = [
        [
            cell.replace("\x00", "").replace("\x1a", "")[:8000] if isinstance(cell, str) else cell
            for cell in row
        ]
        for row in rows
    ]
    if kind == "ods":
        return ods_file(folder, {"Calls": [[_xml(cell) for cell in row] for row in short]})
    if kind == "xlsb":
        return xlsb_file(folder, {"Calls": short})
    if kind == "xls":
        return xls_file(folder, {"Calls": short})
    if kind == "html":
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in short)
        return written(folder / "calls.xls", f"<html><table>{body}".encode("utf-8", "replace"))
    if kind == "parquet":
        path = folder / "calls.parquet"
        width = max(map(len, short), default=0)
        names = [f"{cell}{place}" for place, cell in enumerate((short[0] + [""] * width)[:width])]
        filled = [[str(cell) for cell in row] + [""] * (width - len(row)) for row in short[1:]]
        pd.DataFrame(filled, columns=names, dtype="str").to_parquet(path)
        return path
    path = folder / "calls.xlsx"
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False})
    for title in ("Calls", "Lines")[: 1 + len(rows) % 2]:
        sheet = book.add_worksheet(title)
        for number, row in enumerate(short):
            for place, cell in enumerate(row):
                sheet.write(number, place, _xml(cell))
    book.close()
    return path


def _xml(cell: Any) -> Any:
    return "".join(mark for mark in cell if mark >= " " or mark in "\n\t") if isinstance(cell, str) else cell


@st.composite
def json_files(draw: st.DrawFn) -> Case:
    text = draw(json_text())
    name = draw(st.sampled_from(("call.json", "calls.jsonl", "call.jsonc", "call.txt", "call.csv")))
    return f"json as {name}", lambda folder: written(folder / name, text.encode("utf-8", "replace"))


@st.composite
def transcript_files(draw: st.DrawFn) -> Case:
    text = draw(st.sampled_from(("", "WEBVTT\n\n"))) + draw(labelled())
    name = draw(st.sampled_from(("call.vtt", "call.srt", "call.sbv", "call.txt", "call.md")))
    encoding = draw(st.sampled_from(ENCODINGS))
    return f"transcript as {name}", lambda folder: written(folder / name, text.encode(encoding, "replace"))


@st.composite
def archives(draw: st.DrawFn) -> Case:
    texts = draw(st.lists(TRANSCRIPTS, max_size=5))
    sheet = draw(st.sampled_from(("", "file,agent\na0.json,ana@x.example\na1.json,bo@x.example\n", "x\n1\n")))
    ending = draw(st.sampled_from((".json", ".vtt", ".txt", ".zip", ".bin")))

    def make(folder: Path) -> Path:
        path = folder / "calls.zip"
        with zipfile.ZipFile(path, "w") as archive:
            if sheet:
                archive.writestr("meta.csv", sheet)
            for place, text in enumerate(texts):
                archive.writestr(f"a{place}{ending}", text.encode("utf-8", "replace"))
        return path

    return f"zip of {ending}", make


# real files with bytes changed


@cache
def real_files() -> list[Path]:
    """Small real files, and the samples; where the shared data is absent, the samples alone."""
    kinds = ("csv", "xlsx", "json", "jsonc", "vtt", "srt", "sbv")
    found = [path for kind in kinds for path in SHARED.rglob(f"*.{kind}")] if SHARED.exists() else []
    found = [path for path in found if path.name != "expected.json" and path.stat().st_size < 110_000]
    return [*sorted(found), *sorted((ROOT / "data").glob("*.csv")), *sorted((ROOT / "data").glob("*.xlsx"))]


def mutated(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((0, 1, 2, 8, 40))):
        place = rng.randrange(len(changed) + 1)
        size = rng.choice((1, 1, 4, 64, 1000))
        what = rng.randrange(6)
        if what == 0:
            changed[place : place + size] = rng.randbytes(size)
        elif what == 1:
            del changed[place : place + size]
        elif what == 2:
            changed[place:place] = changed[:size]
        elif what == 3 and place < len(changed):
            changed[place] ^= 1 << rng.randrange(8)
        elif what == 4:
            changed[place:place] = rng.choice(
                (
                    b"\x00",
                    b'"',
                    b"\n",
                    b"\xff\xfe",
                    b"<",
                    b"{" * 50,
                    b"[" * 500,
                    b"&#x0;",
                    b"99999999999",
                    b":",
                )
            )
        else:
            del changed[max(place, 20) :]
    return bytes(changed)


def inside(data: bytes, rng: random.Random) -> bytes:
    """A zip with one member changed and packed again: what a check of the packed bytes would not let through."""
    import io

    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        names = source.namelist()
        chosen = rng.choice(names)
        for name in names:
            content = source.read(name)
            packed.writestr(name, mutated(content, rng) if name == chosen else content)
    return target.getvalue()


@st.composite
def mutants(draw: st.DrawFn) -> Case:
    source = draw(st.sampled_from(real_files()))
    seed = draw(st.integers(0, 2**32))

    def make(folder: Path) -> Path:
        rng = random.Random(
            f"{seed} {folder.name}"
        )  # hypothesis comes back to a seed: the folder's name is the case's
        data = source.read_bytes()
        whole = data[:2] != b"PK" or rng.random() < 0.3
        return written(folder / source.name, mutated(data, rng) if whole else inside(data, rng))

    return f"mutant of {source.name} {seed}", make


@st.composite
def mutated_tables(draw: st.DrawFn) -> Case:
    """Formats of which there is no real file here: written, then changed."""
    _, make = draw(st.one_of(typed_tables(), archives()))
    seed = draw(st.integers(0, 2**32))

    def change(folder: Path) -> Path:
        path, rng = make(folder), random.Random(f"{seed} {folder.name}")
        data = path.read_bytes()
        packed = data[:2] == b"PK" and len(data) > 22 and rng.random() < 0.7
        try:
            return written(path, inside(data, rng) if packed else mutated(data, rng))
        except IndexError:  # an archive of nothing
            return path

    return f"mutant of a written file {seed}", change


cases = st.one_of(
    text_tables(),
    typed_tables(),
    json_files(),
    transcript_files(),
    archives(),
    mutants(),
    mutants(),
    mutated_tables(),
)
"""Any of them; mutants of real files twice as often."""
