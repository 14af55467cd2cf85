"""A file that is small on disk takes little memory, whatever its format repeats."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet as parquet
import pytest

from reddy_lib.spreadsheet import read_sheet
from tests.reading_process import reading
from tests.soak import bombs
from tests.workbook_writers import ods_file

READ = """
import resource, sys
from pathlib import Path
from reddy_lib.errors import SheetError
from reddy_lib.spreadsheet.reading.detection import detect_format
from reddy_lib.spreadsheet.reading.sheets import read_pieces
import pandas, pyarrow.parquet
resource.setrlimit(resource.RLIMIT_AS, (5 << 30, 5 << 30))
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
before = peak()
path = Path(sys.argv[1])
try:
    for piece in read_pieces(path, detect_format(path)):
        pass
    print("read")
except SheetError as error:
    print(error)
print(peak() - before)
"""

STRINGS = "<sst><si><t>{}</t></si><si><t>agent</t></si><si><t>transcript</t></si></sst>"
HEADER = '<row><c t="s"><v>1</v></c><c t="s"><v>2</v></c></row>'
TABLE = '<table:table table:name="{}">{}</table:table>'
ROWS = '<table:table-row table:number-rows-repeated="{}">{}</table:table-row>'
CELL = (
    '<table:table-cell table:number-columns-repeated="{}" office:value-type="string"><text:p>{}</text:p>'
    "</table:table-cell>"
)


def one_text_in_many_cells(folder: Path) -> Path:
    row = '<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>'
    return bombs.book(folder, bombs.data(HEADER + row * 60_000), strings=STRINGS.format("x" * 32_000))


def cells_that_say_no_place(folder: Path) -> Path:
    wide = "<row>" + "<c><v>1</v></c>" * 500_000 + "</row>"
    return bombs.book(folder, bombs.data(wide + "<row><c><v>1</v></c></row>" * 5_000))


def ods_with_one_long_text(folder: Path) -> Path:
    rows = ROWS.format(1, CELL.format(1, "agent")) + ROWS.format(20_000, CELL.format(1, "x" * 100_000))
    return ods_file(folder, {}, body=TABLE.format("Calls", rows))


def ods_with_many_large_sheets(folder: Path) -> Path:
    rows = ROWS.format(1_000_000, CELL.format(14, "1"))
    return ods_file(folder, {}, body="".join(TABLE.format(f"S{number}", rows) for number in range(20)))


# As the soak's files of these names, in fewer columns and more rows. Each still has five to fifteen times the cells that
# are allowed; what a reader takes for each column before it counts cells is not what these tests are about.


def wide_header_over_short_rows(folder: Path) -> Path:
    return bombs.written(folder / "calls.csv", ",".join(map(str, range(3_000))) + "\n" + "1\n" * 30_000)


def wide_record_over_short_ones(folder: Path) -> Path:
    wide = json.dumps(dict.fromkeys(map(str, range(2_000)), 1))
    return bombs.written(folder / "calls.jsonl", wide + "\n" + '{"0":1}\n' * 15_000)


def web_page_of_a_wide_row_over_short_ones(folder: Path) -> Path:
    page = "<table><tr>" + "<td colspan=100>x" * 40 + "<tr><td>x" * 16_000
    return bombs.written(folder / "calls.xls", page)


BOMBS: list[Callable[[Path], Path]] = [
    one_text_in_many_cells,
    cells_that_say_no_place,
    ods_with_one_long_text,
    ods_with_many_large_sheets,
    bombs.xls_cell_in_the_last_corner_of_many_sheets,
    bombs.xls_room_for_four_billion_rows,
    bombs.xls_one_text_in_many_cells,
    bombs.xls_one_sheet_under_many_names,
    bombs.xls_sectors_in_a_circle,
    bombs.xlsb_one_text_in_many_cells,
    bombs.room_for_four_billion_shared_strings,
    bombs.shared_strings_with_prefixes,
    bombs.shared_strings_counted_past_an_empty_one,
    bombs.shared_strings_in_cells_with_comments,
    bombs.shared_strings_under_another_case,
    bombs.sheet_that_only_the_library_finds,
    bombs.ods_of_two_billion_spaces,
    bombs.ods_that_no_parser_takes,
    bombs.zip_of_overlapping_files,
    bombs.zip_of_short_lines,
    bombs.zip_of_a_workbook_that_is_not_packed,
    bombs.parquet_of_lists_of_records,
    wide_header_over_short_rows,
    wide_record_over_short_ones,
    web_page_of_a_wide_row_over_short_ones,
]
REFUSED = re.compile(
    "unpacks to far more than it|far beyond any calls|damaged|nearly all of their cells are empty"
)


@pytest.mark.parametrize("make", BOMBS, ids=lambda make: make.__name__)
def test_a_small_file_that_repeats_one_thing_is_refused_before_it_is_unpacked(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = make(tmp_path)
    assert path.stat().st_size < 150_000
    said, megabytes = reading(path)
    assert REFUSED.search(said)
    assert megabytes < 400


def test_a_text_that_many_rows_share_is_read(tmp_path: Path) -> None:
    row = '<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>'
    path = bombs.book(tmp_path, bombs.data(HEADER + row * 500), strings=STRINGS.format("Agent: Hi"))
    frame = read_sheet(path)
    assert frame.shape == (500, 2)
    assert set(frame["agent"]) == {"Agent: Hi"}


@pytest.mark.parametrize(
    "made",  # not at import: together they are gigabytes
    [
        lambda: pyarrow.array([["x" * 20_000] * 100] * 300),
        lambda: pyarrow.StructArray.from_arrays([pyarrow.repeat("x" * 400_000, 2_000)], ["t"]),
        lambda: pyarrow.repeat(pyarrow.scalar("x" * 400_000, pyarrow.large_string()), 2_000),
    ],
    ids=["list", "struct", "large_string"],
)
def test_nested_and_large_columns_of_parquet_are_bounded(
    made: Callable[[], pyarrow.Array], tmp_path: Path
) -> None:
    column, path = made(), tmp_path / "calls.parquet"
    parquet.write_table(
        pyarrow.table({"agent": ["ana"] * len(column), "c": column}), path, compression="zstd"
    )
    assert path.stat().st_size < 200_000
    # Not forked: a forked process takes 2,200 MiB for the lists, a new one 1,300.
    done = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-500:]
    said, megabytes = done.stdout.splitlines()
    assert said.startswith("calls.parquet unpacks to far more than its ")
    assert int(megabytes) < 1_500
