"""What can be wrong with an uploaded file, or with one row of it, in words a person can act on.

A FileProblem ends the upload: it names the line where there is one, and always a cure. A RowProblem
travels inside its Record: the row is left out and listed with its reason, the rest of the file goes on.
Codes are stable; texts are free to improve. Values of people's cells never appear in the texts, with one
exception: the preview of a line whose encoding is in question, which is useless without them.
"""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much of a file we take; every number is counted before it can hurt."""

    max_bytes: int = 50_000_000
    max_lines: int = 2_000_000
    max_columns: int = 250
    max_header_chars: int = 255
    max_field_chars: int = 10_000
    max_record_bytes: int = 1_000_000
    max_record_lines: int = 1_000


class RowProblem(typing.NamedTuple):
    """Why one row is left out: a stable code, and a sentence for the person."""

    code: str
    message: str


class FileProblem(Exception):
    """The file as a whole cannot be taken: what is wrong, on which line, and what to do about it."""

    def __init__(
        self,
        code: str,
        message: str,
        cure: str,
        *,
        line: int | None = None,
        suggested_encoding: str | None = None,
        preview: str | None = None,
    ) -> None:
        super().__init__(f"{message} {cure}")
        self.code = code
        self.message = message
        self.cure = cure
        self.line = line
        self.suggested_encoding = suggested_encoding
        self.preview = preview


SAVE_AS_CSV = "Open it in your spreadsheet program, choose “Save as”, pick “CSV UTF-8”, and upload that file."
SPLIT_IT = "Split it into smaller files, each beginning with the column names, and upload them one by one."


def megabytes(size: int) -> str:
    """1_500_000 -> '1.5 MB', for messages."""
    return f"{size / 1_000_000:.1f}".removesuffix(".0") + " MB"


def counted(number: int, noun: str) -> str:
    """(1, 'column') -> '1 column'; (3, 'column') -> '3 columns'."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def column_name(index: int, header: typing.Sequence[str]) -> str:
    """How a message calls a column: its number, and its name where it has one."""
    name = header[index] if index < len(header) else ""
    return f"column {index + 1} (“{name}”)" if name else f"column {index + 1}"


def empty_file(*, whole: bool) -> FileProblem:
    """Nothing but blank lines, if that: in all of the file, or in so much of it that we stop looking."""
    return FileProblem(
        "empty_file",
        f"The file {'is empty' if whole else 'begins with nothing but blank lines'}: it names no columns.",
        "Upload a CSV file whose first line names the columns, with one person on each line below.",
    )


def header_only(line: int) -> FileProblem:
    """Column names, and no row below them."""
    return FileProblem(
        "header_only",
        f"The file ends after the column names on line {line}: there is nobody in it to import.",
        "Add one line for each person below the column names, and upload the file again.",
        line=line,
    )


def not_text(what: str, cure: str = SAVE_AS_CSV) -> FileProblem:
    """Another kind of file, known by its content."""
    return FileProblem("not_text", f"This is {what}, not a CSV file.", cure)


def too_large(limit: int) -> FileProblem:
    """More bytes than an upload may have."""
    return FileProblem(
        "too_large",
        f"The file is larger than the {megabytes(limit)} that one upload may have.",
        SPLIT_IT,
    )


def too_many_lines(limit: int) -> FileProblem:
    """More lines than an upload may have."""
    return FileProblem(
        "too_many_lines",
        f"The file has more than the {limit:,} lines that one upload may have.",
        SPLIT_IT,
        line=limit + 1,
    )


def header_problem(row_code: str, line: int) -> FileProblem:
    """A problem found in the header is one of the whole file: without column names no row can be read."""
    code, message, cure = _HEADER_PROBLEMS[row_code]
    return FileProblem(code, message.format(line=line), cure, line=line)


_HEADER_PROBLEMS = {
    "nul_byte": (
        "nul_in_header",
        "The column names on line {line} hold a NUL byte, which no text may.",
        f"The program that wrote the file may have damaged it. {SAVE_AS_CSV}",
    ),
    "control_character": (
        "control_in_header",
        "The column names on line {line} hold an invisible control character.",
        f"Type these names again, or export the file anew. {SAVE_AS_CSV}",
    ),
    "unterminated_quote": (
        "unterminated_quote",
        "The column names on line {line} open a quotation mark that is never closed.",
        "Add the missing quotation mark, and upload the file again.",
    ),
    "stray_quote": (
        "stray_quote",
        "A column name on line {line} goes on after its closing quotation mark.",
        'Double each quotation mark inside a quoted name (""), or remove it, and upload the file again.',
    ),
    "field_too_long": (
        "field_too_long",
        "A column name on line {line} is far too long to be a name.",
        "Make sure that the first line holds the names of the columns, and upload the file again.",
    ),
    "line_too_long": (
        "field_too_long",
        "Line {line} is far too long to hold the names of the columns.",
        f"Make sure that each person stands on a line of its own. {SAVE_AS_CSV}",
    ),
}
