"""Carry calls from a spreadsheet to Reddy: load, review, submit, and see what became of each one.

    import reddy_lib as reddy

    ledger = reddy.Ledger()
    batch = ledger.load("calls.xlsx")
    with reddy.Sandbox() as sandbox:
        client = reddy.Client(sandbox.token, base_url=sandbox.url)
        submission = reddy.submit(batch, client)
    submission.outcomes()

The public names stand below in the order of the work. Each is imported when it is first used, so that
`import reddy_lib` costs next to nothing and never loads the web app, the charts or the submission engine.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import errors
    from .api import Client, Product, Receipt
    from .checks import check
    from .errors import ReddyError
    from .findings import CATALOGUE, Finding
    from .ledger import Batch, Ledger
    from .ledger.restored import trust_restored
    from .ledger.sending import Submission
    from .model import Call, Speaker, Tag, TranscriptLine
    from .outcomes import charts
    from .recordings import (
        AllowedHosts,
        RecordingFolder,
        RecordingStore,
        find_personal_data,
        inspect_recording,
        match_recordings,
        silence_recording,
    )
    from .sandbox import Sandbox
    from .spreadsheet import Mapping, build_calls, guess_mapping, read_sheet
    from .submission import check_restored, fetch_recordings, reconcile, submit, upload_recordings
    from .transcripts import parse_transcript

_HOMES = {
    # the call
    "Call": "model",
    "TranscriptLine": "model",
    "Tag": "model",
    "Speaker": "model",
    # load
    "read_sheet": "spreadsheet",
    "guess_mapping": "spreadsheet",
    "Mapping": "spreadsheet",
    "build_calls": "spreadsheet",
    "parse_transcript": "transcripts",
    # recordings beside them
    "RecordingStore": "recordings",
    "RecordingFolder": "recordings",
    "AllowedHosts": "recordings",
    "fetch_recordings": "submission",
    "match_recordings": "recordings",
    "inspect_recording": "recordings",
    "find_personal_data": "recordings",
    "silence_recording": "recordings",
    # review
    "check": "checks",
    "Finding": "findings",
    "CATALOGUE": "findings",
    "Ledger": "ledger",
    "Batch": "ledger",
    # submit
    "Client": "api",
    "Product": "api",
    "Receipt": "api",
    "submit": "submission",
    "reconcile": "submission",
    "upload_recordings": "submission",
    "check_restored": "submission",
    "trust_restored": "ledger.restored",
    "Submission": "ledger.sending",
    "Sandbox": "sandbox",
    # outcomes
    "charts": "outcomes.charts",
    # situations
    "errors": "errors",
    "ReddyError": "errors",
}

__all__ = [
    "CATALOGUE",
    "AllowedHosts",
    "Batch",
    "Call",
    "Client",
    "Finding",
    "Ledger",
    "Mapping",
    "Product",
    "Receipt",
    "RecordingFolder",
    "RecordingStore",
    "ReddyError",
    "Sandbox",
    "Speaker",
    "Submission",
    "Tag",
    "TranscriptLine",
    "build_calls",
    "charts",
    "check",
    "check_restored",
    "errors",
    "fetch_recordings",
    "find_personal_data",
    "guess_mapping",
    "inspect_recording",
    "match_recordings",
    "parse_transcript",
    "read_sheet",
    "reconcile",
    "silence_recording",
    "submit",
    "trust_restored",
    "upload_recordings",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f".{home}", __name__)
    value = module if home.rpartition(".")[2] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
