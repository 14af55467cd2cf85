"""The reference pages: current, complete, and true of every example."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from reddy_lib.findings import CATALOGUE
from reddy_lib.spreadsheet import BuiltCall, guess_mapping, read_calls, read_sheet
from reddy_lib.spreadsheet.evidence.known_layouts import KNOWN_FILES, KNOWN_LAYOUTS, KnownLayout
from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.formats.known_forms import KNOWN_FORMS, KnownForm

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def examples(page: str, level: str = "### ") -> dict[str, str]:
    """Heading → the block of code under it."""
    found: dict[str, str] = {}
    heading, fence, block = "", "", []
    for line in page.splitlines():
        if fence:
            if line == fence:
                found[heading], fence, block = "\n".join(block), "", []
            else:
                block.append(line)
        elif line.startswith(level):
            heading = line.removeprefix(level)
        elif line.startswith("```"):
            fence = line
    return found


PAGE = examples((DOCS / "formats.md").read_text(encoding="utf-8"))


def shown(name: str) -> str:
    return next(block for heading, block in PAGE.items() if heading.casefold() == name.casefold())


def calls_of(path: Path) -> list[BuiltCall]:
    mapping = guess_mapping(read_sheet(path, nrows=1000))
    return [built for piece in read_calls(path, mapping) for built in piece]


def said(built: BuiltCall) -> tuple[tuple[str, str], ...]:
    return tuple((line.role, line.text) for line in built.call.transcript or ())


@pytest.mark.parametrize("name", ["formats.md", "findings.md"])
def test_the_reference_is_current(name: str) -> None:
    """If this fails, run `uv run python docs/make_reference.py`."""
    assert (DOCS / name).read_text(encoding="utf-8") == maker().PAGES[name]()


@pytest.mark.parametrize("form", KNOWN_FORMS, ids=lambda form: form.name)
def test_every_transcript_shown_is_read_with_its_roles_and_words(form: KnownForm) -> None:
    transcript = read_transcript(shown(form.name))
    assert transcript.form == (form.form or form.name)
    assert tuple((line.role, line.text) for line in transcript.lines) == form.turns


@pytest.mark.parametrize("layout", KNOWN_LAYOUTS, ids=lambda layout: layout.name)
def test_every_file_shown_is_read_with_its_calls(layout: KnownLayout, tmp_path: Path) -> None:
    path = tmp_path / layout.file
    path.write_text(shown(layout.name) + "\n", encoding="utf-8")
    calls = calls_of(path)
    assert len(calls) == layout.calls
    assert {said(built) for built in calls} == {layout.turns}
    if layout.ids:
        assert tuple(built.call.conversation_id for built in calls) == layout.ids


@pytest.mark.parametrize("ending", [".xlsx", ".ods", ".parquet"])
def test_a_table_out_of_a_workbook_or_a_database_is_read_as_the_text_is(ending: str, tmp_path: Path) -> None:
    layout = KNOWN_LAYOUTS[0]
    text = tmp_path / layout.file
    text.write_text(layout.example, encoding="utf-8")
    table, path = pd.read_csv(text), tmp_path / f"calls{ending}"
    if ending == ".ods":
        pytest.importorskip("odf")
    if ending == ".parquet":
        table.to_parquet(path)
    else:
        table.to_excel(path, index=False, engine="xlsxwriter" if ending == ".xlsx" else "odf")
    assert [said(built) for built in calls_of(path)] == [layout.turns] * layout.calls


def test_every_vendor_that_a_reader_names_is_shown() -> None:
    """A reader names the form where it makes its `Recording`."""
    names: set[str] = set()
    for path in (ROOT / "reddy_lib" / "transcripts/formats").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Recording":
                names |= {
                    part.value
                    for part in (ast.walk(node.args[0]) if node.args else ())
                    if isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and part.value[:1].isalpha()
                }
    assert len(names) > 20
    assert names - {form.form or form.name for form in KNOWN_FORMS} - {"speaker"} == set()


def test_every_finding_is_explained_once_and_no_other() -> None:
    page = (DOCS / "findings.md").read_text(encoding="utf-8")
    assert set(maker().MEANINGS) == set(CATALOGUE)
    for code, rule in CATALOGUE.items():
        assert page.count(f"`{code}`") == 1
        assert rule.hint in page


def test_the_kinds_of_files_are_named_once_each() -> None:
    assert len({kind.name for kind in KNOWN_FILES}) == len(KNOWN_FILES)
    assert len({form.name.casefold() for form in KNOWN_FORMS}) == len(KNOWN_FORMS)
    assert len(PAGE) == len(KNOWN_FORMS) + len(KNOWN_LAYOUTS)
