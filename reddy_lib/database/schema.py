"""The tables of the ledger.

One schema for SQLite and PostgreSQL. Times are seconds since the epoch (UTC). JSON is stored as text, written
by msgspec, because it must come back byte for byte: a call's `payload` *is* the body that is sent. Every change is
recorded in `edits`, `attempts` and `past_outcomes`. It holds one kind of secret, for as long as it can be used: a
recording's `upload_url`. A change of these tables needs a migration (`migrations`).

    batches ─┬─ calls ─┬─ edits            what an analyst changed, cell by cell
             │         ├─ attempts         one row per HTTP try, written before the request leaves
             │         ├─ past_outcomes    the call's outcomes in earlier submissions
             │         ├─ reconciliations  how the doubt about a call was settled, and by whom
             │         ├─ earlier_payloads what earlier attempts sent, where the call was edited since
             │         ├─ resends          why a call that Reddy had accepted was sent again, and by whom
             │         ├─ corrections      which call of an earlier batch a call corrects
             │         ├─ personal_data    what kinds of personal data a call names, and how often (no words)
             │         ├─ recordings       the file attached to a call, and the state of its upload
             │         ├─ silenced_recordings  copies in which what is masked in the words is silent
             │         └─ marks            words or seconds of a recording that a person wants silenced
             └─ submissions                a set of calls sent together
    deliveries                             (address, conversation) that is being sent, in doubt, or accepted: the
                                           primary key that keeps two submissions from sending the same call
    workers                                processes that send, and when each was last alive
    paces                                  rules for an address, for all workers: limit, "not before"
    worker_paces                           how fast each worker is sending, and why not faster
    personal_rules                         what an address gets of each kind of personal data: ask, mask, hold, allow
    upload_hosts                           hosts that recordings of an address may be uploaded to
    ramps                                  submissions that begin with one call, then five, then all
    operations                             changes of one call or many, each of which can be undone
    profiles                               mappings kept for the next sheet with the same columns
    recipes                                operations kept for the next sheet with the same columns
    selections                             calls that a person chose, so that a link can name them
    facts                                  about the ledger itself: its identity, its path (see facts.py)
    questions                              chunks that wait until Reddy was asked about a few calls
    restore_answers                        calls of a restored ledger that Reddy was asked about
"""

from __future__ import annotations

import sqlalchemy as sa

__all__ = [
    "EDITABLE",
    "LOCKED",
    "SENDABLE",
    "STATUSES",
    "attempts",
    "batches",
    "calls",
    "corrections",
    "deliveries",
    "earlier_payloads",
    "edits",
    "facts",
    "marks",
    "metadata",
    "operations",
    "paces",
    "past_outcomes",
    "personal_data",
    "personal_rules",
    "profiles",
    "questions",
    "ramps",
    "recipes",
    "reconciliations",
    "recordings",
    "resends",
    "restore_answers",
    "schema_versions",
    "selections",
    "silenced_recordings",
    "submissions",
    "upload_hosts",
    "worker_paces",
    "workers",
]

STATUSES: tuple[str, ...] = (
    "held",
    "ready",
    "queued",
    "sending",
    "accepted",
    "rejected",
    "failed",
    "unknown",
    "skipped",
)
"""What a call can be, in the order of its life. Counts over these always sum to the batch."""

EDITABLE = frozenset({"held", "ready", "rejected", "failed", "skipped"})
"""Editing any other would falsify the record of what was, or may have been, sent."""

LOCKED = frozenset(STATUSES) - EDITABLE

SENDABLE = frozenset({"ready", "rejected", "failed"})
"""Not `unknown`: it may be at Reddy already. Not `skipped`: it is."""

metadata = sa.MetaData()
_BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")

schema_versions = sa.Table(
    "schema_versions",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("applied_at", sa.Double, nullable=False),
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("file_hash", sa.Text, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
    sa.Column("products", sa.Text),  # the product list that the checks used, NULL where none was known
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column(
        "state", sa.Text, nullable=False
    ),  # loading (not shown), open, archived; forgetting, forgotten (not shown: its outcomes count)
)

_OUTCOME = (  # shared by calls (now) and past_outcomes (then)
    ("upload_id", sa.BigInteger),
    ("http_status", sa.Integer),
    ("error", sa.Text),
    ("seconds", sa.Double),
    ("sent_at", sa.Double),
    ("ended_at", sa.Double),
    ("skipped_because", sa.Text),
)

calls = sa.Table(
    "calls",
    metadata,
    sa.Column("id", _BigId, primary_key=True, autoincrement=True),
    sa.Column("batch_id", sa.Text, sa.ForeignKey("batches.id"), nullable=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("original", sa.Text),  # as loaded; NULL until the first edit
    sa.Column("cells", sa.Text, nullable=False),
    sa.Column("source_findings", sa.Text, nullable=False),
    sa.Column("findings", sa.Text, nullable=False),
    sa.Column("codes", sa.Text, nullable=False),  # "|code|code|", for filters
    sa.Column("errors", sa.Integer, nullable=False),
    sa.Column("warnings", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("edited", sa.Boolean, nullable=False),
    # searched and listed
    sa.Column("agent_email", sa.Text),
    sa.Column("product_id", sa.BigInteger),
    sa.Column("timestamp", sa.Double),
    sa.Column("conversation_id", sa.Text),
    sa.Column("lines", sa.Integer, nullable=False),
    sa.Column("tags", sa.Integer, nullable=False),
    sa.Column("preview", sa.Text, nullable=False),
    # the loss meter, in characters without white space
    sa.Column("characters_in", sa.Integer),
    sa.Column("characters_placed", sa.Integer),
    sa.Column("characters_dropped", sa.Integer, nullable=False, server_default="0"),  # by decision
    sa.Column("unassigned", sa.Text),  # JSON: [[lines before it, text], …] as loaded; NULL if there is none
    sa.Column("times", sa.Text),  # `Transcript.times` as loaded
    sa.Column("decisions", sa.Text),  # `Decisions` as JSON; NULL if there are none
    # sending
    sa.Column("delivery_key", sa.Text),  # `identity.call_key`
    sa.Column("words_digest", sa.Text),  # `identity.words_digest`
    sa.Column("submission_id", sa.Text),
    sa.Column("chunk", sa.Integer),
    sa.Column("worker", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),  # of this submission
    sa.Column("retry_at", sa.Double),
    # none (no file is attached), waiting, uploaded, failed, expired
    sa.Column("audio", sa.Text, nullable=False, server_default="none"),
    *(sa.Column(name, kind) for name, kind in _OUTCOME),
    sa.Column("forgotten_at", sa.Double),  # its words are gone for good; what is left is its outcome
    sa.Column("near_key", sa.Text),  # `identity.near_key`
    sa.UniqueConstraint("batch_id", "row", name="one_call_a_row"),
)
sa.Index("calls_by_status", calls.c.batch_id, calls.c.status, calls.c.row)
sa.Index("calls_by_key", calls.c.batch_id, calls.c.delivery_key)
_ODDLY_WRITTEN = calls.c.near_key.is_not(None)
sa.Index("calls_by_near_key", calls.c.near_key, sqlite_where=_ODDLY_WRITTEN, postgresql_where=_ODDLY_WRITTEN)
sa.Index(  # to find the calls of a dead worker without reading a million others
    "calls_being_sent",
    calls.c.worker,
    sqlite_where=calls.c.status == "sending",
    postgresql_where=calls.c.status == "sending",
)
# Problems and the loss meter of a batch are counted from it, without reading the calls: one index for both, because a call
# that is loaded is written to each. Of bounded columns alone: PostgreSQL refuses a row whose indexed text is too long.
_COUNTED = "batch_id codes warnings edited characters_in characters_placed characters_dropped"
sa.Index("calls_by_problem", *(calls.c[name] for name in _COUNTED.split()))
_SENT = calls.c.submission_id.is_not(None)
_ORDER = (calls.c.submission_id, calls.c.status, calls.c.chunk, calls.c.row)
sa.Index("calls_of_submission", *_ORDER, sqlite_where=_SENT, postgresql_where=_SENT)

# All that outcomes are counted by, so that a hundred thousand calls are counted without reading them. PostgreSQL refuses
# a row whose indexed text is too long, and an email is whatever the sheet holds; it reads calls without their texts anyway.
sa.Index(
    "calls_by_outcome",
    calls.c.status,
    calls.c.ended_at,
    calls.c.sent_at,
    calls.c.batch_id,
    calls.c.submission_id,
    calls.c.product_id,
    calls.c.agent_email,
).ddl_if(dialect="sqlite")

edits = sa.Table(
    "edits",
    metadata,
    sa.Column("id", _BigId, primary_key=True, autoincrement=True),
    sa.Column("call_id", sa.BigInteger, sa.ForeignKey("calls.id"), nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("before", sa.Text),  # JSON, NULL = not there
    sa.Column("after", sa.Text),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("operation_id", sa.Text),  # NULL: made by a version without operations
)
sa.Index("edits_by_call", edits.c.call_id)
sa.Index("edits_by_operation", edits.c.operation_id, edits.c.call_id)

operations = sa.Table(  # see batches/operations.py
    "operations",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("batch_id", sa.Text, sa.ForeignKey("batches.id"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # for people: the first operation of a batch is 1
    sa.Column("title", sa.Text, nullable=False),
    sa.Column(
        "step", sa.Text
    ),  # `steps.Step` as JSON; NULL: a function of the caller, which cannot be resumed
    sa.Column("undoes", sa.Text),  # the operation that this one undoes
    sa.Column("rows", sa.Text, nullable=False),  # that were chosen, as ranges: "2-5,9"
    sa.Column("done_to", sa.Integer, nullable=False),  # the last row that was looked at
    sa.Column("chosen", sa.Integer, nullable=False),
    sa.Column("changed", sa.Integer, nullable=False),
    sa.Column("same", sa.Integer, nullable=False),
    sa.Column("locked", sa.Integer, nullable=False),
    sa.Column("kept", sa.Integer, nullable=False),  # of an undo: calls that were changed again since
    sa.Column("state", sa.Text, nullable=False),  # running, done, stopped
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("seen_at", sa.Double, nullable=False),  # when it last got further
    sa.UniqueConstraint("batch_id", "number", name="one_operation_a_number"),
)
sa.Index("operations_that_undo", operations.c.undoes)

recipes = sa.Table(  # see batches/recipes.py
    "recipes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),  # of the set of columns
    sa.Column("columns", sa.Text, nullable=False),
    sa.Column("steps", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("saved_at", sa.Double, nullable=False),
    sa.Column("retired", sa.Boolean, nullable=False),
)
sa.Index("recipes_by_columns", recipes.c.signature)

submissions = sa.Table(
    "submissions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),  # for people: the first submission is 1
    sa.Column("batch_id", sa.Text, sa.ForeignKey("batches.id"), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("token_source", sa.Text, nullable=False),  # sandbox, environment, secrets, typed, notebook
    sa.Column("token_hint", sa.Text, nullable=False),  # last four characters at most
    sa.Column("credential", sa.Text),  # fingerprint of the token; NULL: sandbox, or not known
    sa.Column("concurrency", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # running, paused, waiting, cancelled, done
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("chosen", sa.Integer, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
    sa.Column(
        "personal_data", sa.Text
    ),  # JSON: the rules it was queued under, and what was masked; NULL: before
)
sa.Index("submissions_by_batch", submissions.c.batch_id, submissions.c.created_at)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # ours, made before anything is sent
    sa.Column("call_id", sa.BigInteger, sa.ForeignKey("calls.id"), nullable=False),
    sa.Column("submission_id", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("started", sa.Double, nullable=False),
    sa.Column("ended", sa.Double),
    sa.Column("result", sa.Text),  # accepted, rejected, failed, unknown, again; NULL while under way
    sa.Column("possibly_processed", sa.Boolean),
    sa.Column("http_status", sa.Integer),
    sa.Column("request_id", sa.Text),
    sa.Column("words", sa.Text),
    sa.Column("upload_id", sa.BigInteger),
    sa.Column("seconds", sa.Double),
)
sa.Index("attempts_by_call", attempts.c.call_id)

past_outcomes = sa.Table(
    "past_outcomes",
    metadata,
    sa.Column("submission_id", sa.Text, primary_key=True),
    sa.Column("call_id", sa.BigInteger, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    *(sa.Column(name, kind) for name, kind in _OUTCOME),
    sa.Column("audio", sa.Text),
)

reconciliations = sa.Table(
    "reconciliations",
    metadata,
    sa.Column("id", _BigId, primary_key=True, autoincrement=True),
    sa.Column("call_id", sa.BigInteger, sa.ForeignKey("calls.id"), nullable=False),
    sa.Column("submission_id", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),  # the number of the attempt that is in doubt
    sa.Column("there", sa.Boolean, nullable=False),
    sa.Column("how", sa.Text, nullable=False),  # asked, by hand
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)
sa.Index("reconciliations_by_call", reconciliations.c.call_id)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("call_id", sa.BigInteger, nullable=False),
    sa.Column("submission_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # sending, unknown, accepted, again (accepted, to be resent)
    sa.Column("upload_id", sa.BigInteger),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("words_digest", sa.Text),  # of what was sent; NULL if that is not known
)
sa.Index("deliveries_by_words", deliveries.c.address, deliveries.c.words_digest)

earlier_payloads = sa.Table(  # written at the first edit after an attempt, so most calls have none
    "earlier_payloads",
    metadata,
    sa.Column("call_id", sa.BigInteger, sa.ForeignKey("calls.id"), primary_key=True, autoincrement=False),
    sa.Column(
        "attempt", sa.Integer, primary_key=True, autoincrement=False
    ),  # the last that sent this payload
    sa.Column("payload", sa.Text, nullable=False),
)

resends = sa.Table(
    "resends",
    metadata,
    sa.Column("id", _BigId, primary_key=True, autoincrement=True),
    sa.Column("call_id", sa.BigInteger, sa.ForeignKey("calls.id"), nullable=False),
    sa.Column("submission_id", sa.Text, nullable=False),  # in which it is sent again
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column(
        "came_to_nothing", sa.Boolean, nullable=False
    ),  # cancelled or rejected: Reddy has the call once, as before
    # the call's submission before, and the delivery that was replaced: restored if the resend comes to nothing
    sa.Column("call_submission_id", sa.Text),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("delivered_call_id", sa.BigInteger, nullable=False),
    sa.Column("delivered_in", sa.Text, nullable=False),
    sa.Column("upload_id", sa.BigInteger),
    sa.Column("delivered_at", sa.Double, nullable=False),
    sa.Column("words_digest", sa.Text),  # of the delivery that was replaced
)
sa.Index("resends_by_call", resends.c.call_id)
sa.Index("resends_by_submission", resends.c.submission_id)

corrections = sa.Table(  # the first call of a family has a row too; it corrects nothing
    "corrections",
    metadata,
    sa.Column("call_id", sa.BigInteger, sa.ForeignKey("calls.id"), primary_key=True, autoincrement=False),
    sa.Column("family", sa.BigInteger, nullable=False),  # id of the call that was loaded first
    sa.Column("corrects", sa.BigInteger),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)
sa.Index("corrections_by_family", corrections.c.family)

recordings = sa.Table(  # see recordings/attachments.py and upload_queue.py
    "recordings",
    metadata,
    sa.Column("call_id", sa.BigInteger, sa.ForeignKey("calls.id"), primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),  # as the call announces it
    sa.Column("place", sa.Text, nullable=False),  # what `path` is relative to: kept, folder, "" (absolute)
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.Double, nullable=False),  # the file's modification time
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("attached_at", sa.Double, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # waiting, sending, uploaded, failed, expired
    # of the create that announced it, once it was accepted
    sa.Column("submission_id", sa.Text),
    sa.Column("attempt_id", sa.Text),
    sa.Column("upload_url", sa.Text),  # a secret: deleted when the upload ends
    sa.Column("host", sa.Text),  # of `upload_url`; NULL where it is the connection's own
    sa.Column("expires_at", sa.Double),
    sa.Column("worker", sa.Text),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("retry_at", sa.Double),
    sa.Column(
        "sent", sa.BigInteger, nullable=False, server_default="0"
    ),  # bytes of the last try, for the progress display
    sa.Column("error", sa.Text),
    sa.Column("started_at", sa.Double),
    sa.Column("ended_at", sa.Double),
)
sa.Index("recordings_by_submission", recordings.c.submission_id, recordings.c.state)
sa.Index(  # to find expired URLs, and what dead workers were uploading, among the uploads under way
    "recordings_under_way",
    recordings.c.expires_at,
    sqlite_where=recordings.c.upload_url.is_not(None),
    postgresql_where=recordings.c.upload_url.is_not(None),
)

upload_hosts = sa.Table(
    "upload_hosts",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("allowed", sa.Boolean, nullable=False),  # the first one, and those that a person allowed
    sa.Column("who", sa.Text, nullable=False),  # who allowed it; "" where it came first
    sa.Column("seen_at", sa.Double, nullable=False),
)

marks = sa.Table(  # see redaction_marks.py; words of a line, or seconds of a recording
    "marks",
    metadata,
    sa.Column("id", _BigId, primary_key=True, autoincrement=True),
    sa.Column("call_id", sa.BigInteger, sa.ForeignKey("calls.id"), nullable=False),
    sa.Column("line", sa.Integer),  # its number when it was marked; NULL: seconds
    sa.Column("digest", sa.Text),  # of the line's text, by which it is found again
    sa.Column("line_start", sa.Double),
    sa.Column("begin", sa.Integer),  # characters of that text
    sa.Column("end", sa.Integer),
    sa.Column("recording", sa.Text),  # SHA-256 of the file that the seconds are of
    sa.Column("start", sa.Double),
    sa.Column("stop", sa.Double),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("gone_at", sa.Double),  # when it was removed
    sa.Column("gone_who", sa.Text),
)
sa.Index("marks_by_call", marks.c.call_id)

personal_data = (
    sa.Table(  # see personal_looks.py; a call without a row was changed since, or never looked through
        "personal_data",
        metadata,
        sa.Column("call_id", sa.BigInteger, sa.ForeignKey("calls.id"), primary_key=True, autoincrement=False),
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("finder", sa.Integer, nullable=False),  # version of the finder
        sa.Column(
            "digest", sa.Text, nullable=False
        ),  # of the transcript and the tags that were looked through
        sa.Column("kinds", sa.Text, nullable=False),  # "|card:2|cvv:1|"
        sa.Column("masked", sa.Text, nullable=False),  # the same, of masks that the call was not loaded with
    )
)
sa.Index("personal_data_by_batch", personal_data.c.batch_id)

silenced_recordings = sa.Table(
    "silenced_recordings",
    metadata,
    sa.Column("call_id", sa.BigInteger, sa.ForeignKey("calls.id"), primary_key=True, autoincrement=False),
    sa.Column("sha256", sa.Text, primary_key=True),  # of the copy
    sa.Column("original", sa.Text),  # the file that it was made from, as `Attached`; NULL: not known
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("silent", sa.Text),  # what is silent in it, as `silent_seconds.Silence`; NULL: not known
)

personal_rules = sa.Table(  # see sending/personal_policy.py
    "personal_rules",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("batch_id", sa.Text, primary_key=True),  # "": the address's rule; else the answer for a batch
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started", sa.Double, nullable=False),
    sa.Column("heartbeat", sa.Double, nullable=False),  # by the database's clock, as `started` is
    sa.Column("gone", sa.Boolean, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, server_default="worker"),  # app, worker, notebook
    sa.Column("place", sa.Text),  # machine, boot and container
    sa.Column("process", sa.Text),  # its id and when it began
    sa.Column("lasts", sa.Double),  # seconds without a heartbeat after which it expires
    sa.Column("sends", sa.Text),  # JSON list of lanes
    sa.Column("lately", sa.Integer, nullable=False, server_default="0"),  # answers in its last minute
)

paces = sa.Table(  # see rate_limits.py
    "paces",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("most_at_once", sa.Integer),  # over all workers and submissions; NULL: no limit
    sa.Column("create_idempotent", sa.Boolean, nullable=False),  # assumed by a person
    sa.Column("not_before", sa.Double, nullable=False),  # nothing is sent before this moment
    sa.Column("why", sa.Text, nullable=False),  # of `not_before`
)

worker_paces = sa.Table(
    "worker_paces",
    metadata,
    sa.Column("worker", sa.Text, primary_key=True),
    sa.Column("submission_id", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("in_flight", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

ramps = sa.Table(
    "ramps",
    metadata,
    sa.Column("submission_id", sa.Text, primary_key=True),
    sa.Column("over", sa.Boolean, nullable=False),
    sa.Column("asked_about", sa.Integer, nullable=False),  # rejections that a person was asked about already
)

profiles = sa.Table(
    "profiles",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),  # of the set of columns
    sa.Column("columns", sa.Text, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("saved_at", sa.Double, nullable=False),
    sa.Column("retired", sa.Boolean, nullable=False),
)
sa.Index("profiles_by_columns", profiles.c.signature)


selections = sa.Table(  # see selections.py
    "selections",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("batch_id", sa.Text, sa.ForeignKey("batches.id"), nullable=False),
    sa.Column("rows", sa.Text, nullable=False),  # as ranges: "2-5,9"
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)


facts = sa.Table(  # see facts.py
    "facts",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

questions = sa.Table(  # see restored.py
    "questions",
    metadata,
    sa.Column("submission_id", sa.Text, primary_key=True),
    sa.Column("chunk", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("asker", sa.Text),  # the worker that is asking, until `until`
    sa.Column("until", sa.Double, nullable=False, server_default="0"),
    sa.Column("unclear", sa.Boolean, nullable=False, server_default=sa.false()),  # a person was told so
)

restore_answers = (
    sa.Table(  # while a restored ledger is older than what was sent from it; emptied when that is settled
        "restore_answers",
        metadata,
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("call_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("there", sa.Boolean, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
)
