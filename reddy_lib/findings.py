"""One data problem = one `Finding`: a value with a place and a sentence, never an exception.

Every stage before submission reports this way: reading transcripts and columns (what could not be read, what
was estimated), and `checks` (what the API would refuse, what analysts get wrong). `CATALOGUE` is the only list
of codes: code, severity, and what to do. A row with an *error* finding is held back; a *warning* lets it pass.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

__all__ = ["CATALOGUE", "Finding", "Rule", "Severity", "finding"]

Severity = Literal["error", "warning"]


class Rule(NamedTuple):
    """What a code means: its severity, a short title for filters and charts, and what the analyst can do.

    `accepting`: what is sent when somebody accepts the finding as it is; "" where it cannot be accepted, because
    Reddy would refuse the call, or because something has to be chosen.
    """

    severity: Severity
    title: str
    hint: str
    accepting: str = ""


# fmt: off
CATALOGUE: dict[str, Rule] = {
    # agent and product
    "agent-email-missing": Rule("error", "No agent email", "Type the email under which the agent is known in Reddy."),
    "agent-email-invalid": Rule("error", "Not an email address", "Correct the address; it must be one an active Reddy user has."),
    "product-missing": Rule("error", "No product", "Choose the product whose scorecard grades this call."),
    "product-unknown": Rule("error", "Product not in Reddy's list", "Choose one of the products in the list, or match this name to one when loading."),
    "product-inactive": Rule("warning", "Product is not active", "Check with whoever manages products in Reddy; grading may not run."),
    # transcript as a whole
    "transcript-missing": Rule("error", "No transcript and no recording", "Add the transcript, or leave this row out."),
    "recording-not-sent": Rule("error", "Recording is not attached", "Attach its file (Review, Recordings; in a notebook: batch.attach(row, file)), or add a transcript: Reddy would accept a call that only names a recording, and have nothing to grade."),
    "recording-with-transcript": Rule("warning", "Transcript and recording together", "Reddy does not redact a recording that comes with a transcript: clear the file name to send the transcript alone, or attach a file in which nothing has to be redacted."),
    "transcript-unreadable": Rule("error", "Transcript could not be read", "The whole text is kept as one line: split it into lines and give each a role, or correct the cell and load again."),
    "transcript-mended": Rule("warning", "Transcript was read in spite of a fault", "Look through the lines; nothing else has to be done."),
    "transcript-no-speakers": Rule("error", "No speakers in the transcript", "Give each line a role; nothing was guessed."),
    "transcript-cut": Rule("warning", "Transcript was probably cut off", "The cell holds exactly 32,767 characters, the most that Excel keeps: export this call again in another format."),
    "transcript-cut-in-json": Rule("error", "JSON cut off by Excel", "Export this call again in another format; or delete the last line, if it is only the rest of one, to send what could be read.", "The lines above the cut are sent as they are; what Excel cut off stays missing."),
    "transcript-unassigned": Rule("error", "Text that is in no line", "Decide: join it to the line above, make it a line of its own, or drop it."),
    "text-beside-lines": Rule("warning", "Text beside the lines", "A summary or a title is no speech: it stays with the sheet's cells. Add it as a line if it was said after all."),
    # transcript lines
    "line-without-speaker": Rule("warning", "Line without a speaker label", "It was kept with the line above it; move it if it belongs to somebody else."),
    "aside-kept": Rule("warning", "Heading or stage direction", "It was kept with the line beside it; delete it there if it is not to be sent."),
    "role-from-name": Rule("warning", "Role found through a name", "Check who is who; for a whole batch, match the speaker's name to a role when loading."),
    "role-from-greeting": Rule("warning", "Role guessed from what was said", "Read the first lines: if the two are the other way round, swap their roles; for a whole batch, match the labels to roles when loading."),
    "line-not-read": Rule("error", "Line that could not be read", "It is kept as a line of its own, without a role: give it one, or delete it."),
    "lines-left-out": Rule("warning", "Lines left out on purpose", "Their speaker is set to be left out; the text stays in the sheet's cells."),
    "lines-kept-as-tag": Rule("warning", "Lines kept as a tag", "Their speaker is set to be kept as a tag of this call; choose another role when loading to send them as lines."),
    "role-unknown": Rule("error", "Unknown role", "Choose agent or customer; for a whole batch, match the speaker's name to a role when loading."),
    "roles-swapped": Rule("warning", "Roles may be swapped", "The customer greets like an agent: read the first lines, and swap the two roles if they are wrong."),
    "text-empty": Rule("warning", "Line without text", "Delete the line if nothing was said."),
    "time-unreadable": Rule("error", "Time that is not a number", "Type seconds from the start of the call, or leave the time empty.", "The cell counts as empty: the line is sent with the time that the table shows, or without one."),
    "time-negative": Rule("error", "Time before the start of the call", "Type seconds from the start of the call, or leave the time empty."),
    "start-after-stop": Rule("error", "Line starts after it stops", "Swap or correct the two times."),
    "times-in-milliseconds": Rule("warning", "Times look like milliseconds", "Reddy takes seconds: choose milliseconds as the unit when loading, or correct the times."),
    "lines-out-of-order": Rule("warning", "Lines are not in order of time", "Check whether the lines, or their times, are as they were spoken."),
    "times-estimated": Rule("warning", "Times were estimated", "The source gives no time for these; choose 'leave out' when loading to send none."),
    # time of the call
    "timestamp-missing": Rule("warning", "No start time", "Reddy will take the moment of sending as the start of the call."),
    "timestamp-from-transcript": Rule("warning", "Start time from the transcript", "Check that the call began then; a column or a default chosen when loading comes first."),
    "timestamp-unreadable": Rule("error", "Start time could not be read", "Type the date and time, for example 2026-03-30 17:46.", "The cell counts as empty: the call is sent without a start, and Reddy takes the moment of sending."),
    "timestamp-ambiguous": Rule("warning", "Start time happens twice or never", "Clocks change in that hour: check that the time is right."),
    "timestamp-in-milliseconds": Rule("error", "Start time is in milliseconds", "Reddy takes seconds: divide by 1,000, or choose milliseconds when loading."),
    "timestamp-in-future": Rule("error", "Start time is in the future", "Check the date, the order of day and month, and the time zone."),
    "timestamp-implausible": Rule("warning", "Start time is before 1990", "Check the date: a bare day number or a short year is often the cause."),
    # identity
    "conversation-duplicate": Rule("error", "Same conversation twice in this batch", "Reddy would hold two calls under one id: leave one of the rows out, or correct its conversation id."),
    "conversation-id-placeholder": Rule("warning", "Conversation id that is no id", "The call got an id of its own, made from its agent, start and words. If the cell is an id after all, type it."),
    "lines-without-id": Rule("error", "Lines without the id of their call", "Type the call's id in the sheet and load it again, or choose columns that tell calls apart when loading. Accept this if these lines are one call.", "The lines go out as one call, with an id made from its agent, start and words."),
    "conversation-sent-with-other-words": Rule("error", "Sent before, with other words", "If it is another call, empty its conversation id: it gets one of its own. If it is the same call, accept this: it is skipped, and can be sent again with a reason in Outcomes.", "It counts as the call that Reddy has: it is skipped, not sent."),
    # audio settings
    "speaker-invalid": Rule("error", "Speaker separation is not valid", "Use diarize, or channels with agent and customer once each."),
    # the recording itself
    "recording-missing": Rule("error", "Recording was not found", "Add the file, correct its name, or clear it to send the call without a recording."),
    "recording-doubtful": Rule("error", "Not clear which recording", "Choose the recording of this call by hand, or clear its name to send the call without one."),
    "recording-empty": Rule("error", "Recording is empty", "Export this recording again, or clear its name to send the call without it."),
    "recording-unreadable": Rule("error", "Recording is no audio that can be read", "Listen to the file on your machine and export it again, or clear its name to send the call without it."),
    "recording-cut": Rule("warning", "Recording is cut off or damaged", "Compare it with its source, and export it again if speech is missing."),
    "recording-mislabelled": Rule("warning", "Recording is not what it says it is", "What was found inside is what counts; give the file the right ending, or export it again."),
    "recording-silent": Rule("warning", "Nothing can be heard in the recording", "Listen to it: a recording without speech cannot be graded."),
    "recording-side-silent": Rule("warning", "One side of the recording is silent", "Listen to it: if one speaker is missing, export the recording again with both sides."),
    "recording-length-differs": Rule("warning", "Recording and transcript differ in length", "Check that the recording belongs to this call, and the unit of the times."),
    # tags
    "tag-key-missing": Rule("error", "Tag without a name", "Give the tag a name, or delete it."),
    "tag-duplicate": Rule("warning", "Same tag twice", "Delete one of the two."),
    "tag-type-unknown": Rule("error", "Tag of a type Reddy does not know", "Choose string, integer or boolean."),
    "tag-value-mismatch": Rule("error", "Tag value does not fit its type", "Correct the value, or choose another type."),
    # the row
    "rows-left-out": Rule("warning", "Rows that are no calls", "Totals, repeated headers and export notes are not calls; check that none of these is one."),
    "nul-removed": Rule("warning", "NUL characters taken out", "Text has none: compare the row with its source, and export the file again if words are missing."),
    "rows-scattered": Rule("warning", "Lines stand in several places", "They were gathered by the id; check that it belongs to one call only."),
    "cells-differ": Rule("warning", "Cells differ within the call", "The first was taken: check that these rows are one call."),
    "lines-without-call": Rule("error", "Lines without a row of their own", "Add the call to the sheet of calls and load again, or fill in what is missing here.", "These lines are sent as a call of their own, with what its fields say."),
    "file-name-not-matched": Rule("warning", "Nothing found in the file's name", "Correct the pattern when loading, rename the file, or give the value another way."),
    "correction-refused": Rule("error", "Correction that comes too late", "Leave this row out; what became of the call stands in Outcomes. Where it is in doubt, clear the doubt there, then load the file again."),
    "correction-recording": Rule("warning", "Recording is not carried over", "Attach the recording that belongs to this call (Review, Recordings), or leave it without one."),
    "correction-unknown": Rule("error", "Corrects no call that is known", "Load the file again with its last column as it was, or accept this as a call of its own.", "The row is sent as a new call, with a conversation id of its own."),
    "row-incomplete": Rule("warning", "Row has more cells than the header", "The extra cells are kept with the row, and are not sent."),
}
# fmt: on


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One data problem.

    Attributes:
        code: kebab-case, a key of `CATALOGUE`.
        field: which part of the call: a field of `Call`, or `role`, `text`, `start`, `stop` of a line.
        message: what is wrong here, in the analyst's words, with the place and the value.
        row: 1-based row number as the spreadsheet program shows it, or None outside a batch.
        line: 1-based number of the transcript line or tag it speaks of, or None for the whole field.
        value: the offending value as text (at most 200 characters), "" if there is none.
        severity, hint, title, accepting: from the catalogue.
    """

    code: str
    field: str
    message: str
    row: int | None = None
    line: int | None = None
    value: str = ""

    @property
    def severity(self) -> Severity:
        """Return "error" (the call is held) or "warning"."""
        return CATALOGUE[self.code].severity

    @property
    def hint(self) -> str:
        """Return what to do about it."""
        return CATALOGUE[self.code].hint

    @property
    def accepting(self) -> str:
        """Return what accepting it as it is means; "" where it cannot be accepted."""
        return CATALOGUE[self.code].accepting

    @property
    def title(self) -> str:
        """Return the name of this kind of finding."""
        return CATALOGUE[self.code].title

    def __repr__(self) -> str:
        place = "" if self.row is None else f"row {self.row} · "
        return f"<Finding {self.severity} · {place}{self.code}: {self.message}>"


def finding(code: str, field: str, message: str, *, line: int | None = None, value: object = "") -> Finding:
    """A `Finding` with its value shortened to something that fits a table cell. Raises KeyError: unknown code."""
    CATALOGUE[code]
    text = "" if value is None else str(value)
    if len(text) > 200:
        text = text[:199] + "…"
    return Finding(code=code, field=field, message=_written(message), line=line, value=_written(text))


def _written(text: str) -> str:
    """Half of a split character cannot be stored: a question mark stands for it."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
