"""What people call a job: by its kind, and by what it works on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Words:
    """`noun` for buttons and sentences, `title` for headings, `source` for what the rows came from."""

    noun: str
    title: str
    source: str = "the file"

    @property
    def whole(self) -> str:
        """What a bar of it measures."""
        return f"Whole {self.noun}"

    @property
    def stages(self) -> str:
        """What a list of its stages is."""
        return f"Stages of the {self.noun}"


_READING: Final = Words("reading", "Reading of the account", "")
_WRITE: Final = Words("write", "Write of contacts that a program sent", "the program")


def about(kind: str, options: Mapping[str, Any]) -> str:
    """What a job works on, as the audit names it."""
    return "the whole account" if kind == "mirror" else str(options.get("file_name", "a file"))


def of(kind: str, options: Mapping[str, Any]) -> Words:
    """The words of a job of this kind with these options."""
    if kind == "mirror":
        return _READING
    if kind == "bulk":
        return _WRITE
    return Words("import", f"Import of {options.get('file_name', 'a file')}")
