"""The layouts of tables and the kinds of files that are read, each with a small example: what `docs/formats.md` shows.

The readers do not use this list. A test reads every example.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["KNOWN_FILES", "KNOWN_LAYOUTS", "KnownFile", "KnownLayout"]

_SAID = (("agent", "Hello, how can I help you?"), ("customer", "My bill is wrong."))


class KnownLayout(NamedTuple):
    """One way to lay out calls in a file.

    Attributes:
        file: name of a file of this layout.
        example: its content.
        about: what marks it, in a few words.
        ids: the calls' ids; empty where they are made up.
        calls: how many calls the example holds.
        turns: (role, text) of each line of its first call.
    """

    name: str
    file: str
    example: str
    about: str = ""
    ids: tuple[str, ...] = ("c1", "c2")
    calls: int = 2
    turns: tuple[tuple[str, str], ...] = _SAID


KNOWN_LAYOUTS: tuple[KnownLayout, ...] = (
    KnownLayout(
        "One row a call", "calls.csv",
        'call_id,agent_email,start_time,transcript\nc1,anna@x.example,2026-05-06 10:00,"Agent: Hello, how can I help you?\nCustomer: My bill is wrong."\nc2,anna@x.example,2026-05-06 11:00,"Agent: Hello, how can I help you?\nCustomer: My bill is wrong."\n',
        "The columns may have any names, in many languages; what their cells hold decides.",
    ),
    KnownLayout(
        "One row a line", "lines.csv",
        'call_id,speaker,text\nc1,Agent,"Hello, how can I help you?"\nc1,Customer,My bill is wrong.\nc2,Agent,"Hello, how can I help you?"\nc2,Customer,My bill is wrong.\n',
        "The column that tells calls apart may have any name, and may be filled in the first row of each call alone. A row may also be a word: what one speaker says in a row is then a line.",
    ),
    KnownLayout(
        "Turns in columns", "calls.csv",
        'call_id,Speaker 1,Text 1,Speaker 2,Text 2\nc1,Agent,"Hello, how can I help you?",Customer,My bill is wrong.\nc2,Agent,"Hello, how can I help you?",Customer,My bill is wrong.\n',
    ),
    KnownLayout(
        "A column a side", "chats.csv",
        'conversation_id,turn,agent_message,customer_response\nc1,1,"Hello, how can I help you?",My bill is wrong.\nc1,2,I will look at it now.,"Thank you, that is kind."\nc2,1,"Hello, how can I help you?",My bill is wrong.\nc2,2,I will look at it now.,"Thank you, that is kind."\n',
        turns=(*_SAID, ("agent", "I will look at it now."), ("customer", "Thank you, that is kind.")),
    ),
    KnownLayout(
        "A transcript that continues in further columns", "calls.csv",
        'call_id,Transcript,Transcript (cont.)\nc1,"Agent: Hello, how can I help you?\nCustomer: My bi",ll is wrong.\nc2,"Agent: Hello, how can I help you?\nCustomer: My bi",ll is wrong.\n',
        '"Transcript 2", "Part 2" and "(cont.)", each cut inside a word or between lines.',
    ),
    KnownLayout(
        "A transcript that continues in further rows", "calls.csv",
        'call_id,part,transcript\nc1,1,"Agent: Hello, how can I help you?\nCustomer: My bi"\nc1,2,"ll is wrong.\nAgent: I will look at it."\nc2,1,"Agent: Hello, how can I help you?\nCustomer: My bi"\nc2,2,"ll is wrong.\nAgent: I will look at it."\n',
        "The rows of a call are numbered, and differ in nothing else.",
        turns=(*_SAID, ("agent", "I will look at it.")),
    ),
    KnownLayout(
        "Titles above the table, totals below", "report.csv",
        'Report of the contact centre\nMay 2026\n\ncall_id,agent_email,transcript\nc1,anna@x.example,"Agent: Hello, how can I help you?\nCustomer: My bill is wrong."\nc2,anna@x.example,"Agent: Hello, how can I help you?\nCustomer: My bill is wrong."\nTotal,2,\n',
    ),
    KnownLayout(
        "Rows that are quoted whole", "calls.csv",
        '"call_id,agent_email,transcript"\n"c1,anna@x.example,""Agent: Hello, how can I help you? Customer: My bill is wrong."""\n"c2,anna@x.example,""Agent: Hello, how can I help you? Customer: My bill is wrong."""\n',
    ),
    KnownLayout(
        "JSON, a list of calls", "calls.json",
        '[{"call_id": "c1", "agent": {"email": "anna@x.example"}, "transcript": [{"role": "agent", "text": "Hello, how can I help you?"}, {"role": "customer", "text": "My bill is wrong."}]},\n {"call_id": "c2", "agent": {"email": "anna@x.example"}, "transcript": [{"role": "agent", "text": "Hello, how can I help you?"}, {"role": "customer", "text": "My bill is wrong."}]}]',
        "Nested objects become columns (`agent.email`).",
    ),
    KnownLayout(
        "JSON, calls in an envelope", "calls.json",
        '{"data": {"calls": [\n  {"call_id": "c1", "transcript": "Agent: Hello, how can I help you?\\nCustomer: My bill is wrong."},\n  {"call_id": "c2", "transcript": "Agent: Hello, how can I help you?\\nCustomer: My bill is wrong."}]}}',
    ),
    KnownLayout(
        "JSON, as pandas writes a table", "calls.json",
        '{"columns": ["call_id", "transcript"], "index": [0, 1], "data": [\n  ["c1", "Agent: Hello, how can I help you?\\nCustomer: My bill is wrong."],\n  ["c2", "Agent: Hello, how can I help you?\\nCustomer: My bill is wrong."]]}',
    ),
    KnownLayout(
        "JSON Lines", "calls.jsonl",
        '{"call_id": "c1", "transcript": [["agent", "Hello, how can I help you?"], ["customer", "My bill is wrong."]]}\n{"call_id": "c2", "transcript": [["agent", "Hello, how can I help you?"], ["customer", "My bill is wrong."]]}\n',
    ),
    KnownLayout(
        "JSON of one call", "call.json",
        '{"call_id": "c1", "transcript": [\n  {"role": "agent", "text": "Hello, how can I help you?"},\n  {"role": "customer", "text": "My bill is wrong."}]}',
        "Also any vendor's form of this page.", ("c1",), 1,
    ),
    KnownLayout(
        "XML, an element a call", "calls.xml",
        '<calls>\n<call><call_id>c1</call_id><transcript>Agent: Hello, how can I help you?\nCustomer: My bill is wrong.</transcript></call>\n<call><call_id>c2</call_id><transcript>Agent: Hello, how can I help you?\nCustomer: My bill is wrong.</transcript></call>\n</calls>\n',
    ),
    KnownLayout(
        "Web page with a table", "calls.html",
        '<table><tr><th>call_id</th><th>transcript</th></tr>\n<tr><td>c1</td><td>Agent: Hello, how can I help you?<br>Customer: My bill is wrong.</td></tr>\n<tr><td>c2</td><td>Agent: Hello, how can I help you?<br>Customer: My bill is wrong.</td></tr></table>\n',
        "Many systems give such a page the ending .xls.",
    ),
    KnownLayout(
        "Text of one call", "call.txt",
        "Agent: Hello, how can I help you?\nCustomer: My bill is wrong.\n",
        "Any text form of this page; also .md and .log.", (), 1,
    ),
    KnownLayout(
        "Subtitles of one call", "call.srt",
        "1\n00:00:01,000 --> 00:00:03,000\nAgent: Hello, how can I help you?\n\n2\n00:00:04,000 --> 00:00:06,000\nCustomer: My bill is wrong.\n",
        "Also .vtt and .sbv.", (), 1,
    ),
)  # fmt: skip


class KnownFile(NamedTuple):
    """One kind of file. `endings`: how its name usually ends; the content decides, not the name."""

    name: str
    endings: tuple[str, ...]
    about: str


KNOWN_FILES: tuple[KnownFile, ...] = (
    KnownFile("Text with a delimiter", (".csv", ".tsv", ".txt"), "Comma, semicolon, tab, pipe and others; any usual encoding."),
    KnownFile("Excel", (".xlsx", ".xlsm", ".xls", ".xlsb"), "Any sheet; the lines of the calls may be in a second one, or each sheet may be a call. A workbook with a password is refused."),
    KnownFile("OpenDocument", (".ods",), "Any sheet."),
    KnownFile("Web page", (".html", ".htm", ".xls"), "Its tables, or the conversation of a saved chat page."),
    KnownFile("XML", (".xml",), "An element a call, an element a turn, and Excel's XML of 2003."),
    KnownFile("Parquet", (".parquet",), "Nested columns too."),
    KnownFile("JSON", (".json", ".jsonl", ".ndjson", ".jsonc"), "Calls, wherever they are in it, or one call."),
    KnownFile("Transcripts", (".txt", ".md", ".log", ".vtt", ".srt", ".sbv", ".ass", ".ssa"), "Each file is one call."),
    KnownFile("Zip or folder", (".zip",), "One call a file, with or without a table about them; or several tables that belong together."),
)  # fmt: skip
