"""Reading an export: which column is which, how an address stands, and going on from any row."""

import csv
import io
import tracemalloc
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncjobs.imports import exports
from syncjobs.imports.exports import Catalog, NotAnExport

LISTS = {"News": "l1", "News; weekly": "l2", "A, B | C": "l3", "weekly": "l4"}
NAMES = Catalog(LISTS, {"vip": "t1", "old": "t2"}, {"Plan": "cf:plan", "plan": "cf:plan"})
ID = "5b0c6a7e-0000-4000-8000-00000000000a"


def file(*rows, ending="\r\n", bom=False):
    text = io.StringIO()
    csv.writer(text, lineterminator=ending).writerows(rows)
    return (b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode()


def chunks(content, size=7):
    return lambda offset: (content[at : at + size] for at in range(offset, len(content), size))


def read(content, catalog=NAMES, size=7):
    shape = exports.header(chunks(content, size), catalog.custom)
    return list(exports.read(chunks(content, size), shape, catalog, shape.offset))


def known(content, **more):
    return [row.known for row in read(content, **more)]


@pytest.mark.parametrize("bom", [False, True])
@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_columns_are_told_by_their_words(bom, size):
    head = [
        "Email address",
        "First name",
        "PLAN",
        "Zip/Postal code",
        "Favourite colour",
        "Email Lists",
        "Contact ID",
    ]
    row = ["Ana@Example.org", " Ana ", "gold", "02451", "red", "News; weekly; News", ID]
    (one,) = known(file(head, row, bom=bom), size=size)
    assert one.email_key == "ana@example.org"
    assert one.values == {"first_name": " Ana ", "cf:plan": "gold", "zip": "02451"}
    assert (one.list_ids, one.tag_ids, one.contact_id) == ({"l1", "l2"}, None, ID)


def test_which_columns_the_file_tells_of():
    shape = exports.header(chunks(file(["Email", "City", "Plan", "Else"])), NAMES.custom)
    assert shape.columns == ["cf:plan", "city"]


def test_blanks_are_left_out_and_lists_that_are_not_told_are_not_none():
    (one,) = known(
        file(["Email", "City", "Email Lists", "Tags"], ["a@b.example", "  ", "", "vip; nobody knows"])
    )
    assert (one.values, one.list_ids, one.tag_ids) == ({}, set(), {"t1"})


@pytest.mark.parametrize(
    ("cell", "standing"), [("", "active"), (" ", "active"), ("2026-05-01T08:00:00Z", "unsubscribed")]
)
def test_an_opt_out_shows_by_its_date(cell, standing):
    (one,) = known(file(["Email", "Email opt-out date"], ["a@b.example", cell]))
    assert one.standing == standing


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("", set()),
        ("News", {"l1"}),
        ("News; weekly", {"l2"}),
        ("News; weekly; weekly", {"l2", "l4"}),
        ("A, B | C|News", {"l3", "l1"}),
        ("News, weekly", {"l1", "l4"}),
        ("Unknown", set()),
    ],
)
def test_list_names_with_separators_in_them(cell, found):
    assert {LISTS[name] for name in exports.names_in(cell, LISTS)} == found


def test_a_row_of_another_width_tells_only_that_somebody_is_there():
    rows = read(file(["Email", "City"], ["a@b.example", "Ghent", "more"], ["c@d.example"], [], ["", "x"]))
    assert [(row.email_key, row.known) for row in rows] == [("a@b.example", None), ("c@d.example", None)]


@pytest.mark.parametrize(
    "content",
    [b"", b"\r\n", file(["Name", "City"]), b"<html><body>Sorry</body></html>", b"\x00\x01\x02"],
)
def test_what_has_no_addresses_is_no_export(content):
    with pytest.raises(NotAnExport, match="addresses"):
        read(content)


def test_a_quotation_mark_that_is_never_closed_ends_in_words_and_bounded_memory():
    content = file(["Email"], ["a@b.example"]) + b'"' + b"x\n" * 700_000
    with pytest.raises(NotAnExport, match="not CSV"):
        read(content, size=65_536)


def test_a_line_without_an_end_is_bounded():
    endless = file(["Email"]) + b"x" * (exports.LONGEST_LINE + exports.LONGEST_CELL)
    with pytest.raises(NotAnExport):
        read(endless, size=65_536)


def test_a_long_cell_of_notes_is_read():
    (one,) = known(file(["Email", "Notes", "City"], ["a@b.example", "n" * 300_000, "Ghent"]), size=65_536)
    assert one.values == {"city": "Ghent"}


def test_signs_that_no_database_keeps_do_not_stop_it():
    content = b"Email,City\na@b.example,Gh\x00ent\xff\n"
    (one,) = known(content)
    assert one.values == {"city": "Ghent\ufffd"}
    (one,) = known(b"Email,City\na@b.example,Gh\rent\n")
    assert one.values == {"city": "Gh ent"}


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@given(
    rows=st.lists(st.tuples(st.integers(0, 99), cells, cells), max_size=12),
    cut=st.integers(0, 12),
    size=st.integers(1, 40),
    ending=st.sampled_from(["\r\n", "\n"]),
)
@settings(max_examples=60, deadline=None)
def test_from_any_row_on_the_rest_is_the_same(rows, cut, size, ending):
    """A step that was killed goes on behind its last row, whatever stands in the cells and wherever chunks end."""
    content = file(
        ["Email", "City", "Plan"], *[(f"p{n}@b.example", one, two) for n, one, two in rows], ending=ending
    )
    shape = exports.header(chunks(content, size), NAMES.custom)
    whole = list(exports.read(chunks(content, size), shape, NAMES, shape.offset))
    assert len(whole) == len(rows)
    first = whole[:cut]
    offset = first[-1].offset if first else shape.offset
    assert first + list(exports.read(chunks(content, size), shape, NAMES, offset)) == whole
    assert not whole or whole[-1].offset == len(content)


def test_memory_does_not_grow_with_the_file():
    """A step holds its own rows and the piece of the file that it reads in, whatever the file's length."""
    row = file([f"{'p' * 20}@people.example", "Ada", "Ghent", "x" * 200])
    head = file(["Email", "First name", "City", "Plan"])

    def peak(count):
        def pieces(offset):
            yield head
            block = row * 1_000
            for _ in range(count // 1_000):
                yield block

        shape = exports.header(pieces, NAMES.custom)
        rows = exports.read(lambda offset: islice(pieces(0), 1, None), shape, NAMES, shape.offset)
        tracemalloc.start()
        found = 0
        while batch := list(islice(rows, 1_000)):
            found += len(batch)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found == count
        return most

    assert peak(9_000) <= 1.1 * peak(3_000)
