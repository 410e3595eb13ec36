"""Reads the plain subset of YAML that a serialized Swagger file uses, so that the tests need no YAML library.

Block maps and lists, double-quoted and plain scalars, scalars that go on over lines, `{}` and `[]`. Anything
else raises, so a file in another style is noticed and never half read.
"""

import json
import re
from pathlib import Path
from typing import Any

_KEY = re.compile(r'("(?:[^"\\]|\\.)*"|[^\s"#&*!|>{}\[\],](?:[^:]|:(?! |$))*?):(?: (.*))?$')
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class NotUnderstood(ValueError):
    """A line outside the subset."""


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = [line for line in text.split("\n") if line.strip() and line != "---"]
        self.at = 0

    def indent(self) -> int:
        if self.at >= len(self.lines):
            return -1
        line = self.lines[self.at]
        return len(line) - len(line.lstrip(" "))

    def block(self, indent: int) -> Any:
        return self.list(indent) if self.lines[self.at].lstrip().startswith("- ") else self.map(indent)

    def list(self, indent: int) -> list[Any]:
        found: list[Any] = []
        while self.indent() == indent and self.lines[self.at].lstrip().startswith("- "):
            rest = self.lines[self.at][indent + 2 :]
            if _KEY.match(rest) and not (rest.startswith('"') and rest.endswith('"') and '":' not in rest):
                # A map that begins on the dash's own line: the dash stands for two blanks.
                self.lines[self.at] = " " * (indent + 2) + rest
                found.append(self.map(indent + 2))
            else:
                self.at += 1
                found.append(self.scalar(rest, indent))
        return found

    def map(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.indent() == indent and not self.lines[self.at].lstrip().startswith("- "):
            match = _KEY.match(self.lines[self.at][indent:])
            if match is None:
                raise NotUnderstood(self.lines[self.at])
            key, rest = match.group(1), match.group(2)
            name = json.loads(key) if key.startswith('"') else key
            self.at += 1
            if rest:
                found[name] = self.scalar(rest, indent)
            elif self.indent() > indent or (
                self.indent() == indent and self.lines[self.at].lstrip().startswith("- ")
            ):
                found[name] = self.block(self.indent())
            else:
                found[name] = None
        return found

    def scalar(self, text: str, indent: int) -> Any:
        if text.startswith('"'):
            return self.quoted(text)
        if text in ("{}", "[]"):
            return {} if text == "{}" else []
        if text[0] in "{[&*!|>'":
            raise NotUnderstood(text)
        while self.indent() > indent:
            text += " " + self.lines[self.at].strip()
            self.at += 1
        if text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text]
        return (float(text) if "." in text else int(text)) if _NUMBER.fullmatch(text) else text

    def quoted(self, text: str) -> str:
        while not _closed(text):
            following = self.lines[self.at].strip()
            self.at += 1
            # A backslash at the end joins without a blank, and one in front keeps the blank that follows it.
            odd = (len(text) - len(text.rstrip("\\"))) % 2
            kept = following[1:] if following.startswith("\\ ") else following
            text = text[:-1] + kept if odd else f"{text} {following}"
        return str(json.loads(text.replace("\t", " ")))


def _closed(text: str) -> bool:
    return len(text) > 1 and text.endswith('"') and (len(text[:-1]) - len(text[:-1].rstrip("\\"))) % 2 == 0


def read(path: Path) -> dict[str, Any]:
    """The whole document."""
    reader = _Reader(path.read_text("utf-8"))
    document: dict[str, Any] = reader.map(0)
    if reader.at != len(reader.lines):
        raise NotUnderstood(reader.lines[reader.at])
    return document
