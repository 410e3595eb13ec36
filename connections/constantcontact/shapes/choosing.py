"""Whom a bulk activity is about: one way of naming contacts, with the provider's caps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# The most of each that one call may name.
CAPS: Final[Mapping[str, int]] = {"contact_ids": 500, "list_ids": 50, "tag_ids": 50}
MOST_LISTS: Final = 50
MOST_TAGS: Final = 50


@dataclass(frozen=True, slots=True)
class Chosen:
    """Exactly one of these ways; ValueError for none, several, or more than the provider takes."""

    contact_ids: tuple[str, ...] = ()
    list_ids: tuple[str, ...] = ()
    tag_ids: tuple[str, ...] = ()
    all_active_contacts: bool = False
    segment_id: int | None = None
    new_subscriber: bool = False

    def __post_init__(self) -> None:
        body = self.body()
        if len(body) != 1:
            raise ValueError("Name the contacts in exactly one way.")
        for name, cap in CAPS.items():
            if name in body:
                bounded(name, getattr(self, name), cap)

    def body(self) -> dict[str, object]:
        """The part of a request that names them."""
        given: dict[str, object] = {name: list(getattr(self, name)) for name in CAPS if getattr(self, name)}
        if self.all_active_contacts:
            given["all_active_contacts"] = True
        if self.segment_id is not None:
            given["segment_id"] = self.segment_id
        if self.new_subscriber:
            given["new_subscriber"] = True
        return given


def bounded(name: str, ids: Sequence[str], most: int) -> list[str]:
    """At least one id and no more than the provider takes, or ValueError."""
    if isinstance(ids, str) or not 1 <= len(ids) <= most:
        raise ValueError(f"{name} holds 1 to {most} ids.")
    return list(ids)
