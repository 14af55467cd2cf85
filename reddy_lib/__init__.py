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
    from reddy_lib import errors
    from reddy_lib.allowed_hosts import AllowedHosts
    from reddy_lib.api import Client, Product, Receipt
    from reddy_lib.batches.batch import Batch
    from reddy_lib.batches.fetch_recordings import fetch_recordings
    from reddy_lib.checks import check
    from reddy_lib.errors import ReddyError
    from reddy_lib.findings import CATALOGUE, Finding
    from reddy_lib.ledger import Ledger
    from reddy_lib.model import Call, Speaker, Tag, TranscriptLine
    from reddy_lib.outcomes import charts, exports
    from reddy_lib.outcomes.evidence import evidence
    from reddy_lib.personal_data import find_personal_data
    from reddy_lib.recordings.inspect import inspect_recording
    from reddy_lib.recordings.matching import match_recordings
    from reddy_lib.recordings.redaction import silence_recording
    from reddy_lib.recordings.shared_folder import RecordingFolder
    from reddy_lib.recordings.store import RecordingStore
    from reddy_lib.sandbox import Sandbox
    from reddy_lib.sending.personal_policy import personal_policy, set_personal_policy
    from reddy_lib.sending.reconcile import reconcile
    from reddy_lib.sending.restore_check import check_restored
    from reddy_lib.sending.restored import trust_restored
    from reddy_lib.sending.submission import Submission
    from reddy_lib.sending.submit import submit, upload_recordings
    from reddy_lib.spreadsheet import Mapping, build_calls, guess_mapping, questions, read_sheet
    from reddy_lib.transcripts import parse_transcript

_HOMES = {
    # the call
    "Call": "model",
    "TranscriptLine": "model",
    "Tag": "model",
    "Speaker": "model",
    # load
    "read_sheet": "spreadsheet",
    "guess_mapping": "spreadsheet",
    "questions": "spreadsheet",
    "Mapping": "spreadsheet",
    "build_calls": "spreadsheet",
    "parse_transcript": "transcripts",
    # recordings beside them
    "RecordingStore": "recordings.store",
    "RecordingFolder": "recordings.shared_folder",
    "AllowedHosts": "allowed_hosts",
    "fetch_recordings": "batches.fetch_recordings",
    "match_recordings": "recordings.matching",
    "inspect_recording": "recordings.inspect",
    "find_personal_data": "personal_data",
    "silence_recording": "recordings.redaction",
    # review
    "check": "checks",
    "Finding": "findings",
    "CATALOGUE": "findings",
    "Ledger": "ledger",
    "Batch": "batches.batch",
    # submit
    "Client": "api",
    "Product": "api",
    "Receipt": "api",
    "personal_policy": "sending.personal_policy",
    "set_personal_policy": "sending.personal_policy",
    "submit": "sending.submit",
    "reconcile": "sending.reconcile",
    "upload_recordings": "sending.submit",
    "check_restored": "sending.restore_check",
    "trust_restored": "sending.restored",
    "Submission": "sending.submission",
    "Sandbox": "sandbox",
    # outcomes
    "charts": "outcomes.charts",
    "exports": "outcomes.exports",
    "evidence": "outcomes.evidence",
    # situations
    "errors": "errors",
    "ReddyError": "errors",
}

_MODULES = {"charts", "errors", "exports"}

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
    "evidence",
    "exports",
    "fetch_recordings",
    "find_personal_data",
    "guess_mapping",
    "inspect_recording",
    "match_recordings",
    "parse_transcript",
    "personal_policy",
    "questions",
    "read_sheet",
    "reconcile",
    "set_personal_policy",
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
    value = module if name in _MODULES else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
