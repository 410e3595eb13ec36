"""Whatever a CSV writer writes comes back exactly, from every position; and every bad row has its reason."""

import csv
import io
import json
import time
import tracemalloc
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncjobs.imports import readers
from syncjobs.imports.readers import FileFacts, FileProblem, Intake, Layout, Limits, Position, Record
from syncjobs.imports.readers_records import rows


def take_in(data, encoding="auto", limits=Limits(), size=7_000):
    intake = Intake(encoding, limits)
    stored = [intake.feed(data[at : at + size]) for at in range(0, len(data), size)]
    rest, facts = intake.finish()
    return b"".join([*stored, rest]), facts


def read(stored, facts, start=None, limits=Limits(), size=1_000):
    def chunks_from(offset):
        return (stored[at : at + size] for at in range(offset, len(stored), size))

    return list(readers.records(chunks_from, facts.layout, start or facts.first, limits))


def read_body(body, limits=Limits(), columns=("email", "name")):
    """The records of a file whose header is known, so that line 2 is the first of the body."""
    return list(readers.records(lambda offset: [body[offset:]], Layout(",", columns), Position(0, 2), limits))


def outcome(record: Record):
    return record.line, record.values or record.problem.code


# -- round trip ----------------------------------------------------------------------------------------------

cells = st.text(
    st.one_of(
        st.sampled_from("\",;|\t\n\r +=-@'é€\u200b\u202e😀"),
        st.characters(exclude_categories=("Cs", "Cc")),
    ),
    max_size=8,
)
tables = st.integers(2, 5).flatmap(
    lambda width: st.lists(
        st.lists(cells, min_size=width, max_size=width).filter(lambda row: "".join(row).strip()),
        min_size=1,
        max_size=8,
    )
)


def written(table, delimiter, newline):
    header = [f"column {number}" for number in range(len(table[0]))]
    # csv.writer leaves a lone CR or LF bare where it is not the line end in use.
    bare = any(sign in cell for row in table for cell in row for sign in "\r\n")
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if bare else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=delimiter, lineterminator=newline, quoting=quoting).writerows([header, *table])
    return text.getvalue()


@settings(max_examples=150, deadline=None)
@given(
    table=tables,
    delimiter=st.sampled_from(",;\t|"),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"]),
    size=st.integers(1, 50),
    last_end=st.booleans(),
)
def test_any_table_comes_back_exactly_and_from_every_position(
    table, delimiter, newline, encoding, size, last_end
):
    text = written(table, delimiter, newline)
    if not last_end:
        text = text.removesuffix(newline)
    asked = "utf-16-be" if encoding == "utf-16-be" else "auto"
    # The delimiter of a table of punctuation is anybody's guess; a line above the header settles it.
    data = (f"sep={delimiter}{newline}" + text).encode(encoding)

    stored, facts = take_in(data, asked, size=size)
    found = read(stored, facts, size=size)

    assert stored.decode() == f"sep={delimiter}{newline}" + text
    assert [record.values for record in found] == table
    assert facts.sample == table[:5] and facts.approximate_records == len(table)
    assert facts.header == tuple(f"column {number}" for number in range(len(table[0])))
    for number, record in enumerate(found):
        assert read(stored, facts, record.next, size=size) == found[number + 1 :]


@settings(max_examples=40, deadline=None)
@given(
    people=st.lists(st.tuples(st.emails(), st.text("Zażółć gęślą", min_size=1)), min_size=1, max_size=5),
    delimiter=st.sampled_from(",;\t|"),
)
def test_a_chosen_encoding_is_turned_into_utf8_and_the_delimiter_found(people, delimiter):
    table = [[email, name] for email, name in people if not set(email) & set(",;|")]
    if not table:
        return
    stored, facts = take_in(written(table, delimiter, "\r\n").encode("cp1250"), "cp1250")
    assert facts.delimiter == delimiter and facts.newline == "crlf" and facts.encoding == "cp1250"
    assert [record.values for record in read(stored, facts)] == table


# -- fuzz ----------------------------------------------------------------------------------------------------


def attempt(data, encoding, limits, size):
    try:
        return take_in(data, encoding, limits, size)
    except FileProblem as problem:
        return f"{problem.code} {problem.line} {problem}"


CRUMBS = [
    b'"',
    b'""',
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"a",
    b"a@b.cc",
    b"sep=;\n",
    b"\xff\xfe",
]
MORE_CRUMBS = [b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe9", b'a","', b'"a\n', b"PK\x03\x04", b"\x1a"]
poison = st.lists(
    st.one_of(st.binary(max_size=20), st.sampled_from([*CRUMBS, *MORE_CRUMBS])), max_size=60
).map(b"".join)
small = Limits(max_bytes=900, max_lines=50, max_columns=6, max_header_chars=9, max_field_chars=9,
               max_record_bytes=30, max_record_lines=4)  # what belongs together stands on one line  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(
    data=poison,
    encoding=st.sampled_from(["auto", "utf-8-reject", *readers.ENCODINGS]),
    size=st.integers(1, 40),
    limits=st.sampled_from([Limits(), small]),
)
def test_no_bytes_raise_anything_but_a_file_problem(data, encoding, size, limits):
    outcome_of_cut = attempt(data, encoding, limits, size)
    assert outcome_of_cut == attempt(data, encoding, limits, 10_000)
    if isinstance(outcome_of_cut, str):
        return
    stored, facts = outcome_of_cut
    assert FileFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts
    found = read(stored, facts, limits=limits, size=size)
    for number, record in enumerate(found):
        assert (record.values is None) == (record.problem is not None)
        assert record.values is None or len(record.values) == len(facts.header)
        assert read(stored, facts, record.next, limits, size=10_000) == found[number + 1 :]
    assert [r.line for r in found] == sorted({r.line for r in found})


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(['"', '""', ",", "\n", "\r\n", "a", "é"]), max_size=25).map("".join))
def test_where_the_csv_module_finds_no_fault_we_read_the_same(text):
    try:
        expected = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return
    found = [row.values for row in rows([text.encode()], ",", Position(0, 1), Limits())]
    assert found == [row for row in expected if "".join(row).strip()]


# -- rows that cannot be taken -------------------------------------------------------------------------------

GOOD = b"z@x.org,Zoe\n"
ROW_PROBLEMS = [
    (b"a@x.org\n", "too_few_columns", "1 column; the header has 2"),
    (b"a@x.org,Ann,more\n", "too_many_columns", "3 columns; the header has 2"),
    (b"a@x.org,A\0nn\n", "nul_byte", "Column 2"),
    (b'a@x.org,"A\0nn"\n', "nul_byte", "Column 2"),
    (b"a@x.org,Jos\xe9\n", "not_utf8", "Column 2 holds byte 0xE9"),
    (b'"a@x.org","Jos\xe9"\n', "not_utf8", "Column 2 holds byte 0xE9"),
    (b"a@x.org,\xed\xa0\x80\n", "not_utf8", "0xED"),
    (b"a@x.org,A\x07nn\n", "control_character", "U+0007"),
    ("a@x.org,A\x85nn\n".encode(), "control_character", "U+0085"),
    (b"a@x.org,A\x1a\n", "control_character", "U+001A"),
    (b"a@x.org," + b"x" * 10_001 + b"\n", "field_too_long", "column 2 (“name”) has 10,001 characters"),
    (b'a@x.org,"' + b"x" * 200_000 + b'"\n', "field_too_long", "characters"),
    (b'a@x.org,"' + b"x\n" * 100 + b"y" * 200_000 + b'"\n', "field_too_long", "characters"),
    (b"a@x.org," + b"x" * 1_000_001 + b"\n", "line_too_long", "Line 2 is longer"),
    (b"," * 1_000_001 + b"\n", "line_too_long", "Line 2 is longer"),
    (b'"a"b@x.org,Ann\n', "stray_quote", "closing quotation mark"),
    (b'"a@x.org" ,Ann\n', "stray_quote", "closing quotation mark"),
    (b'a@x.org,"Ann\n', "unterminated_quote", "opened on line 2"),
]


@pytest.mark.parametrize(("bad", "code", "says"), ROW_PROBLEMS)
def test_a_bad_row_is_named_and_the_next_one_read(bad, code, says):
    first, *others = read_body(bad + GOOD)
    assert first.line == 2 and first.values is None and first.problem.code == code
    assert says in first.problem.message
    assert [record.values for record in others] == [["z@x.org", "Zoe"]]
    assert others[0].line == 2 + bad.count(b"\n") and first.next == (len(bad), others[0].line)


def test_a_value_in_a_column_without_name_is_a_problem():
    found = read_body(b"a,,c\na,b,c\n", columns=("one", "", "three"))
    assert [outcome(record) for record in found] == [(2, ["a", "", "c"]), (3, "unnamed_column")]


def test_empty_cells_beyond_the_header_are_tolerated():
    assert [outcome(record) for record in read_body(b'a,b,,\n"a",b,""\n')] == [
        (2, ["a", "b"]),
        (3, ["a", "b"]),
    ]


def test_blank_lines_and_rows_are_no_records_but_count_as_lines():
    body = b"\n  \r\n,\n ,\t\n\ra,b\n\n\nc,d\n,\n"
    assert [outcome(record) for record in read_body(body)] == [(7, ["a", "b"]), (10, ["c", "d"])]


def test_values_are_never_touched():
    body = "  a@x.org ,+1 (555) 0100\n=1+1,'x\n\u200b,e\u0301\n\ufeff,\u00a0x\n".encode()
    values = [record.values for record in read_body(body)]
    assert values == [
        ["  a@x.org ", "+1 (555) 0100"],
        ["=1+1", "'x"],
        ["\u200b", "e\u0301"],
        ["\ufeff", "\u00a0x"],
    ]


def test_line_ends_inside_quotes_are_part_of_the_value():
    found = read_body(b'a,"x\r\ny\rz\n\n"\rb,c\r')
    assert [outcome(record) for record in found] == [(2, ["a", "x\r\ny\rz\n\n"]), (7, ["b", "c"])]


# -- quotation marks that never close ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rest",
    [
        [b"p%d@x.org,Ann\n" % number for number in range(5_000)],
        [b'"p%d@x.org","Ann"\n' % number for number in range(5_000)],
        [b'p%d@x.org,"Ann, ""A"""\n' % number for number in range(5_000)],
    ],
    ids=["no quotes behind", "all quoted behind", "some quoted behind"],
)
def test_an_unclosed_quote_costs_one_row(rest):
    first, *others = read_body(b'a@x.org,"Ann\n' + b"".join(rest))
    assert outcome(first) == (2, "unterminated_quote")
    assert [record.line for record in others] == list(range(3, 5_003))
    assert all(record.values for record in others)


def test_a_record_may_have_as_many_lines_and_bytes_as_the_limits_say():
    for lines in (1_000, 1_001):
        first, *others = read_body(b'a@x.org,"' + b"x\n" * (lines - 1) + b'"\n' + GOOD)
        assert outcome(first)[1] == (["a@x.org", "x\n" * 999] if lines == 1_000 else "unterminated_quote")
        assert others[-1].values == ["z@x.org", "Zoe"]
    limits = Limits(max_record_bytes=20)
    assert outcome(read_body(b'a,"345678\n12345678"\n', limits)[0])[1] == ["a", "345678\n12345678"]
    assert outcome(read_body(b'a,"345678\n123456789"\n', limits)[0])[1] == "unterminated_quote"


def test_a_quote_that_closes_in_the_wrong_row_is_explained():
    (record,) = read_body(b'a@x.org,"Ann\nb@x.org,5",Bob\n')
    assert outcome(record) == (2, "too_many_columns")
    assert "joins 2 lines" in record.problem.message


def test_a_file_of_opening_quotes_takes_linear_time():
    body = b'a","\n' * 40_000
    began = time.process_time()
    found = read_body(body)
    assert {outcome(record)[1] for record in found} == {"unterminated_quote"} and len(found) == 40_000
    assert time.process_time() - began < 5  # a thousand lines looked at for each would take minutes


@pytest.mark.parametrize(
    ("piece", "times"), [(b"x" * 1_048_576, 24), (b"\n" * 60_000, 2), (b'"\n' * 5_001 + b"x" * 1_000_000, 2)]
)
def test_memory_stays_that_of_one_record(piece, times):
    pieces = (bytes(bytearray(piece)) for _ in range(times))
    found = readers.records(lambda offset: pieces, Layout(",", ("a",)), Position(0, 1))
    tracemalloc.start()
    try:
        assert all(record.problem for record in found)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_simple_rows_are_read_fast():
    body = b"".join(b"person%d@example.org,Ann %d\n" % (number, number) for number in range(30_000))
    began = time.process_time()
    assert len(read_body(body)) == 30_000
    assert time.process_time() - began < 3  # 0.15 s on one idle core


def test_header_names_are_composed():
    _, facts = take_in(" Pre\u0301nom ,email\nJ,j@x.org\n".encode())
    assert facts.header == (unicodedata.normalize("NFC", "Pre\u0301nom"), "email")
