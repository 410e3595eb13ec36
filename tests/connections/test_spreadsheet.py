"""Downloads carry no formulas, and read back as what was written."""

import csv
import io

import pytest

from connections.spreadsheet import csv_line, neutralise


@pytest.mark.parametrize(
    "value", ["=1+1", "+1 555", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0x", "＝1", "  =1", "\u00a0@x"]
)
def test_what_could_start_a_formula_is_shown_as_text(value):
    assert neutralise(value) == "'" + value
    assert neutralise(neutralise(value)) == "'" + value


@pytest.mark.parametrize("value", ["", " ", "Ann", "a=b", "'=1", "1-2", "ann@x.org", "é"])
def test_everything_else_stays(value):
    assert neutralise(value) == value


def test_a_line_reads_back():
    line = csv_line([7, -3, None, "a,b", 'say "hi"', "two\nlines", "=1", "x\ry"])
    assert line.endswith("\r\n")
    assert next(csv.reader(io.StringIO(line, newline=""))) == [
        "7", "-3", "", "a,b", 'say "hi"', "two\nlines", "'=1", "x\ry",
    ]  # what belongs together stands on one line  # fmt: skip
