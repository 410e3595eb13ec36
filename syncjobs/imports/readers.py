"""The door to reading uploaded CSV files: take one in, then read its records in bounded steps.

`Intake` checks an upload while it streams into storage and ends in `FileFacts`; `records` reads the stored
bytes from any `Position` a record ended at. What is wrong with the file as a whole is a `FileProblem`, what
is wrong with one row is that row's `RowProblem`. No Django, no database: bytes in, values out.
"""

from syncjobs.imports.readers_encoding import AUTO, ENCODINGS, UTF8_REJECT
from syncjobs.imports.readers_intake import FileFacts, Intake
from syncjobs.imports.readers_problems import FileProblem, Limits, RowProblem
from syncjobs.imports.readers_records import Layout, Position, Record, records

__all__ = [
    "AUTO",
    "ENCODINGS",
    "UTF8_REJECT",
    "FileFacts",
    "FileProblem",
    "Intake",
    "Layout",
    "Limits",
    "Position",
    "Record",
    "RowProblem",
    "records",
]
