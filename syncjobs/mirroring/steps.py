"""The stages of reading an account, and of a job that does only that."""

from collections.abc import Callable
from typing import Final

from syncjobs.mirroring import ending, exporting, leaving, starting
from syncjobs.queue import Claim

READING: Final[dict[str, Callable[[Claim], None]]] = {
    "counting": starting.count,
    "exporting": exporting.export,
    "exporting_there": exporting.wait_for_export,
    "downloading": exporting.download,
    "reading_export": exporting.read_export,
    "asking_optouts": leaving.ask_optouts,
    "asking_deleted": leaving.ask_deleted,
    "clearing": ending.clear,
}
STAGES: Final = {**READING, "finishing": ending.finish}
