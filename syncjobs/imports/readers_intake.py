"""An upload on its way into storage: checked, counted and turned into UTF-8 while it streams by.

Feed it the upload's bytes in pieces of any size and store what it returns; it never holds more than a few
hundred kilobytes. It refuses a file as early as it can (FileProblem), and the outcome does not depend on how
the bytes were cut into pieces.
"""

import codecs
import dataclasses
import hashlib
import sys
import typing

from syncjobs.imports.readers_encoding import AUTO, ENCODINGS, UTF8_REJECT, find_encoding, wrong_encoding
from syncjobs.imports.readers_layout import Top, read_top
from syncjobs.imports.readers_problems import Limits, too_large, too_many_lines
from syncjobs.imports.readers_records import Layout, Position

_SLICE = 65_536
_HEAD = 262_144
# Of an undecodable line only this much before the bad byte is shown or weighed.
_LINE_TAIL = 2_048


@dataclasses.dataclass(frozen=True)
class FileFacts:
    """What is known of an uploaded file; `first` is where its records start in the stored bytes."""

    encoding: str
    delimiter: str
    newline: str
    header: tuple[str, ...]
    first: Position
    sample: list[list[str]]
    approximate_records: int
    lines: int
    size: int
    stored_size: int
    sha256: str

    @property
    def layout(self) -> Layout:
        return Layout(self.delimiter, self.header)

    def to_json(self) -> dict[str, typing.Any]:
        """Plain lists, strings and numbers, to be kept with the file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, typing.Any]) -> "FileFacts":
        return cls(**{**kept, "header": tuple(kept["header"]), "first": Position(*kept["first"])})


class Intake:
    """Takes one upload. `encoding` is "auto", one of ENCODINGS, or "utf-8-reject".

    The last keeps the file as UTF-8 although some of it is not; those rows become row problems when read.
    A byte order mark wins over all of them.
    """

    def __init__(self, encoding: str = AUTO, limits: Limits = Limits()) -> None:
        if encoding not in ENCODINGS and encoding not in (AUTO, UTF8_REJECT):
            raise ValueError(f"{encoding!r} is not an encoding that a file may be read with")
        self._asked = encoding
        self._limits = limits
        self._pending = bytearray()
        self._size = 0
        self._digest = hashlib.sha256()
        self._transcoder: _Transcoder | None = None
        self._lines = _LineCount(limits.max_lines)
        self._stored = 0
        self._head = bytearray()
        self._top: Top | None = None

    def feed(self, chunk: bytes) -> bytes:
        """The bytes to store next; they may lag behind what was fed."""
        self._size += len(chunk)
        if self._size > self._limits.max_bytes:
            raise too_large(self._limits.max_bytes)
        self._digest.update(chunk)
        self._pending += chunk
        ready = []
        while len(self._pending) >= _SLICE:
            piece = bytes(self._pending[:_SLICE])
            del self._pending[:_SLICE]
            ready.append(self._take(piece, last=False))
        return b"".join(ready)

    def finish(self) -> tuple[bytes, FileFacts]:
        """The last bytes to store, and what the file was found to be."""
        rest = self._take(bytes(self._pending), last=True)
        self._pending.clear()
        top = self._top or read_top(bytes(self._head), whole=True, limits=self._limits)
        facts = FileFacts(
            encoding=self._transcoder.codec if self._transcoder else "utf-8",
            delimiter=top.layout.delimiter,
            newline=self._lines.newline,
            header=top.layout.header,
            first=top.first,
            sample=top.sample,
            approximate_records=top.records if top.complete else self._estimate(top),
            lines=self._lines.total,
            size=self._size,
            stored_size=self._stored,
            sha256=self._digest.hexdigest(),
        )
        return rest, facts

    def _take(self, piece: bytes, *, last: bool) -> bytes:
        if self._transcoder is None:
            codec, mark = find_encoding(piece, self._asked)
            self._transcoder = _Transcoder(codec, lenient=self._asked == UTF8_REJECT and codec == "utf-8")
            piece = piece[mark:]
        try:
            stored = self._transcoder.convert(piece, last=last)
        except UnicodeDecodeError as error:
            before, after = self._transcoder.around(error, piece)
            line = self._lines.line_after(error.object[: error.start].decode(self._transcoder.codec).encode())
            raise wrong_encoding(
                line=line, before=before, after=after, codec=self._transcoder.codec
            ) from None
        self._lines.add(stored)
        self._stored += len(stored)
        if self._top is None:
            self._head += stored
            if len(self._head) >= _HEAD and not last:
                self._top = read_top(bytes(self._head), whole=False, limits=self._limits)
                self._head.clear()
        return stored

    def _estimate(self, top: Top) -> int:
        """As many records a line as in the head."""
        below = self._lines.total - (top.first.line - 1)
        return round(top.records * below / top.lines) if top.lines else below


class _Transcoder:
    """Bytes of one encoding to UTF-8, piece by piece; remembers enough to show where it stopped."""

    def __init__(self, codec: str, *, lenient: bool) -> None:
        self.codec = codec
        self._lenient = lenient
        self._decoder = codecs.getincrementaldecoder(codec)("strict")
        self._tail = b""

    def convert(self, piece: bytes, *, last: bool) -> bytes:
        if self._lenient:
            return piece
        text = self._decoder.decode(piece, last)
        self._tail = (self._tail + piece)[-_LINE_TAIL:]
        return piece if self.codec == "utf-8" else text.encode()

    def around(self, error: UnicodeDecodeError, piece: bytes) -> tuple[bytes, bytes]:
        """The undecodable line up to its bad byte, and from it on, in the file's own bytes."""
        known = self._tail + piece
        after = error.object[error.start :]
        before = known[: len(known) - len(after)]
        return before[max(before.rfind(b"\n"), before.rfind(b"\r")) + 1 :], after


class _LineCount:
    """Counts lines whatever ends them, and knows which kind of end prevails."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ends = {"crlf": 0, "lf": 0, "cr": 0}
        self._last = b"\n"

    def add(self, piece: bytes) -> None:
        crlf = piece.count(b"\r\n")
        halved = self._last == b"\r" and piece.startswith(b"\n")
        self._ends["crlf"] += crlf + halved
        self._ends["lf"] += piece.count(b"\n") - crlf - halved
        self._ends["cr"] += piece.count(b"\r") - crlf - halved
        self._last = piece[-1:] or self._last
        if self.total > self._limit:
            raise too_many_lines(self._limit)

    def line_after(self, piece: bytes) -> int:
        """The number of the line that stands behind `piece`, were it added."""
        ahead = _LineCount(sys.maxsize)
        ahead._ends, ahead._last = dict(self._ends), self._last
        ahead.add(piece)
        return sum(ahead._ends.values()) + 1

    @property
    def total(self) -> int:
        return sum(self._ends.values()) + (self._last not in (b"\n", b"\r"))

    @property
    def newline(self) -> str:
        """The prevailing one of crlf, lf and cr; lf where no line ends at all."""
        return max(("lf", "crlf", "cr"), key=lambda kind: self._ends[kind])
