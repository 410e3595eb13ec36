"""What this deployment knows of Constant Contact where its published pages are silent or disagree.

Every such point has the answer that the sources make most likely. `manage.py probe` finds the true one on a linked
account, or takes it from a person who found it out by hand; what was found is kept in `ProviderFact` and read here.
The planner, the client's callers and the simulator of a run go by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from connections.models import ProviderFact

OPERATOR: Final = "operator"


class UnknownFact(ValueError):
    """No such fact, or no such answer; the text names what there is."""


@dataclass(frozen=True)
class Fact:
    """One open point.

    `answers` holds the possible ones, the first being the default; empty means a number. `found` says how: by the
    probe's reading, by its writing, or by hand as `how` tells. `point` numbers the question in the probe's report.
    """

    name: str
    point: int
    question: str
    answers: tuple[str, ...]
    found: Literal["read", "write", "hand"]
    how: str = ""
    default: str = ""

    @property
    def likely(self) -> str:
        """The answer that holds until another is found."""
        return self.default or self.answers[0]


_WATCH: Final = "It cannot be tried without stopping every tenant of the application"
_GRANT: Final = "Trying it would end a grant"

FACTS: Final[tuple[Fact, ...]] = (
    Fact("import_file_name", 1, "Does an import's file name come back?", ("echoed", "absent"), "write"),
    Fact(
        "import_cap_bytes",
        2,
        "Where is a bulk import cut?",
        ("4000000", "4194304"),
        "hand",
        "Trying it creates thousands of billed people. Import a file of 4,100,000 bytes into an account of your own "
        "and see whether its last row arrived.",
    ),
    Fact(
        "import_cap_counts",
        2,
        "Does the limit count the whole body or the file alone?",
        ("body", "file"),
        "hand",
        "As above, with a file just below the limit whose body is just above it.",
    ),
    Fact(
        "rejected_calls_count",
        3,
        "Does a refused call (429) cost quota?",
        ("no", "yes"),
        "hand",
        f"{_WATCH}. Ask Constant Contact's support, or compare their count of a day with the quota page.",
    ),
    Fact(
        "failed_calls_count",
        3,
        "Do other refusals and faults cost quota?",
        ("yes", "no"),
        "hand",
        "As above.",
    ),
    Fact("token_calls_count", 3, "Do token calls cost quota?", ("no", "yes"), "hand", "As above."),
    Fact(
        "limiter",
        4,
        "Over which second are calls counted?",
        ("sliding", "fixed", "bucket"),
        "hand",
        f"{_WATCH}. With an application that nobody else uses: eight calls in a burst across a full second, "
        "and count the refusals.",
    ),
    Fact("window_bounds", 5, "Is the bound of updated_after included?", ("inclusive", "exclusive"), "read"),
    Fact(
        "index_lag_seconds",
        5,
        "How late does a change show in a list of contacts?",
        ("0", "60", "120", "180"),
        "write",
    ),
    Fact("lists_move_updated_at", 5, "Does joining a list move updated_at?", ("yes", "no"), "write"),
    Fact("tags_move_updated_at", 5, "Does a tag move updated_at?", ("yes", "no"), "write"),
    Fact("delete_moves_updated_at", 5, "Does deleting move updated_at?", ("yes", "no"), "write"),
    Fact("delete_lag_seconds", 5, "How late does a deletion show in a list?", ("0", "60"), "write"),
    Fact(
        "import_revives_deleted",
        6,
        "Does an import bring back a deleted contact?",
        ("yes", "no"),
        "write",
    ),
    Fact(
        "pkce_on_code_app",
        7,
        "May an application with a secret send PKCE too?",
        ("refused", "accepted"),
        "hand",
        "Connect once with an application of your own that has CONSTANT_CONTACT_FLOW=pkce and a secret.",
    ),
    Fact(
        "old_access_token_after_refresh",
        8,
        "Does the old access token live on after a refresh?",
        ("valid", "dead"),
        "hand",
        f"{_GRANT}. Use a throw-away account: refresh by hand, then call with the old token.",
    ),
    Fact(
        "refresh_grace_seconds",
        8,
        "For how long may a rotated refresh token be used again?",
        ("0", "30"),
        "hand",
        f"{_GRANT}. Use a throw-away account: refresh twice with one token, some seconds apart.",
    ),
    Fact(
        "refresh_reuse",
        8,
        "What does a rotated refresh token do when it comes again?",
        ("kills_grant", "refused_only"),
        "hand",
        f"{_GRANT}. The same trial, long after: does the newest token still work?",
    ),
    Fact("import_email_length", 9, "The longest address that an import takes?", ("80", "50"), "write"),
    Fact("export_contact_id", 10, "Does an export hold contact ids?", ("absent", "present"), "read"),
    Fact("export_tags", 10, "Does an export hold tags?", ("absent", "present"), "read"),
    Fact("export_custom_fields", 10, "Does an export hold custom fields?", ("present", "absent"), "read"),
    Fact("export_list_separator", 10, "What separates lists in a cell?", ("; ", ", ", "|"), "read"),
    Fact("export_includes_removed", 10, "Does an export hold deleted people?", ("no", "yes"), "read"),
    Fact(
        "import_seconds_per_1000",
        11,
        "Seconds that an import takes for 1,000 rows?",
        (),
        "read",
        default="1.0",
    ),
    Fact(
        "import_error_texts",
        12,
        "Does an import say which rows it refused?",
        ("by_line", "by_address", "counts_only"),
        "write",
    ),
    Fact(
        "import_blank_values",
        14,
        "Does a blank cell of an import leave the value that is there?",
        ("ignored", "cleared"),
        "hand",
        "Import a file whose row leaves the first name blank, for a person of your own who has one, and look at the "
        "person. Until it is known, rows with blanks travel in a form that leaves the blanks out.",
    ),
    Fact(
        "login_page_opener_policy",
        13,
        "Does the consent page cut a pop-up from its opener?",
        ("absent", "same-origin"),
        "hand",
        "Open the consent page and look for the header Cross-Origin-Opener-Policy in the browser's tools.",
    ),
)
BY_NAME: Final[Mapping[str, Fact]] = {fact.name: fact for fact in FACTS}


def answer(name: str) -> str:
    """What is known of this point: as found, else the likely answer."""
    fact = BY_NAME[name]
    kept = ProviderFact.objects.filter(name=name).values_list("answer", flat=True).first()
    return kept if kept is not None else fact.likely


def number(name: str) -> float:
    """The same, as a number."""
    return float(answer(name))


def found() -> dict[str, str]:
    """Every point that was settled, with its answer; what an older version asked and this one does not is left out."""
    kept = dict(ProviderFact.objects.values_list("name", "answer"))
    return {name: answer for name, answer in kept.items() if name in BY_NAME}


def switches() -> dict[str, str | int]:
    """The settled points as a simulator takes them: by the same names, whole numbers as numbers."""
    return {
        name: int(kept) if kept.isdigit() else kept for name, kept in found().items() if BY_NAME[name].answers
    }


def keep(name: str, given: str, evidence: str, now: datetime) -> None:
    """Keep what was found, as an operator.

    Raises:
        UnknownFact: there is no such point, or it has no such answer.
    """
    ProviderFact.objects.using(OPERATOR).update_or_create(
        name=name, defaults={"answer": checked(name, given), "evidence": evidence[:600], "found_at": now}
    )


def checked(name: str, given: str) -> str:
    """The answer as it is kept. Raises UnknownFact."""
    fact = BY_NAME.get(name)
    if fact is None:
        raise UnknownFact(f"There is no point {name}; the points are {', '.join(BY_NAME)}.")
    if fact.answers:
        same = next((one for one in fact.answers if one.strip() == given.strip()), None)
        if same is None:
            raise UnknownFact(
                f"{name} is one of {', '.join(map(repr, fact.answers))}; {given!r} is none of them."
            )
        return same
    try:
        value = float(given)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise UnknownFact(f"{name} is a number of 0 or more; {given!r} is none.")
    return f"{value:g}"
