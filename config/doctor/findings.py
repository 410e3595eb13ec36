"""What a check is, what it says, and the list that checks join."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """What the command was told."""

    http_port: int | None = None
    web_processes: int = 2
    mail_to: str = ""
    answer_seconds: float = 6.0  # how long a server may take to answer


@dataclass(frozen=True)
class Fault:
    """Something that is wrong; `stops` where what stands on it cannot be judged."""

    found: str
    cure: str
    stops: bool = True


@dataclass
class Look:
    """One check at work: what it was told, what it finds, and the facts that checks hand on to later ones."""

    options: Options
    facts: dict[str, object]
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fault(self, found: str, cure: str, *, stops: bool = True) -> None:
        """Something is wrong."""
        self.faults.append(Fault(found, cure, stops))

    def note(self, text: str) -> None:
        """Something to know that is no fault; shown on demand."""
        self.notes.append(text)


@dataclass(frozen=True)
class Check:
    """One thing that is looked at.

    `needs` must have been found sound, else this is left out; `after` need only be over.
    """

    name: str
    looks_at: str
    run: Callable[[Look], None]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """How one check ended."""

    check: Check
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: str = ""
    seconds: float = 0.0

    @property
    def state(self) -> str:
        """sound, fault or left out."""
        return "left out" if self.left_out else "fault" if self.faults else "sound"

    @property
    def stops(self) -> bool:
        """Whether what needs this cannot be judged."""
        return bool(self.left_out) or any(fault.stops for fault in self.faults)
