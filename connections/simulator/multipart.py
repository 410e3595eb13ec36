"""Strict reading of multipart/form-data: a body that is cut or malformed is refused, never guessed at."""

import re
from dataclasses import dataclass

from . import errors

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Part:
    """One field; `start` is where its content begins in the body."""

    name: str
    file_name: str | None
    content: bytes
    start: int


def read(content_type: str, body: bytes) -> dict[str, Part]:
    """The parts by name; of two with one name the last counts."""
    if content_type.split(";", 1)[0].strip().lower() != "multipart/form-data":
        raise errors.unsupported("Content-Type must be multipart/form-data with a boundary.")
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise errors.unsupported("Content-Type must be multipart/form-data with a boundary.")
    mark = b"--" + (match.group(1) or match.group(2)).encode("latin-1", "replace")
    parts: dict[str, Part] = {}
    position = body.find(mark)
    while position >= 0:
        position += len(mark)
        if body[position : position + 2] == b"--":
            return parts
        part, position = _part(body, position, mark)
        parts[part.name] = part
    raise errors.invalid("The multipart body is not complete")


def _part(body: bytes, position: int, mark: bytes) -> tuple[Part, int]:
    head_end = body.find(b"\r\n\r\n", position)
    following = body.find(b"\r\n" + mark, head_end + 2)
    if body[position : position + 2] != b"\r\n" or head_end < 0 or following < 0:
        raise errors.invalid("The multipart body is not complete")
    head = body[position:head_end].decode("utf-8", "replace")
    disposition = next(
        (line for line in head.split("\r\n") if line.lower().startswith("content-disposition:")), ""
    )
    named = {key.lower(): value.replace('\\"', '"') for key, value in _PARAMETER.findall(disposition)}
    if "name" not in named:
        raise errors.invalid("A part of the multipart body has no name")
    start = head_end + 4
    return Part(named["name"], named.get("filename"), body[start:following], start), following + 2
