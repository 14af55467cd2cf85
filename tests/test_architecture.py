"""Who may import whom, what is public, and what an import costs: facts, held by tests."""

from __future__ import annotations

import ast
import inspect
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import reddy_lib

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "reddy_lib"

EVERYWHERE = {"arguments", "interrupts"}
"""Modules without a stage: they import nothing of the library, and all stages may use them."""

MAY_IMPORT: dict[str, set[str]] = {
    "arguments": set(),
    "interrupts": set(),
    "errors": set(),
    "access": {"errors"},
    "address": {"errors"},
    "findings": {"errors"},
    "open_databases": {"errors"},
    "model": {"errors", "findings"},
    "identity": {"model"},
    "transcripts": {"errors", "findings", "model"},
    "spreadsheet": {"errors", "findings", "identity", "model", "transcripts", "open_databases"},
    "checks": {"errors", "findings", "model", "transcripts", "spreadsheet"},
    "recordings": {"errors", "findings", "model", "spreadsheet", "open_databases"},
    "ledger": {
        "errors",
        "access",
        "address",
        "findings",
        "identity",
        "model",
        "transcripts",
        "spreadsheet",
        "checks",
        "recordings",
        "open_databases",
    },
    "api": {"errors", "address", "model", "recordings", "open_databases"},
    "submission": {
        "errors",
        "address",
        "findings",
        "identity",
        "model",
        "spreadsheet",
        "checks",
        "recordings",
        "ledger",
        "api",
        "open_databases",
    },
    "outcomes": {"errors", "findings", "model", "ledger", "submission", "open_databases"},
    "sandbox": {"errors", "model", "open_databases"},
}
"""stage → stages it may import. `ui` may import all, and nothing in the library imports it."""


def modules() -> list[Path]:
    return sorted(LIBRARY.rglob("*.py"))


def stage_of(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Absolute names of everything a module imports, also inside functions."""
    package = ["reddy_lib", *path.relative_to(LIBRARY).parts[:-1]]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_a_module_imports_only_the_stages_before_its_own(path: Path) -> None:
    stage = stage_of(path)
    if stage in ("__init__", "ui"):
        return
    stages = {
        name.split(".")[1]
        for name in imported(path)
        if name.startswith("reddy_lib.") and len(name.split(".")) > 1
    }
    known = {found for found in stages if found in MAY_IMPORT or found == "ui"}
    assert known - {stage} <= MAY_IMPORT[stage] | (EVERYWHERE if stage not in EVERYWHERE else set())


def test_every_stage_stands_in_the_table() -> None:
    assert {stage_of(path) for path in modules()} - {"__init__", "ui"} == set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("streamlit", "ui"),
        ("httpx2", "api"),
        ("plotly", "outcomes"),
        ("dbos", "submission"),
        ("sqlalchemy", "ledger"),
        ("av", "recordings"),
        ("stdnum", "recordings"),
    ],
)
def test_each_framework_is_imported_in_one_place(library: str, home: str) -> None:
    users = {stage_of(path) for path in modules() if any(n.split(".")[0] == library for n in imported(path))}
    allowed = {home, "submission"} if library == "sqlalchemy" else {home}
    assert users <= allowed


def test_pages_and_app_are_the_only_users_of_ui() -> None:
    users = [path for path in modules() if "reddy_lib.ui" in imported(path) and stage_of(path) != "ui"]
    assert users == []


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(reddy_lib.__all__) == [
        "AllowedHosts", "Batch", "CATALOGUE", "Call", "Client", "Finding", "Ledger", "Mapping", "Product", "Receipt",
        "RecordingFolder", "RecordingStore", "ReddyError", "Sandbox", "Speaker", "Submission", "Tag",
        "TranscriptLine", "build_calls", "charts", "check", "check_restored", "errors", "fetch_recordings",
        "find_personal_data", "guess_mapping",
        "inspect_recording", "match_recordings", "parse_transcript", "read_sheet", "reconcile", "silence_recording",
        "submit", "trust_restored", "upload_recordings",
    ]  # fmt: skip
    assert sorted(reddy_lib._HOMES) == sorted(reddy_lib.__all__)
    for name in reddy_lib.__all__:
        assert getattr(reddy_lib, name) is not None


def test_every_public_name_says_what_it_is() -> None:
    for name in set(reddy_lib.__all__) - {"CATALOGUE"}:
        assert (getattr(reddy_lib, name).__doc__ or "").strip(), name


def test_help_on_a_public_class_tells_what_each_of_its_members_is() -> None:
    silent = []
    for name in reddy_lib.__all__:
        found = getattr(reddy_lib, name)
        for member, value in vars(found).items() if isinstance(found, type) else ():
            documented = isinstance(value, property | classmethod | staticmethod) or inspect.isfunction(value)
            if documented and not member.startswith("_") and not inspect.getdoc(value):
                silent.append(f"{name}.{member}")
    assert silent == []


def test_help_on_the_sandbox_shows_how_it_is_used() -> None:
    said = pydoc.render_doc(reddy_lib.Sandbox)
    assert "client = reddy.Client(sandbox.token, base_url=sandbox.url)" in said
    assert "sandbox.faults = [" in said
    for argument in inspect.signature(reddy_lib.Sandbox).parameters:
        assert f"{argument}: " in (reddy_lib.Sandbox.__doc__ or "")


def test_an_unknown_name_is_an_attribute_error_with_its_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Spreadshet'"):
        reddy_lib.Spreadshet  # noqa: B018


def test_importing_the_library_loads_neither_app_nor_charts_nor_engine() -> None:
    script = (
        "import sys, reddy_lib; "
        "print(sorted({'streamlit', 'plotly', 'dbos', 'pandas', 'sqlalchemy', 'starlette'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_a_notebook_that_loads_and_submits_never_loads_the_app_or_the_engine() -> None:
    script = (
        "import sys, reddy_lib as r; r.Ledger, r.submit, r.Sandbox, r.Client, r.guess_mapping, r.check; "
        "print(sorted({'streamlit', 'plotly', 'dbos'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_the_error_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    from reddy_lib import errors

    drawn = {
        line.strip().lstrip("×·- ").split(" ")[0]
        for line in (errors.__doc__ or "").splitlines()
        if line.strip().startswith(("×", "·", "- "))
    }
    real = {
        name
        for name, found in vars(errors).items()
        if isinstance(found, type) and issubclass(found, errors.ReddyError)
    }
    assert drawn == real - {"ReddyError"}
    assert set(errors.__all__) == real
