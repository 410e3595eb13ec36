"""The append-only record of every request to the API and OAuth hosts, the ground truth of all tests.

Besides, an entry stands for each change that a test ordered (host `control`) and for each mail that an account's
own automation would have sent (host `mail`, effect `would_mail`).

One JSON line an entry. With a file, each line reaches the operating system before its answer leaves, so a
killed simulator loses nothing that it answered. In memory older lines are kept compressed, to some twenty bytes a
read, so that none is ever forgotten. Numbers go up by one.
"""

import json
import os
import sys
import zlib
from bisect import bisect_right
from operator import itemgetter
from pathlib import Path

from .messages import Json

# So many entries, or so many bytes of them, are compressed together.
_BLOCK_LINES, _BLOCK_BYTES = 4_096, 4_000_000


class JournalTrouble(Exception):
    """The file cannot be used; the message says why."""


class Journal:
    """Entries in order, in memory and, when a path is given, in a file."""

    def __init__(self, path: Path | None = None) -> None:
        self.seq = 0
        # The number of a block's last line, and its lines compressed; then the lines since.
        self._blocks: list[tuple[int, bytes]] = []
        self._lines: list[bytes] = []
        self._bytes = 0
        self._file: int | None = None
        self._path = path

    def load(self) -> list[Json]:
        """The entries in the file, which is opened for going on. A last line torn by a kill is cut off."""
        if self._path is None:
            return []
        entries: list[Json] = []
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            whole, last = 0, b""
            with self._path.open("rb") as lines:
                for line in lines:
                    entry = _read_line(line)
                    if entry is None:
                        last = line
                        break
                    entries.append(entry)
                    self._keep(entry["seq"], line[:-1])
                    whole += len(line)
                rest = lines.read(1)
            if rest or not _could_be_ours(last):
                raise JournalTrouble(f"{self._path}, line {len(entries) + 1}: not a journal of the simulator")
            os.truncate(self._path, whole)
        except OSError as problem:
            raise JournalTrouble(f"cannot use the journal {self._path}: {problem.strerror}") from None
        return entries

    def append(self, entry: Json) -> None:
        """Gives the entry its number and keeps it."""
        entry = {"seq": self.seq + 1, **entry}
        line = json.dumps(entry, separators=(",", ":")).encode()
        self._keep(self.seq + 1, line)
        if self._file is not None:
            try:
                os.write(self._file, line + b"\n")
            except OSError as problem:
                # A full disk must not stop the simulator; from here on it remembers in memory only.
                sys.stderr.write(f"journal: {problem.strerror}; not written from entry {self.seq} on\n")
                self.close()

    def _keep(self, seq: int, line: bytes) -> None:
        self.seq = seq
        self._lines.append(line)
        self._bytes += len(line)
        if len(self._lines) >= _BLOCK_LINES or self._bytes >= _BLOCK_BYTES:
            self._blocks.append((seq, zlib.compress(b"\n".join(self._lines), 1)))
            self._lines, self._bytes = [], 0

    def after(self, seq: int) -> bytes:
        """The JSON array of the entries with a greater number."""
        found: list[bytes] = []
        for last, block in self._blocks[bisect_right(self._blocks, seq, key=itemgetter(0)) :]:
            lines = zlib.decompress(block).split(b"\n")
            found += lines[max(0, len(lines) - (last - seq)) :]
        found += self._lines[max(0, len(self._lines) - (self.seq - seq)) :] if seq < self.seq else []
        return b"[" + b",".join(found) + b"]"

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _read_line(line: bytes) -> Json | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return (
        entry if isinstance(entry, dict) and isinstance(entry.get("seq"), int) and "effect" in entry else None
    )


def _could_be_ours(line: bytes) -> bool:
    """Whether a broken last line is a torn entry of ours, to be cut off; a foreign file is left alone."""
    opening = b'{"seq":'
    return line.startswith(opening) or opening.startswith(line)
