"""What a plan is made of: steps in the order they are sent, each some calls of one kind. Pure dataclasses.

A step says who it covers (`cargo`), what it does to them (`lists`, `tags`), how it names them (`sources`: lists whose
members they are; none: their contact ids, or rows of an import) and which steps must be over before it is sent.
`calls` is what it will take at most; where whole groups travel and rows fill their calls it is exact.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

# Stands for the id of our scratch list, among a step's lists and sources.
SCRATCH = "scratch"
# Stands for every list of the account: an opt-out that waits its turn is taken off all of them at once.
EVERY_LIST = "every"


class Kind(StrEnum):
    """One kind of provider call."""

    CREATE_SCRATCH = "create_scratch"
    # Imports: `cargo` travels onto all of `lists`, in order, each call as full as bytes and rows allow.
    IMPORT_CSV = "import_csv"
    IMPORT_JSON = "import_json"
    # Membership, tagging and delete activities: by `sources`, or by contact ids, so many a call.
    ADD_LISTS = "add_lists"
    REMOVE_LISTS = "remove_lists"
    TAG_ON = "tag_on"
    TAG_OFF = "tag_off"
    DELETE_CONTACTS = "delete_contacts"
    EMPTY_SCRATCH = "empty_scratch"
    DELETE_SCRATCH = "delete_scratch"
    # One call a person.
    LOOK_UP = "look_up"
    PUT_CONTACT = "put_contact"
    SIGN_UP = "sign_up"
    OPT_OUT = "opt_out"
    # Two calls a person: read, then write the whole contact back.
    READ_MERGE_WRITE = "read_merge_write"


IMPORTS = frozenset({Kind.IMPORT_CSV, Kind.IMPORT_JSON})
# Of each person a call of its own, or two.
SINGLES = frozenset({Kind.OPT_OUT, Kind.READ_MERGE_WRITE, Kind.PUT_CONTACT})
# Accepted at once and worked off later: each ends as an activity that is polled for.
ACTIVITIES = IMPORTS | {
    Kind.ADD_LISTS,
    Kind.REMOVE_LISTS,
    Kind.TAG_ON,
    Kind.TAG_OFF,
    Kind.DELETE_CONTACTS,
    Kind.EMPTY_SCRATCH,
    Kind.DELETE_SCRATCH,
}


@dataclass(frozen=True)
class Cargo:
    """People `first` to `first + count - 1` of a group, in the caller's own fixed order of it."""

    key: str
    first: int
    count: int
    # In an import: their whole rows. False: their addresses alone.
    whole: bool = False


@dataclass(frozen=True)
class Step:
    """Some calls of one kind."""

    kind: Kind
    calls: int
    cargo: tuple[Cargo, ...] = ()
    # What an import or membership call puts on or takes off; SCRATCH may be among them.
    lists: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    # The lists whose members are meant; with none, people are named by contact id (or are an import's rows).
    sources: tuple[str, ...] = ()
    # Places in the plan of the steps whose activities must be finished before this one is sent.
    after: tuple[int, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """A wish that no call may fulfil: consent, or the provider, forbids it."""

    key: str
    # "joins", for one.
    what: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """Steps in the order they are sent."""

    steps: tuple[Step, ...]
    refused: tuple[Refusal, ...] = ()

    @property
    def calls(self) -> int:
        """Provider calls at most; polls are counted apart, by `quote`."""
        return calls_of(self.steps)

    @property
    def uses_scratch(self) -> bool:
        """Whether a list of ours stands in the account for a while."""
        return any(step.kind is Kind.CREATE_SCRATCH for step in self.steps)


def calls_of(steps: Iterable[Step]) -> int:
    """Calls of all these steps."""
    return sum(step.calls for step in steps)
