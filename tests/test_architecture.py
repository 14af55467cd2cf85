"""Who may import whom, what is public, and what an import costs: facts, held by tests."""

from __future__ import annotations

import ast
import functools
import inspect
import os
import pydoc
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import reddy_lib

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "reddy_lib"


def modules() -> list[Path]:
    return sorted(LIBRARY.rglob("*.py"))


@functools.cache
def imports_of(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """Return the import statements of a module, wherever they are. An import is a statement: no expression holds one."""
    found: list[ast.Import | ast.ImportFrom] = []
    left: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while left:
        for node in ast.iter_child_nodes(left.pop()):
            if isinstance(node, ast.Import | ast.ImportFrom):
                found.append(node)
            elif not isinstance(node, ast.expr):
                left.append(node)
    return found


def stage_of(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Absolute names of everything a module imports, also inside functions."""
    package = ["reddy_lib", *path.relative_to(LIBRARY).parts[:-1]]
    names: set[str] = set()
    for node in imports_of(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the import contracts of pyproject.toml against the library in a folder."""
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--config",
        str(ROOT / "pyproject.toml"),
        "--no-cache",
    ]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_imports_go_downward_and_never_in_a_circle() -> None:
    done = contracts(ROOT)
    assert done.returncode == 0, done.stdout


def test_a_script_of_few_lines_finds_a_circle_and_none_here(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "tests" / "import_circles.py")]
    assert subprocess.run(script, capture_output=True, text=True, check=True).stdout.startswith("no circle")
    shutil.copytree(LIBRARY, tmp_path / "reddy_lib", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "reddy_lib" / "batches" / "decisions.py").open("a", encoding="utf-8") as file:
        file.write("\n\ndef planted():\n    from reddy_lib.batches.batch import Batch\n")
    done = subprocess.run([*script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "CycleError" in done.stderr
    assert "reddy_lib.batches.decisions" in done.stderr


PLANTED = [
    (
        "batches/search.py",
        "def f():\n    from reddy_lib.sending.submission import Submission",
        "Imports go downward only",
    ),
    (
        "database/bulk.py",
        "if TYPE_CHECKING:\n    from reddy_lib.ledger import Ledger",
        "Imports go downward only",
    ),
    ("recordings/audio_formats.py", "def f():\n    import reddy_lib.recordings.inspect", "No circles"),
    ("batches/frames.py", "import streamlit", "Streamlit is used by ui alone"),
    ("outcomes/frames.py", "import httpx2", "HTTP is spoken by api alone"),
    ("ledger.py", "import dbos", "DBOS is used by sending alone"),
    ("checks.py", "import sqlalchemy", "SQL is spoken from the database up"),
]


def test_forbidden_imports_break_their_contracts(tmp_path: Path) -> None:
    shutil.copytree(LIBRARY, tmp_path / "reddy_lib", ignore=shutil.ignore_patterns("__pycache__"))
    for module, planted, _ in PLANTED:
        with (tmp_path / "reddy_lib" / module).open("a", encoding="utf-8") as file:
            file.write(f"\n\n{planted}\n")
    done = contracts(tmp_path)
    assert done.returncode == 1
    _, _, reported = done.stdout.partition("Broken contracts")
    parts = re.split(r"\n([^\n]+)\n-{3,}\n", reported)
    report = dict(zip(parts[1::2], parts[2::2], strict=True))
    for module, planted, contract in PLANTED:
        name = "reddy_lib." + module.removesuffix(".py").replace("/", ".")
        found = [text for title, text in report.items() if title.startswith(contract)]
        assert found, (contract, done.stdout)
        short = f".{name.rpartition('.')[2]} -> "  # as circles are told
        assert name in found[0] or short in found[0], (planted, found[0])


def test_no_private_name_is_imported_from_another_module() -> None:
    taken = [
        f"{path.relative_to(LIBRARY)}: {node.module}.{alias.name}"
        for path in modules()
        for node in imports_of(path)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("reddy_lib")
        for alias in node.names
        if alias.name.startswith("_")
    ]
    assert taken == []


def test_no_module_imports_the_library_by_a_text_that_the_contracts_do_not_see() -> None:
    found = [
        path.relative_to(LIBRARY).as_posix()
        for path in modules()
        if re.search(r"import_module\(|__import__\(", path.read_text(encoding="utf-8"))
    ]
    assert found == ["__init__.py"]  # which imports its public names when they are first used


def test_all_imports_within_the_library_are_absolute() -> None:
    relative = [
        str(path.relative_to(LIBRARY))
        for path in modules()
        for node in imports_of(path)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_pages_and_app_are_the_only_users_of_ui() -> None:
    users = [
        path
        for path in modules()
        if "reddy_lib.ui" in imported(path) and path.relative_to(LIBRARY).parts[0] != "ui"
    ]
    assert users == []


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(reddy_lib.__all__) == [
        "AllowedHosts", "Batch", "CATALOGUE", "Call", "Client", "Finding", "Ledger", "Mapping", "Product", "Receipt",
        "RecordingFolder", "RecordingStore", "ReddyError", "Sandbox", "Speaker", "Submission", "Tag",
        "TranscriptLine", "build_calls", "charts", "check", "check_restored", "errors", "evidence", "exports",
        "fetch_recordings", "find_personal_data", "guess_mapping",
        "inspect_recording", "match_recordings", "parse_transcript", "personal_policy", "questions", "read_sheet",
        "reconcile", "set_personal_policy", "silence_recording", "submit", "trust_restored", "upload_recordings",
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


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a fresh Python has loaded after a statement."""
    script = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import reddy_lib", {"streamlit", "plotly", "dbos", "pandas", "sqlalchemy", "starlette"}),
        (
            "import reddy_lib as r; r.Ledger, r.submit, r.Sandbox, r.Client, r.guess_mapping, r.check",
            {"streamlit", "plotly", "dbos"},
        ),
        ("import reddy_lib.batches.load_process", {"numpy", "pandas", "pyarrow", "sqlalchemy"}),
    ],
    ids=["the library", "a notebook that loads and submits", "the child of a load"],
)
def test_what_is_heavy_is_loaded_only_by_those_who_use_it(statement: str, heavy: set[str]) -> None:
    loaded = loaded_by(statement)
    assert "reddy_lib" in loaded
    assert not heavy & loaded


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
