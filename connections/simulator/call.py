"""One API call on its way through a handler: who calls, what is asked, and its one effect, if any."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from . import checks, errors, ids, paging
from .clock import show_time
from .messages import Json, Request
from .records import App, User
from .store import Account, Store


@dataclass(slots=True)
class Call:
    """An authenticated call. `seq` is the number that its journal entry will bear; new ids follow from it."""

    request: Request
    store: Store
    now: int
    seq: int
    account: Account
    user: User
    app: App
    scopes: list[str]
    outcome: str = "completed"
    effect: Json | None = None

    def commit(self, effect: Json) -> None:
        """Carries out the call's one effect; its journal entry will hold it."""
        if self.effect is not None:
            raise AssertionError("a call has one effect")
        self.effect = {"do": effect["do"], "account": self.account.account_id, **effect}
        self.store.apply(self.effect, self.now)

    def switch(self, name: str) -> str | int:
        return self.store.switches[name]

    def new_id(self, kind: str, index: int = 0) -> str:
        return ids.uuid(self.store.seed, kind, self.seq, index)

    def time(self, at: int) -> str:
        return show_time(at, str(self.store.switches["time_form"]))

    def parameters(self, *known: str) -> dict[str, str]:
        """The query as a dictionary; a repeated name counts with its last value."""
        found = paging.aged(
            dict(self.request.query_pairs()),
            known,
            self.now,
            self.store.switches.number("cursor_life_seconds"),
        )
        if self.store.switches["unknown_query_parameter"] == "refused":
            problems = [
                f"{name} is not a valid parameter" for name in found if name not in (*known, paging.SINCE)
            ]
            if problems:
                raise errors.invalid(*problems)
        return {name: value for name, value in found.items() if name in (*known, paging.SINCE)}

    def body(self, shape: checks.Record) -> Json:
        """The JSON body, checked against its shape; what is null or unknown counts as left out."""
        if self.request.media_type() != "application/json":
            raise errors.unsupported("Content-Type must be application/json.")
        value = read_json(self.request.body)
        problems = checks.problems_of(shape, value)
        if isinstance(value, dict) and self.store.switches["unknown_body_property"] == "refused":
            problems += [f"{name} is not a valid property" for name in shape.unknown_in(value)]
        if problems:
            raise errors.invalid(*problems)
        known: Json = checks.known_part(shape, value)
        return {name: item for name, item in known.items() if item is not None}

    def require_id(self, name: str, value: str) -> str:
        if not checks.is_uuid(value):
            raise errors.bad_id(name, self.store.switches.number("malformed_id"))
        return value.lower()

    def require_lists(self, list_ids: Iterable[str], name: str = "list_ids") -> list[str]:
        """The ids in lower case and without repeats, all of living lists of this account."""
        wanted = list(dict.fromkeys(item.lower() for item in list_ids))
        problems = [f"{name} contains an unknown list_id {item}" for item in self.unknown_lists(wanted)]
        if problems:
            raise errors.invalid(*problems[:20])
        return wanted

    def unknown_lists(self, list_ids: Iterable[str]) -> list[str]:
        """The ids of which this account has no living list."""
        lists = self.account.lists
        return [
            item
            for item in list_ids
            if (found := lists.get(item.lower())) is None or found.deleted is not None
        ]

    def require_tags(self, tag_ids: Iterable[str], name: str = "tag_ids") -> list[str]:
        wanted = list(dict.fromkeys(item.lower() for item in tag_ids))
        problems = [
            f"{name} contains an unknown tag_id {item}" for item in wanted if item not in self.account.tags
        ]
        if problems:
            raise errors.invalid(*problems[:20])
        return wanted


def read_json(body: bytes) -> Json:
    """A body as JSON, strictly: no NaN, nothing after the end, no depth that would break the reader."""
    try:
        value: Json = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise errors.malformed() from None
    return value


def _no_constant(name: str) -> None:
    raise ValueError(name)


def csv_values(text: str) -> list[str]:
    """The values of a comma-separated parameter."""
    return [item.strip() for item in text.split(",") if item.strip()]
