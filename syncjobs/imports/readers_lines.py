"""Physical lines out of stored bytes, with their offsets, and a bounded look at the lines ahead.

CRLF, LF and CR all end a line. However long a line or however small the pieces it is stored in, memory stays
bounded and the outcome is the same.
"""

import collections
import itertools
import re
from collections.abc import Iterable, Iterator

from syncjobs.imports.readers_problems import Limits

_BLOCK = 65_536


class LinesAhead:
    """The lines of the file, each with the offset of its end; a quote may look at those to come."""

    def __init__(self, chunks: Iterable[bytes], offset: int, limits: Limits) -> None:
        self._lines = physical_lines(chunks, offset, limits.max_record_bytes)
        self._seen: collections.deque[tuple[bytes, int]] = collections.deque()
        self._limits = limits
        self._open_through = 0

    def take(self) -> tuple[bytes, int] | None:
        return self._seen.popleft() if self._seen else next(self._lines, None)

    def take_until_closed(
        self, tail: re.Pattern[bytes], line: int, offset: int
    ) -> list[tuple[bytes, int]] | None:
        """The other lines of a record whose first one, `line`, ends inside quotes; None if they never close.

        Inside quotes a line leads on in the same way wherever the quotes began. So the lines that were once
        found to stay open are not looked at again for a later record, and the cost stays linear.
        """
        more = max(0, self._open_through - line)
        while more < self._limits.max_record_lines - 1:
            entry = self._peek(more)
            if entry is None or entry[1] - offset > self._limits.max_record_bytes:
                return None
            if b'"' in entry[0]:
                match = tail.match(entry[0])
                if match is None:
                    return None
                if match["closed"] is not None:
                    return [self._seen.popleft() for _ in range(more + 1)]
            more += 1
            self._open_through = line + more
        return None

    def _peek(self, ahead: int) -> tuple[bytes, int] | None:
        while len(self._seen) <= ahead:
            entry = next(self._lines, None)
            if entry is None:
                return None
            self._seen.append(entry)
        return self._seen[ahead]


def physical_lines(chunks: Iterable[bytes], offset: int, longest: int) -> Iterator[tuple[bytes, int]]:
    """Lines with their ends as they stand, each with the offset behind it.

    Of a line beyond `longest` only some part comes back (the reader knows by the offsets): a file without
    line ends must not be gathered up in memory.
    """
    rest = b""
    for block in _blocks(chunks):
        data = rest + block
        lines = data.splitlines(keepends=True)
        # A CR at the very end may be half of a CRLF.
        rest = b"" if data.endswith(b"\n") else lines.pop()
        ends = list(itertools.accumulate(map(len, lines), initial=offset))[1:]
        yield from zip(lines, ends, strict=True)
        offset = ends[-1] if ends else offset
        if len(rest) > longest:
            offset += len(rest) - 1
            rest = rest[-1:]
    if rest:
        yield rest, offset + len(rest)


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of one size: no cost or outcome hangs on how they were stored."""
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        while len(pending) >= _BLOCK:
            yield bytes(pending[:_BLOCK])
            del pending[:_BLOCK]
    if pending:
        yield bytes(pending)
