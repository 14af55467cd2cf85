"""Write `formats.md` and `findings.md`, the reference of what is read and of what may be found, from the code.

`uv run python docs/make_reference.py` writes them; a test says when they are out of date.
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from reddy_lib.findings import CATALOGUE
from reddy_lib.spreadsheet.evidence.known_layouts import KNOWN_FILES, KNOWN_LAYOUTS
from reddy_lib.transcripts.formats.known_forms import KNOWN_FORMS

HERE = Path(__file__).resolve().parent
MADE = "<!-- Made by docs/make_reference.py from the code. Change the code, and run it. -->"

GROUPS = {
    "Text": "A cell, or a file of its own. Labels may be roles in many languages, names, numbers or letters.",
    "Subtitles": "In a file or in a cell.",
    "XML": "In a file or in a cell.",
    "Data": "JSON and what programs print in its place. Keys are known by their names and by what they hold.",
    "Vendors": "What speech services, contact-centre platforms and voice assistants write, in a file, in a cell, or inside "
    "another JSON object. Roles that the vendor does not give come from names, a greeting, or your mapping.",
}


MEANINGS = {
    "agent-email-missing": "No column, default or transcript names the agent.",
    "agent-email-invalid": "The agent's cell holds something else, such as a name.",
    "agent-email-from-transcript": "The transcript's own data give the agent's email, and no column does.",
    "product-missing": "Nothing says which product the call was about.",
    "product-unknown": "The cell names a product that is not in Reddy's list.",
    "product-renamed": "In the list that the call was checked against before, its product id had another name.",
    "product-inactive": "Reddy lists the product, but it is switched off.",
    "transcript-missing": "The row has neither words nor the name of a recording.",
    "recording-not-sent": "The row names a recording that is not attached, and it has no transcript.",
    "recording-with-transcript": "The call would be sent with both.",
    "transcript-unreadable": "The cell starts as data but is damaged, or its form is unknown.",
    "transcript-mended": "The data had small errors, such as a missing bracket.",
    "transcript-no-speakers": "Nothing says who speaks.",
    "transcript-cut": "Excel and other programs cut long cells, so the end is probably missing.",
    "transcript-cut-in-json": "Excel cut the cell inside its data, so the end is missing.",
    "transcript-unassigned": "Some words of the cell are in no line and would not be sent.",
    "text-beside-lines": "The data hold a summary, a title or the like.",
    "line-without-speaker": "A line of text without a label stands below a speaker's words.",
    "aside-kept": 'A heading or a remark such as "[laughs]" is part of a line.',
    "role-from-name": "The label is a name, and a column says whose it is.",
    "role-from-greeting": "The labels do not say who is who, but the words do.",
    "role-from-batch": "One call does not say who is who, but the calls of the sheet together do.",
    "role-by-elimination": "One of two speakers is known, so the other has the other role.",
    "one-side-silent": "All lines belong to the agent, or all to the customer. A label was probably misread.",
    "one-side-silent-short": "A call of a few lines has the words of one side only.",
    "side-has-several-speakers": "Several labels have the same role.",
    "line-not-read": "One item of the transcript is unlike the others.",
    "lines-left-out": "You chose to leave this speaker out, or the source has the words twice.",
    "lines-kept-as-tag": "You chose to keep this speaker's words as a tag.",
    "role-unknown": "The label names neither the agent nor the customer.",
    "roles-swapped": "A line of the customer sounds like the opening of an agent.",
    "text-empty": "The line has a speaker and no words.",
    "not-spoken": "The transcript holds more than speech: headings, rules, notes, status events.",
    "speech-doubtful": "Some lines have a type that is not known.",
    "lines-reordered": "The source lists lines newest first, shuffled, or one side after the other.",
    "unit-from-pace": "The source does not say whether times are seconds, milliseconds or something else.",
    "unit-unclear": "Two units fit the pace of the words equally well.",
    "pace-implausible": "Between these times, people would speak far too fast or far too slowly.",
    "time-unreadable": "The start or stop of a line is something else.",
    "time-negative": "A line starts or stops before 0.",
    "start-after-stop": "The start of a line is later than its stop.",
    "times-in-milliseconds": "The times are far too large for seconds.",
    "lines-out-of-order": "A line starts before the line above it.",
    "lines-order-assumed": "The source does not say in which order the two sides spoke.",
    "times-estimated": "Starts and stops were worked out from the number of words, or from the next line.",
    "timestamp-missing": "No column, default or transcript says when the call started.",
    "timestamp-from-transcript": "The transcript's own data say when the call started, and no column does.",
    "timestamp-without-clock": "The cell holds a date and no time of day.",
    "timestamp-unreadable": "The cell does not hold a date and time.",
    "timestamp-ambiguous-order": "Every date of the column could have the day or the month first.",
    "timestamp-order-differs": "The date is impossible in the order of its column.",
    "timestamp-swapped": "Some dates of the column are text, and the others are dates.",
    "timestamp-imprecise": "The number was rounded, so the time may be minutes or days off.",
    "timestamp-zone-unclear": "The zone beside the time is unknown, or its abbreviation stands for several zones.",
    "timestamp-zone-assumed": "The zone was taken from an abbreviation, or the time has none although other rows do.",
    "timestamp-ambiguous": "When clocks go back, an hour happens twice. When they go forward, an hour is missing.",
    "timestamp-in-milliseconds": "The number is a thousand times too large.",
    "timestamp-in-future": "The call would start after now.",
    "timestamp-implausible": "A date that early is nearly always a misread number.",
    "conversation-duplicate": "Two rows of the batch have the same id.",
    "conversation-id-placeholder": 'The cell holds a word for "empty", such as NULL or n/a.',
    "conversation-id-made-up": "No column holds an id, so one was made from the call's agent, start and words.",
    "column-doubtful": "Two columns fit a field equally well and differ, or a column's name does not tell its field.",
    "id-digits-rounded": "The workbook stores the id as a number of 16 digits, and Excel keeps 15.",
    "tag-digits-lost": "The tag looks like 1.23E+15, or is a number that was rounded to 15 digits.",
    "id-digits-lost": "The id looks like 1.23E+15, or is a number that was rounded to 15 digits.",
    "lines-without-id": "Some lines have an empty cell where others have the call's id.",
    "conversation-sent-corrected": "Another batch had a call with this id and agent. It was corrected there, and sent.",
    "personal-data-held": "The call contains personal data that must not be sent to this address.",
    "mask-still-heard": "Words are masked, but can be heard: they could not be silenced, or the original is attached.",
    "conversation-sent-under-other-id": (
        "A call in this or another batch, with the same words or a similar id, was sent or is waiting."
    ),
    "conversation-sent-with-other-words": "Reddy has a call with this id and another transcript.",
    "speaker-invalid": "The setting that separates the speakers of a recording cannot be used.",
    "recording-missing": "The row names a file that is not among the recordings.",
    "recording-doubtful": "Several files fit the name in the row.",
    "recording-empty": "The file holds no sound.",
    "recording-unreadable": "The file is damaged, or it is not audio.",
    "recording-not-audio": "The file cannot be read as audio, and the call has a transcript beside it.",
    "recording-tracks": "The file holds several recordings side by side, often one for each speaker.",
    "recording-cut": "The file ends earlier than it should.",
    "recording-mislabelled": "The file's format is not the one in its name.",
    "recording-silent": "The file holds no speech that can be heard.",
    "recording-side-silent": "One of the two channels has no sound.",
    "recording-length-differs": "The transcript and the recording end at very different times.",
    "tag-key-missing": "A tag has a value and no name.",
    "tag-duplicate": "The call has two tags with one name.",
    "tag-type-unknown": "Reddy does not know the type of a tag.",
    "tag-value-mismatch": 'The value cannot be stored as the tag\'s type, such as "yes" as an integer.',
    "rows-left-out": "Some rows of the table do not describe a call.",
    "row-hidden": "The workbook hides the row, or a filter does.",
    "columns-hidden": "The workbook hides these columns.",
    "table-rebuilt": "The table was not laid out in plain rows and columns.",
    "table-beside": "The file holds more than one table.",
    "sheets-alike": "The calls may be spread over several sheets.",
    "header-missing": "The first row already holds a call.",
    "nul-removed": "The file holds characters without a meaning, often because it is damaged.",
    "characters-replaced": "A program cut a text in the middle of a character, often an emoji, or lost characters.",
    "text-misread": "A program read UTF-8 in another encoding and saved it again: “GrÃ¼ÃŸe” for “Grüße”.",
    "control-characters": (
        "The text contains control characters that no one types: it was probably read or exported in the wrong encoding."
    ),
    "rows-scattered": "Rows of other calls are between the rows of this call.",
    "cells-differ": "The rows of one call should agree on its agent, product and start.",
    "lines-without-call": "Lines have the id of a call that is not in the sheet of calls.",
    "file-name-not-matched": "A field is read from the file's name, and its pattern does not fit.",
    "correction-refused": "The row corrects a call that has been sent.",
    "correction-recording": "The corrected row had a recording attached.",
    "correction-unknown": "The row corrects a call that is not in the ledger.",
    "quotes-mended": "A quotation mark of a text file is never closed, or not doubled inside a cell. The row was read.",
    "quote-unclosed": "The quotation marks of a row are not in order: where its cells end is not clear.",
    "encoding-unclear": "A short text without a mark of its encoding reads as well in two encodings, with other letters.",
    "row-incomplete": "Some cells stand to the right of the last column.",
}
"""Code of a finding → what was seen."""


def formats() -> str:
    """Return the page of all formats."""
    parts = [
        MADE,
        "# What is read",
        "A file is read by its content: its name does not matter, and neither do the exact names of its columns. "
        "Each example below is read by a test. Where the reading is in doubt, the call has a [finding](findings.md).",
        "## Files",
        "\n".join(
            [
                "| kind | usual endings | |",
                "|---|---|---|",
                *(
                    f"| {kind.name} | {', '.join(f'`{end}`' for end in kind.endings)} | {kind.about} |"
                    for kind in KNOWN_FILES
                ),
            ]
        ),
        "## Layouts",
        "How calls stand in a file. A table may come from any kind of file above.",
    ]
    for layout in KNOWN_LAYOUTS:
        parts += [
            f"### {layout.name}",
            *filter(None, [layout.about]),
            f"`{layout.file}`",
            fenced(layout.example),
        ]
    for group, forms in groupby(KNOWN_FORMS, key=lambda form: form.group):
        title = "Transcripts: " + {
            "Text": "text",
            "Subtitles": "subtitles",
            "Data": "data",
            "Vendors": "vendors",
        }.get(group, group)
        parts += [f"## {title}", GROUPS[group]]
        for form in forms:
            name = (
                form.name[:1].upper() + form.name[1:]
                if form.name not in ("vCon", "whisper.cpp")
                else form.name
            )
            parts += [f"### {name}", *filter(None, [form.about]), fenced(form.example)]
    return "\n\n".join(parts) + "\n"


def fenced(example: str) -> str:
    """Return an example as a block of code, whatever stands in it."""
    longest = max((len(run) for run in re.findall("`+", example)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{example.rstrip()}\n{fence}"


def findings() -> str:
    """Return the page of all findings."""
    held = sum(rule.severity == "error" for rule in CATALOGUE.values())
    parts = [
        MADE,
        "# Findings",
        f"What may be wrong with a call, and what to do. {held} of the {len(CATALOGUE)} findings hold the call until it is "
        "fixed or, where that is possible, accepted; the others only ask you to look. The code is what `batch.findings()` "
        "shows.",
    ]
    for severity, title in (("error", "Findings that hold the call"), ("warning", "Findings that do not")):
        rows = [
            f"| **{rule.title}**<br>`{code}` | {MEANINGS[code]} | {rule.hint} |"
            + (f" {rule.accepting or 'It cannot be accepted.'} |" if severity == "error" else "")
            for code, rule in CATALOGUE.items()
            if rule.severity == severity
        ]
        head = "| finding | meaning | what to do |" + (" if you accept it |" if severity == "error" else "")
        parts += [
            f"## {title}",
            "\n".join([head, "|---|---|---|" + ("---|" if severity == "error" else ""), *rows]),
        ]
    return "\n\n".join(parts) + "\n"


PAGES = {"formats.md": formats, "findings.md": findings}


def main() -> None:
    """Write both pages."""
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
