"""What an upload is found to be, and every way in which it is refused, with line and cure."""

import hashlib
import io
import json
import random
import zipfile

import pytest

from syncjobs.imports.readers import ENCODINGS, FileFacts, FileProblem, Intake, Limits
from tests.syncjobs.imports.test_readers import read, take_in

PEOPLE = "email,name\nann@x.org,Ann\nbob@x.org,Bob\n"


def workbook():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return packed.getvalue()


FILE_PROBLEMS = [
    (b"", "empty_file", None, "first line names the columns"),
    (b"\xef\xbb\xbf", "empty_file", None, "first line names the columns"),
    (b"\n\r\n  \n,,\n", "empty_file", None, "first line names the columns"),
    (b"\n" * 400_000, "empty_file", None, "begins with nothing but blank lines"),
    (b"email,name", "header_only", 1, "one line for each person"),
    (b"\n\nemail,name\n\n,\n", "header_only", 3, "one line for each person"),
    (workbook(), "not_text", None, "CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "not_text", None, ".xls"),
    (b"%PDF-1.7\n", "not_text", None, "PDF"),
    (b"\x1f\x8b\x08\x00", "not_text", None, "Unpack"),
    (b" <!DOCTYPE html><table>", "not_text", None, "web page"),
    (random.Random(7).randbytes(70_000), "not_text", None, "binary"),
    (b"email,na\0me\nann@x.org,Ann\n", "nul_in_header", 1, "CSV UTF-8"),
    (b"email,na\x07me\nann@x.org,Ann\n", "control_in_header", 1, "again"),
    (b"email,Name, name\nann@x.org,A,B\n", "duplicate_headers", 1, "column 2 (“Name”) and column 3 (“name”)"),
    ("email,é,e\u0301\na@x.org,A,B\n".encode(), "duplicate_headers", 1, "column 2"),
    (
        b"email,,name\n\nann@x.org,,A\nbob@x.org,X,B\n",
        "blank_header",
        1,
        "Column 2 has no name on line 1, but a value on line 4",
    ),
    (b"email,name,\nann@x.org,A,X\n", "blank_header", 1, "Column 3"),
    (b",".join(b"c%d" % n for n in range(251)) + b"\nx\n", "too_many_columns", 1, "251"),
    (b'\n"email,name\nann@x.org,Ann\n', "unterminated_quote", 2, "line 2"),
    (b'"em"ail,name\nann@x.org,Ann\n', "stray_quote", 1, "closing quotation mark"),
    (b"email," + b"n" * 256 + b"\nann@x.org,Ann\n", "field_too_long", 1, "256 characters"),
    (b"email," + b"n" * 300_000 + b"\nann@x.org,Ann\n", "field_too_long", 1, "far too long"),
    (b"email," + b"n" * 1_100_000, "field_too_long", 1, "far too long"),
    (b"ann@x.org,Ann\nbob@x.org,Bob\n", "no_header", 1, "names the columns"),
    ("email,name\na@x.org,A\n".encode("utf-16") + b"\x00\xd8", "wrong_encoding", 3, "CSV UTF-8"),
    (PEOPLE.encode() + b"c@x.org,\xc3", "wrong_encoding", 4, "CSV UTF-8"),
]


@pytest.mark.parametrize(
    ("data", "code", "line", "says"), FILE_PROBLEMS, ids=[row[1] for row in FILE_PROBLEMS]
)
def test_a_file_that_cannot_be_taken_is_refused_with_line_and_cure(data, code, line, says):
    for size in (1_000_000, 997):
        with pytest.raises(FileProblem) as refusal:
            take_in(data, size=size)
        problem = refusal.value
        assert (problem.code, problem.line) == (code, line)
        assert says in str(problem)
        assert problem.message.endswith(".") and problem.cure.endswith(".")


def test_too_large_is_refused_before_the_rest_arrives():
    intake = Intake(limits=Limits(max_bytes=1_500_000))
    intake.feed(b"email\n" + b"x" * 1_499_994)
    with pytest.raises(FileProblem, match=r"larger than the 1\.5 MB") as refusal:
        intake.feed(b"x")
    assert refusal.value.code == "too_large"


def test_too_many_lines_are_refused():
    with pytest.raises(FileProblem, match="more than the 2 lines") as refusal:
        take_in(PEOPLE.encode(), limits=Limits(max_lines=2))
    assert (refusal.value.code, refusal.value.line) == ("too_many_lines", 3)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp1252", "José Muñoz"),
        ("cp1252", "Jörg Müßig"),
        ("cp1252", "Zoë O’Neil"),
        ("cp1250", "Łukasz Żółć"),
        ("cp1251", "Иван Петров"),
        ("cp932", "山田太郎"),
        ("gb18030", "王小明"),
        ("cp949", "김철수"),
        ("mac_roman", "Hélène Été"),
    ],
)
def test_a_foreign_encoding_is_named_with_line_byte_and_a_preview(encoding, name):
    filler = "".join(f"p{number}@x.org,Pat,Oslo\n" for number in range(5_000))
    last = f"q@x.org,{name},Oslo"
    data = ("email,name,city\n" + filler + last + "\n").encode(encoding)
    with pytest.raises(FileProblem) as refusal:
        take_in(data)
    problem = refusal.value
    assert (problem.code, problem.line) == ("wrong_encoding", 5_002)
    bad = next(byte for byte in data if byte > 127)
    assert "0x" in problem.message and (
        encoding not in ("cp1252", "cp1251") or f"0x{bad:02X}" in problem.message
    )
    assert (problem.suggested_encoding, problem.preview) == (encoding, last)
    assert ENCODINGS[encoding] in problem.cure

    stored, facts = take_in(data, problem.suggested_encoding)
    assert read(stored, facts)[-1].values == ["q@x.org", name, "Oslo"]


def test_a_long_bad_line_is_shown_around_its_bad_byte():
    data = b"email,note\na@x.org," + b"word " * 400 + b"caf\xe9 " + b"word " * 400 + b"\n"
    with pytest.raises(FileProblem) as refusal:
        take_in(data)
    assert refusal.value.preview is not None
    assert "café" in refusal.value.preview and len(refusal.value.preview) <= 202


def test_a_chosen_encoding_that_does_not_fit_is_refused_too():
    with pytest.raises(FileProblem) as refusal:
        take_in(b"email,name\na@x.org,A\nb@x.org,\x81\n", "cp1252")
    assert (refusal.value.code, refusal.value.line) == ("wrong_encoding", 3)
    assert "Windows-1252" in refusal.value.message


def test_undecodable_lines_can_be_left_to_be_rejected_one_by_one():
    data = PEOPLE.encode() + b"jose@x.org,Jos\xe9\nzoe@x.org,Zoe\n"
    stored, facts = take_in(data, "utf-8-reject")
    assert stored == data
    assert [r.problem.code if r.problem else r.line for r in read(stored, facts)] == [2, 3, "not_utf8", 5]
    with pytest.raises(FileProblem) as refusal:
        take_in(b"email,Pr\xe9nom\na@x.org,A\n", "utf-8-reject")
    assert (refusal.value.code, refusal.value.line) == ("wrong_encoding", 1)
    assert refusal.value.preview == "email,Prénom"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_known_without_its_mark(encoding):
    stored, facts = take_in(PEOPLE.encode(encoding))
    assert stored == PEOPLE.encode() and facts.encoding == encoding


def test_unknown_encodings_are_no_codecs_of_ours():
    with pytest.raises(ValueError, match="unicode_escape"):
        Intake("unicode_escape")


@pytest.mark.parametrize(
    ("text", "delimiter", "header"),
    [
        ("email,name\na@x.org,A\n", ",", ("email", "name")),
        (
            "Last, First;Email;Phone\nSmith, Bob;b@x.org;1\nRoe, Ann;a@x.org;2\n",
            ";",
            ("Last, First", "Email", "Phone"),
        ),
        ("email\tname\na@x.org\tSmith, A; B\n", "\t", ("email", "name")),
        ("email,likes (a|b|c)\na@x.org,a|b|c\nb@x.org,c|b|a\n", ",", ("email", "likes (a|b|c)")),
        ("email\na@x.org\nb@x.org,Bob\n", ",", ("email",)),
        ('"a,b";email\n1;a@x.org\n', ";", ("a,b", "email")),
        ("email;amount\na@x.org;1,50\nb@x.org;2,70\n", ";", ("email", "amount")),
        ("email,note\na@x.org,x;y\nragged\nb@x.org,z\n", ",", ("email", "note")),
        ("sep=;\nemail,name;city\na@x.org;b\n", ";", ("email,name", "city")),
        (" email ,\ufeffname,,\na@x.org,A,,\n", ",", ("email", "name")),
        ('email,"First\r\n name"\na@x.org,A\n', ",", ("email", "First name")),
    ],
)
def test_delimiter_and_header_are_found(text, delimiter, header):
    _, facts = take_in(text.encode())
    assert (facts.delimiter, facts.header) == (delimiter, header)


def test_the_facts_of_a_file():
    text = "\r\n" + PEOPLE.replace("\n", "\r\n") + "bad row\r\n"
    data = text.encode("utf-16")
    stored, facts = take_in(data)
    assert facts == FileFacts(
        encoding="utf-16-le",
        delimiter=",",
        newline="crlf",
        header=("email", "name"),
        first=(14, 3),
        sample=[["ann@x.org", "Ann"], ["bob@x.org", "Bob"]],
        approximate_records=3,
        lines=5,
        size=len(data),
        stored_size=len(stored),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    assert FileFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


def test_records_of_a_large_file_are_estimated():
    rows = "".join(f'p{number}@x.org,"two\nlines"\n' for number in range(41_000))
    stored, facts = take_in(("email,note\n" + rows).encode(), size=65_536)
    assert len(stored) > 1_000_000 and abs(facts.approximate_records - 41_000) < 400
    assert facts.lines == 82_001 and len(facts.sample) == 5


def test_a_line_end_cut_in_two_is_one_line_end():
    data = b"email\r\n" + b"a@x.org\r\n" * 40_000
    for size in (7, 65_536):
        _, facts = take_in(data[:90_000], size=size)
        assert (facts.lines, facts.newline) == (10_001, "crlf")
