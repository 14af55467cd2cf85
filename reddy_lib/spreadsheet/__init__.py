"""Spreadsheets: a file becomes rows, and columns become fields.

`detect_format` and `read_pieces` (or `read_sheet`, in one go) turn a file into cells; `guess_mapping` proposes
which column feeds which field, and whether one row is a call or a line of one, with reasons; `build_calls` and
`read_calls` (which streams a file) make calls of the rows. Reading never interprets a
cell, mapping never touches a file, and building never judges a call.
"""

from reddy_lib.spreadsheet.calls.building import BuiltCall, build_call, build_calls, build_frame, read_calls
from reddy_lib.spreadsheet.formats import SheetFormat
from reddy_lib.spreadsheet.mapping.asking import questions
from reddy_lib.spreadsheet.mapping.guessing import guess_mapping
from reddy_lib.spreadsheet.mapping.question import Option, Question
from reddy_lib.spreadsheet.model import LINE_FIELDS, MAPPABLE, Mapping
from reddy_lib.spreadsheet.reading.detection import detect_format
from reddy_lib.spreadsheet.reading.sheets import read_pieces, read_sheet, sheet_names

__all__ = [
    "LINE_FIELDS",
    "MAPPABLE",
    "BuiltCall",
    "Mapping",
    "Option",
    "Question",
    "SheetFormat",
    "build_call",
    "build_calls",
    "build_frame",
    "detect_format",
    "guess_mapping",
    "questions",
    "read_calls",
    "read_pieces",
    "read_sheet",
    "sheet_names",
]
