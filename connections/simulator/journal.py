"""The append-only record of every request to the API and OAuth hosts, the ground truth of all tests.

One JSON line an entry. With a file, each line reaches the operating system before its answer leaves, so a
killed simulator loses nothing that it answered. Reads without number are not kept in memory for ever: beyond
`KEPT_READS` the oldest go; writes stay.
"""

import json
import os
import sys
from pathlib import Path

from .messages import Json

KEPT_READS = 400_000


class JournalTrouble(Exception):
    """The file cannot be used; the message says why."""


class Journal:
    """Entries in order, in memory and, when a path is given, in a file."""

    def __init__(self, path: Path | None = None) -> None:
        self.seq = 0
        self._seqs: list[int] = []
        self._lines: list[bytes] = []
        self._reads = 0
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
                    self._keep(entry["seq"], line[:-1], entry["effect"] is None)
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
        self._keep(self.seq + 1, line, entry["effect"] is None)
        if self._file is not None:
            try:
                os.write(self._file, line + b"\n")
            except OSError as problem:
                # A full disk must not stop the simulator; from here on it remembers in memory only.
                sys.stderr.write(f"journal: {problem.strerror}; not written from entry {self.seq} on\n")
                self.close()

    def _keep(self, seq: int, line: bytes, read: bool) -> None:
        self.seq = seq
        self._seqs.append(seq)
        self._lines.append(line)
        self._reads += read
        if self._reads > KEPT_READS:
            self._forget_old_reads()

    def _forget_old_reads(self) -> None:
        half = len(self._lines) // 2
        kept = [
            index
            for index, line in enumerate(self._lines)
            if index >= half or not line.endswith(b'"effect":null}')
        ]
        self._reads -= len(self._lines) - len(kept)
        self._seqs = [self._seqs[index] for index in kept]
        self._lines = [self._lines[index] for index in kept]

    def after(self, seq: int) -> bytes:
        """The JSON array of the entries with a greater number."""
        low, high = 0, len(self._seqs)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._seqs[middle] <= seq else (low, middle)
        return b"[" + b",".join(self._lines[low:]) + b"]"

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
