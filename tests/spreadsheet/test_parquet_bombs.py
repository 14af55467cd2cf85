"""A Parquet file that is small on disk takes little memory, whatever it says that it holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet as parquet
import pytest

from reddy_lib.spreadsheet.reading.tables import parquet_rows

READ = """
import resource, sys
from pathlib import Path
from reddy_lib.errors import SheetError
from reddy_lib.spreadsheet.reading.tables import parquet_rows
import pyarrow.parquet
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    for row in parquet_rows(Path(sys.argv[1])):
        pass
except SheetError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


def test_one_text_in_thousands_of_rows_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    text = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 4800, pyarrow.int32()), ["x" * (1 << 20)])
    parquet.write_table(pyarrow.table({"agent": ["ana"] * 4800, "text": text}), path, compression="zstd")
    assert path.stat().st_size < 8192
    done = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, timeout=120)
    said, megabytes = done.stdout.splitlines()
    assert said.startswith("calls.parquet unpacks to far more than its ")
    assert int(megabytes) < 200, "of 4,800 that the rows would take"


def test_texts_that_rows_share_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    table = pyarrow.table(
        {"a": ["x", None, "y", "x"] * 400, "b": [b"1", b"2", None, b"1"] * 400, "n": [1, 2, 3, 4] * 400}
    )
    parquet.write_table(table, path)
    names, *rows = parquet_rows(path)
    assert names == ["a", "b", "n"]
    assert rows == [["x", "1", 1], ["", "2", 2], ["y", "", 3], ["x", "1", 4]] * 400


@pytest.mark.parametrize("rows", [600_000_000])
def test_a_column_that_claims_more_values_than_any_table_is_refused(tmp_path: Path, rows: int) -> None:
    from reddy_lib.spreadsheet.reading.tables import _swells

    class Column:
        total_uncompressed_size = 100
        num_values = rows

    class Metadata:
        num_row_groups = num_columns = num_rows = 1

        def row_group(self, _: int) -> Metadata:
            return self

        def column(self, _: int) -> Column:
            return Column()

    assert _swells(Metadata(), 512 << 20)
