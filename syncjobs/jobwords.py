"""What people call a job: by its kind, and by what it works on. Pure."""

import re
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


# What each stage does, for the list of a job's steps.
STAGES: Final[Mapping[str, str]] = {
    "preparing": "Make missing lists, tags and fields",
    "reading": "Read the rows",
    "matching": "Find addresses that come again",
    "counting": "Count the people of the account",
    "exporting": "Ask for a list of the account's people",
    "exporting_there": "Wait for the list of its people",
    "downloading": "Fetch the list of its people",
    "reading_export": "Read the list of its people",
    "asking_optouts": "Ask who unsubscribed",
    "asking_deleted": "Ask who was deleted",
    "clearing": "Forget who is not there any more",
    "comparing": "Compare with the account",
    "deciding": "Write down on what permission people are added",
    "planning": "Plan the calls",
    "making_scratch": "Make the temporary list",
    "batching": "Put the calls together",
    "looking_up": "Look people up",
    "sending": "Send",
    "reconciling": "Look for a call whose answer was lost",
    "guarding": "Look who was changed there meanwhile",
    "processing": "Wait until Constant Contact is done",
    "checking": "Check the result",
    "settling": "Say how each row ended",
    "noting": "Remember what was written",
    "finishing": "Add up",
    "naming": "Find the lists, tags and fields that are named",
    "translating": "Read what the program sent",
    "judging": "Judge each row",
    "making": "Make missing lists, tags and fields",
    "writing": "Write people one by one",
}
# Kinds of calls, as notes of steps name them.
CALLS: Final[Mapping[str, str]] = {
    "create_scratch": "make the temporary list",
    "import_csv": "import (CSV)",
    "import_json": "import (JSON)",
    "add_lists": "add to lists",
    "remove_lists": "take off lists",
    "tag_on": "set tags",
    "tag_off": "take off tags",
    "delete_contacts": "delete",
    "empty_scratch": "empty the temporary list",
    "delete_scratch": "remove the temporary list",
    "look_up": "look up",
    "put_contact": "write one person",
    "sign_up": "sign up",
    "opt_out": "unsubscribe",
    "read_merge_write": "read and write one person",
}
_ONE: Final[Mapping[str, str]] = {"1 calls": "1 call", "1 people": "1 person"}


def note(text: str) -> str:
    """What a step noted, in words: its kind of call, and one as one."""
    kind, between, rest = text.partition(" ")
    text = f"{CALLS.get(kind, kind)}{between}{rest}"
    return re.sub(r"\b1 (?:calls|people)$", lambda found: _ONE[found[0]], text)
