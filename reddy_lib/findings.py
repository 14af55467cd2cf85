"""Findings: a data problem is a value with a place and a sentence, never an exception.

Every stage before submission reports problems this way: reading transcripts and columns (what was unreadable or
estimated), and `checks` (what the API would refuse, and common mistakes). `CATALOGUE` is the only list of codes, with
severity, title and hint. An *error* holds the call back; a *warning* does not.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

__all__ = ["CATALOGUE", "Finding", "Rule", "Severity", "finding"]

Severity = Literal["error", "warning"]


class Rule(NamedTuple):
    """The meaning of a code: its severity, a short title for filters and charts, and a hint for the analyst.

    `accepting` says what is sent if the analyst accepts the finding. It is "" for findings that cannot be accepted, because
    Reddy would refuse the call or because the analyst must choose something.
    """

    severity: Severity
    title: str
    hint: str
    accepting: str = ""


# fmt: off
CATALOGUE: dict[str, Rule] = {
    # agent and product
    "agent-email-missing": Rule("error", "No agent email", "Type the email under which the agent is known in Reddy."),
    "agent-email-invalid": Rule("error", "Not an email address", "Correct the address. It must belong to an active Reddy user."),
    "agent-email-from-transcript": Rule("warning", "Agent's email from the transcript", "Check that this person took the call. To use another email, choose a column or a default when loading."),
    "product-missing": Rule("error", "No product", "Choose the product whose scorecard grades this call."),
    "product-unknown": Rule("error", "Product not in Reddy's list", "Choose one of the products in the list, or match this name to one when loading."),
    "product-renamed": Rule("error", "Product from another list", "Choose the right product. Accept this if it is the same product under a new name.", "The call is graded as the product that has this id in the current list."),
    "product-inactive": Rule("warning", "Product is not active", "Ask the person who manages products in Reddy; grading may not run."),
    # transcript as a whole
    "transcript-missing": Rule("error", "No transcript and no recording", "Add the transcript, or leave this row out."),
    "recording-not-sent": Rule("error", "Recording is not attached", "Attach its file, or add a transcript. Reddy would accept the call without either, but would have nothing to grade."),
    "recording-with-transcript": Rule("warning", "Transcript and recording together", "Reddy does not redact a recording that comes with a transcript. Clear the file name to send the transcript alone, or attach a recording that needs no redaction."),
    "transcript-unreadable": Rule("error", "Transcript could not be read", "The whole text is kept as one line. Split it into lines and set the role of each, or correct the cell and load again."),
    "transcript-mended": Rule("warning", "Transcript was read despite errors", "Check the lines; nothing else is needed."),
    "transcript-no-speakers": Rule("error", "No speakers in the transcript", "Set the role of each line; no role was guessed."),
    "transcript-cut": Rule("warning", "Transcript was probably cut off", "The cell is as long as Excel or the exporting program allows, or says that text is missing. Export this call again in another format, or from its source."),
    "transcript-cut-in-json": Rule("error", "JSON cut off by Excel", "Export this call again in another format. To send only what could be read, delete the last line if it is incomplete.", "The lines above the cut are sent as they are; the text that Excel cut off is missing."),
    "transcript-unassigned": Rule("error", "Text that is in no line", "Join it to the line above, make it a line of its own, or drop it."),
    "text-beside-lines": Rule("warning", "Text beside the lines", "A summary or a title is not speech, so it stays in the sheet's cells. Add it as a line if it was spoken."),
    # transcript lines
    "line-without-speaker": Rule("warning", "Line without a speaker label", "It was kept with the line above it. Move it if somebody else said it."),
    "aside-kept": Rule("warning", "Heading or stage direction", "It was kept with the line beside it. Delete it if it should not be sent."),
    "role-from-name": Rule("warning", "Role taken from a name", "Check who is who. For a whole batch, match the speaker's name to a role when loading."),
    "role-from-greeting": Rule("warning", "Role guessed from what was said", "Read the first lines. If the roles are the wrong way round, swap them; for a whole batch, match the labels to roles when loading."),
    "role-from-batch": Rule("warning", "Role from the other calls", "Check one of the calls. For the whole batch, match the labels to roles when loading."),
    "role-by-elimination": Rule("warning", "Role by elimination", "Check that the two roles are right. For a whole batch, match the label to a role when loading."),
    "one-side-silent": Rule("error", "One side never speaks", "Match the labels to roles when loading, or set the roles of the lines here. Accept this if one side did all the talking, as in a voicemail.", "The call is sent as it is, with all its lines on one side."),
    "one-side-silent-short": Rule("warning", "Short call with one side only", "Check that the other side said nothing."),
    "side-has-several-speakers": Rule("warning", "Several speakers on one side", "Check that all of them belong to that side, as after a transfer. If not, match their labels to roles when loading."),
    "line-not-read": Rule("error", "Line that could not be read", "It is kept as a line without a role. Set its role, or delete it."),
    "lines-left-out": Rule("warning", "Lines left out on purpose", "Their speaker is set to be left out. The text stays in the sheet's cells."),
    "lines-kept-as-tag": Rule("warning", "Lines kept as a tag", "Their speaker is set to be kept as a tag of this call. Choose another role when loading to send them as lines."),
    "role-unknown": Rule("error", "Unknown role", "Choose agent or customer. For a whole batch, match the speaker's name to a role when loading."),
    "roles-swapped": Rule("warning", "Roles may be swapped", "The customer greets like an agent. Read the first lines, and swap the two roles if they are wrong."),
    "text-empty": Rule("warning", "Line without text", "Delete the line if nothing was said."),
    "not-spoken": Rule("warning", "Items that are not speech", "Events, notes, function calls, deleted messages and interim results were left out. Check the counts; the text stays in the sheet's cells."),
    "speech-doubtful": Rule("warning", "Lines that may not be speech", "Their type differs from that of the other lines. Delete them if they were not spoken."),
    "lines-reordered": Rule("warning", "Lines were put in order", "The source had the lines in another order than their times or numbers. Read the first lines, and move them if the order is wrong."),
    "unit-from-pace": Rule("warning", "Unit of the times was inferred", "With this unit, people speak at a normal pace. Check one line against the recording, or choose the unit when loading."),
    "unit-unclear": Rule("error", "Unit of the times is not clear", "Choose the unit when loading, or leave the times out.", "The lines are sent with the times that the table shows."),
    "pace-implausible": Rule("error", "Nobody speaks at this pace", "The times are probably in another unit. Choose it when loading, or leave the times out.", "The lines are sent with the times that the table shows."),
    "time-unreadable": Rule("error", "Time that is not a number", "Type seconds from the start of the call, or leave the time empty.", "The cell counts as empty: the line is sent with the time that the table shows, or without one."),
    "time-negative": Rule("error", "Time before the start of the call", "Type seconds from the start of the call, or leave the time empty."),
    "start-after-stop": Rule("error", "Line starts after it stops", "Swap or correct the two times."),
    "times-in-milliseconds": Rule("warning", "Times look like milliseconds", "Reddy expects seconds. Choose milliseconds as the unit when loading, or correct the times."),
    "lines-out-of-order": Rule("warning", "Lines are not in order of time", "Check that the lines and their times are in the order in which they were spoken."),
    "lines-order-assumed": Rule("warning", "Order of the two sides was assumed", "Each side's words are in a cell of their own, without times. Read the call, and move lines that are in the wrong place."),
    "times-estimated": Rule("warning", "Times were estimated", "The source has no times for these lines. Choose 'leave out' when loading to send none."),
    # time of the call
    "timestamp-missing": Rule("warning", "No start time", "Reddy will use the time of sending as the start of the call."),
    "timestamp-from-transcript": Rule("warning", "Start time from the transcript", "Check that the call started then. To use another time, choose a column or a default when loading."),
    "timestamp-without-clock": Rule("warning", "Start time is a date alone", "Reddy gets midnight as the start of the call. If a column holds the time of day, join it to the date when loading."),
    "timestamp-unreadable": Rule("error", "Start time could not be read", "Type the date and time, for example 2026-03-30 17:46.", "The cell counts as empty: the call is sent without a start time, and Reddy uses the time of sending."),
    "timestamp-ambiguous-order": Rule("error", "Day and month cannot be told apart", "Choose whether the day or the month comes first when loading, or type the date, for example 2026-04-03."),
    "timestamp-order-differs": Rule("error", "Date does not fit the order of day and month", "Correct this date, or choose another order of day and month when loading.", "The date is sent as it is shown."),
    "timestamp-swapped": Rule("error", "Excel may have swapped day and month", "When Excel opened the export, it may have read 3 April as 4 March. Load the original export, or correct the dates.", "The date is sent as it is in the sheet."),
    "timestamp-imprecise": Rule("error", "Start time lost its last digits", "Export this column again as text, or as a number with all its digits.", "The rounded time is sent."),
    "timestamp-zone-unclear": Rule("error", "Time zone is not clear", "Choose the time zone when loading, or type the date with its offset, for example 2026-03-30 17:46+05:30."),
    "timestamp-zone-assumed": Rule("warning", "Time zone was assumed", "Check that the start times are right. If they are not, choose the time zone when loading, or export all times with their offset from UTC."),
    "timestamp-ambiguous": Rule("warning", "Start time happens twice or never", "The clocks change in that hour. Check that the time is right."),
    "timestamp-in-milliseconds": Rule("error", "Start time is in milliseconds", "Reddy expects seconds. Divide by 1,000, or choose milliseconds when loading."),
    "timestamp-in-future": Rule("error", "Start time is in the future", "Check the date, the order of day and month, and the time zone."),
    "timestamp-implausible": Rule("error", "Start time is before 2000", "Check the date. Often the cell holds a number that is not a date, or a year of two digits.", "The call is sent with this start time."),
    # identity
    "conversation-duplicate": Rule("error", "Same conversation twice in this batch", "Reddy would have two calls with one id. Leave one of the rows out, or correct its conversation id."),
    "conversation-id-placeholder": Rule("warning", "Conversation id is a placeholder", "The call got its own id, made from its agent, start and words. If the cell is a real id, type it."),
    "conversation-id-made-up": Rule("warning", "Conversation id was made up", "Once sent, Reddy knows the call by this id. If a column holds the call's own id, choose it when loading."),
    "column-doubtful": Rule("warning", "Another column would fit too", "Compare the two columns, and choose the right one when loading."),
    "id-digits-rounded": Rule("warning", "Last digits of the id may be wrong", "Excel keeps 15 digits of a number. Compare the id with its source, and export ids as text."),
    "id-digits-lost": Rule("error", "Digits of the conversation id are lost", "Spreadsheet programs and decimal numbers keep 15 digits. Export the ids as text and load the file again, or type the id.", "The id is sent as the cell shows it."),
    "lines-without-id": Rule("error", "Lines without the id of their call", "Type the call's id in the sheet and load it again, or choose columns that tell calls apart when loading. Accept this if these lines are one call.", "The lines are sent as one call, with an id made from its agent, start and words."),
    "conversation-sent-with-other-words": Rule("error", "Sent before, with other words", "If it is another call, clear its conversation id: it then gets its own. If it is the same call, accept this: it is skipped, and can be sent again with a reason.", "It counts as the call that Reddy already has: it is skipped, not sent."),
    "conversation-sent-corrected": Rule("error", "Sent before, under a corrected id or agent", "Compare the two calls. If it is the same call, leave it: it was sent. Accept this if it is another call.", "The call is sent: Reddy receives it as a call of its own."),
    "conversation-sent-under-other-id": Rule("error", "Sent before, under another id", "Compare the two calls. If it is the same call, leave it: the other one was sent, or will be. Accept this if it is another call.", "The call is sent: Reddy receives it as a call of its own."),
    # personal data
    "personal-data-held": Rule("error", "Personal data that may not be sent", "Mask it in Review (Personal data), or correct the lines. Accept this if it is not personal data after all.", "The call is sent with these words, as they are."),
    "mask-still-heard": Rule("error", "Masked words can still be heard", "Mark the seconds and silence them in a copy, or clear the file name to send the transcript alone. Accept this if the recording does not have these words.", "The recording is sent as it is."),
    # audio settings
    "speaker-invalid": Rule("error", "Speaker separation is not valid", "Use diarize, or channels with agent and customer once each."),
    # the recording itself
    "recording-missing": Rule("error", "Recording was not found", "Add the file, correct its name, or clear it to send the call without a recording."),
    "recording-doubtful": Rule("error", "Not clear which recording", "Choose the recording of this call by hand, or clear its name to send the call without one."),
    "recording-empty": Rule("error", "Recording is empty", "Export this recording again, or clear its name to send the call without it."),
    "recording-unreadable": Rule("error", "Recording cannot be read as audio", "Listen to the file on your machine and export it again, or clear its name to send the call without it.", "The file is sent as it is."),
    "recording-not-audio": Rule("warning", "Recording cannot be read as audio beside the transcript", "Listen to the file on your machine and export it again, or clear its name to send the transcript alone."),
    "recording-tracks": Rule("warning", "More than one track in the recording", "Export it as one track with a channel for each speaker: of several tracks, most players play one."),
    "recording-cut": Rule("warning", "Recording is cut off or damaged", "Compare it with its source, and export it again if speech is missing."),
    "recording-mislabelled": Rule("warning", "Recording has the wrong file extension", "Its content was used. Correct the extension, or export the recording again."),
    "recording-silent": Rule("warning", "Nothing can be heard in the recording", "Listen to it: a recording without speech cannot be graded."),
    "recording-side-silent": Rule("warning", "One side of the recording is silent", "Listen to it: if one speaker is missing, export the recording again with both sides."),
    "recording-length-differs": Rule("warning", "Recording and transcript differ in length", "Check that the recording belongs to this call, and the unit of the times."),
    # tags
    "tag-key-missing": Rule("error", "Tag without a name", "Name the tag, or delete it."),
    "tag-duplicate": Rule("warning", "Same tag twice", "Delete one of the two."),
    "tag-type-unknown": Rule("error", "Unknown tag type", "Choose string, integer or boolean."),
    "tag-digits-lost": Rule("error", "Digits of a tag are lost", "Spreadsheet programs and decimal numbers keep 15 digits. Export the column as text and load the file again, or type the value.", "The tag is sent as the cell shows it."),
    "tag-value-mismatch": Rule("error", "Tag value does not fit its type", "Correct the value, or choose another type."),
    # the row
    "rows-left-out": Rule("warning", "Rows that are not calls", "Totals, repeated headers and export notes are not calls. Check that none of these rows is one."),
    "row-hidden": Rule("warning", "Row is hidden in the workbook", "It was read anyway. Leave it out if it was hidden or filtered out on purpose."),
    "columns-hidden": Rule("warning", "Columns are hidden in the workbook", "They were read anyway. Check that nothing is sent that was hidden on purpose."),
    "table-rebuilt": Rule("warning", "Table was rearranged", "Compare the first calls with the file."),
    "table-beside": Rule("warning", "Another table was not read", "If its columns belong to the calls, delete the empty column between them and load the sheet again. If it holds calls, load it on its own."),
    "sheets-alike": Rule("warning", "Other sheets have the same columns", "Only one sheet is read at a time. To send the calls of the others too, load them as well."),
    "header-missing": Rule("warning", "Columns have no names", "Check which column is which, or add a row of names to the sheet and load it again."),
    "nul-removed": Rule("warning", "NUL characters removed", "Text never contains them. Compare the row with its source, and export the file again if words are missing."),
    "characters-replaced": Rule("warning", "Characters replaced by “\ufffd”", "Reddy accepts only whole characters. Compare the text with its source."),
    "control-characters": Rule("error", "Control characters in the text", "If letters are wrong, choose another encoding when loading. If the text is right, delete these characters here.", "The text is sent with these characters."),
    "text-misread": Rule("error", "Text read in the wrong encoding", "Export it again and open it as UTF-8, or correct the words here.", "The text is sent as it is shown."),
    "rows-scattered": Rule("warning", "Lines of one call in several places", "They were gathered by the id. Check that it belongs to one call only."),
    "cells-differ": Rule("warning", "Cells differ within the call", "The first value was used. Check that these rows are one call."),
    "lines-without-call": Rule("error", "Lines without a row of their own", "Add the call to the sheet of calls and load again, or fill in what is missing here.", "These lines are sent as a separate call, with the fields shown here."),
    "file-name-not-matched": Rule("warning", "Nothing found in the file's name", "Correct the pattern when loading, rename the file, or enter the value another way."),
    "correction-refused": Rule("error", "Correction comes too late", "Leave this row out; the call already has its outcome. If that is unknown, ask Reddy first, then load the file again."),
    "correction-recording": Rule("warning", "Recording is not carried over", "Attach the recording that belongs to this call, or leave it without one."),
    "correction-unknown": Rule("error", "Corrects an unknown call", "Load the file again with its last column unchanged, or accept this as a new call.", "The row is sent as a new call, with its own conversation id."),
    "quotes-mended": Rule("warning", "Quotation marks were not in order", "Compare this row with the file: its text may begin or end a little differently."),
    "quote-unclosed": Rule("error", "Quotation mark that is not closed", "Close the mark in the file, or export the calls again, and load the file once more.", "The call is sent with the text of the rows below it."),
    "encoding-unclear": Rule("error", "Encoding is not clear", "Read a line with accents. If letters are wrong, choose another encoding when loading.", "The text is sent as it is shown."),
    "row-incomplete": Rule("warning", "Row has more cells than the header", "The extra cells are kept with the row but not sent."),
}
# fmt: on


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A data problem.

    Attributes:
        code: kebab-case, a key of `CATALOGUE`.
        field: the part of the call: a field of `Call`, or `role`, `text`, `start`, `stop` of a line.
        message: what is wrong, in the analyst's words, with the place and the value.
        row: 1-based row number as the spreadsheet program shows it; None outside a batch.
        line: 1-based number of the transcript line or tag; None for the whole field.
        value: the value as text (at most 200 characters); "" if there is none.
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
        """ "error" (the call is held) or "warning"."""
        return CATALOGUE[self.code].severity

    @property
    def hint(self) -> str:
        """What the analyst can do about it."""
        return CATALOGUE[self.code].hint

    @property
    def accepting(self) -> str:
        """What accepting it means; "" if it cannot be accepted."""
        return CATALOGUE[self.code].accepting

    @property
    def title(self) -> str:
        """The name of this kind of finding."""
        return CATALOGUE[self.code].title

    def __repr__(self) -> str:
        place = "" if self.row is None else f"row {self.row} · "
        return f"<Finding {self.severity} · {place}{self.code}: {self.message}>"


def finding(code: str, field: str, message: str, *, line: int | None = None, value: object = "") -> Finding:
    """Return a `Finding` with its value shortened to fit a table cell. Raises KeyError for an unknown code."""
    CATALOGUE[code]
    text = "" if value is None else str(value)
    if len(text) > 200:
        text = text[:199] + "…"
    return Finding(code=code, field=field, message=_written(message), line=line, value=_written(text))


def _written(text: str) -> str:
    """Return a text without lone surrogates, which cannot be stored; a question mark replaces each."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
