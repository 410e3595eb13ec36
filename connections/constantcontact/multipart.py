"""The body of an import, CSV or JSON, byte for byte: the same input always gives the same bytes.

The provider cuts a body at its limit without a word, so the exact size is known before anything is sent.
Rendered here rather than by httpx, whose boundary is random, which would make a repeated batch a different
one.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

MOST_LISTS: Final = 50
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.csv")
_LIST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Multipart:
    """A rendered form."""

    content_type: str
    body: bytes = field(repr=False)


def render_multipart(file_name: str, content: bytes, list_ids: Sequence[str]) -> Multipart:
    """The form of one import; ValueError for what the provider would refuse."""
    _require_sound(file_name, list_ids)
    boundary = _boundary(file_name, content)
    head = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="list_ids"\r\n\r\n'
        f"{','.join(list_ids)}\r\n"
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{file_name}"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    )
    body = b"".join((head.encode("ascii"), content, f"\r\n--{boundary}--\r\n".encode("ascii")))
    return Multipart(f"multipart/form-data; boundary={boundary}", body)


def multipart_overhead(file_name: str, list_ids: Sequence[str]) -> int:
    """How many bytes of the request body are not the file's."""
    return len(render_multipart(file_name, b"", list_ids).body)


def render_json(rows: bytes, list_ids: Sequence[str]) -> bytes:
    """The body of one JSON import around `rows`, the bytes of a JSON array."""
    _require_lists(list_ids)
    if not (rows.startswith(b"[") and rows.endswith(b"]")):
        raise ValueError("The rows of a JSON import are one array.")
    ids = ",".join(f'"{list_id}"' for list_id in list_ids).encode("ascii")
    return b"".join((b'{"list_ids":[', ids, b'],"import_data":', rows, b"}"))


def json_overhead(list_ids: Sequence[str]) -> int:
    """How many bytes of a JSON import's body are not its rows' or the commas between them."""
    return len(render_json(b"[]", list_ids))


def _require_sound(file_name: str, list_ids: Sequence[str]) -> None:
    if not _FILE_NAME.fullmatch(file_name):
        raise ValueError("The file's name must be plain and end in .csv.")
    _require_lists(list_ids)


def _require_lists(list_ids: Sequence[str]) -> None:
    if not 1 <= len(list_ids) <= MOST_LISTS:
        raise ValueError(f"An import goes to 1 to {MOST_LISTS} lists.")
    if not all(_LIST_ID.fullmatch(list_id) for list_id in list_ids):
        raise ValueError("A list id is not one.")


def _boundary(file_name: str, content: bytes) -> str:
    """Always of the same length, made from the name, and not found in the file."""
    for attempt in count():
        boundary = "patchbay-" + hashlib.sha256(f"{attempt}:{file_name}".encode()).hexdigest()[:32]
        if boundary.encode("ascii") not in content:
            return boundary
    raise AssertionError("unreachable")
