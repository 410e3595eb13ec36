"""What is wanted of one account: groups of people alike, and the provider's limits. Pure dataclasses.

A job is a set of groups; a group says of how many people exactly the same is wanted, and how many bytes their
rows take. Planner, executor and the benchmarks' bound agree on these words. Costs are in provider calls.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class People:
    """`count` people of whom exactly the same is wanted. Sizes are bytes over all of them."""

    # The caller's name of the group, given back in the plan.
    key: str
    count: int
    # Lists to be put on, lists to be taken off.
    joins: frozenset[str] = frozenset()
    leaves: frozenset[str] = frozenset()
    tags_on: frozenset[str] = frozenset()
    tags_off: frozenset[str] = frozenset()
    # Lists all of them are known to be on already: an import onto those changes no list.
    on: frozenset[str] = frozenset()
    # All their whole rows as CSV lines; 0 where no value travels.
    csv_bytes: int = 0
    # The same as JSON array elements with their comma; above 0 exactly when csv_bytes is.
    json_bytes: int = 0
    # The largest single whole row, in the larger of the two forms.
    largest_row: int = 0
    # All their address-only CSV lines.
    address_bytes: int = 0
    # False where a mapped field exists only in the JSON schema (the home_, work_ and other_ variants).
    csv_can: bool = True
    # The contact ids, and the current fields, of all of them are known.
    with_ids: bool = False
    # False: unsubscribed, may not enter a list, so no import and no list can carry them.
    listable: bool = True
    deletes: bool = False
    # To be unsubscribed, by a PUT a person.
    opts_out: bool = False
    # A value must become empty, which no import does: read-merge-write a person.
    clears: bool = False
    # "Just signed up": one sign_up_form call a person, never in an import (reference 3.12: no welcome mail).
    signed_up: bool = False


@dataclass(frozen=True)
class Limits:
    """What one call carries; the defaults are the provider's."""

    # The whole request body, and what the multipart or JSON frame takes of it.
    body_bytes: int = 3_990_000
    overhead: int = 1_000
    csv_rows: int = 39_999
    json_rows: int = 40_000
    list_ids: int = 50
    contact_ids: int = 500
    tag_ids: int = 50
    source_lists: int = 50
    lists_deleted: int = 100


@dataclass(frozen=True)
class Wanted:
    """One job for one account."""

    people: tuple[People, ...]
    limits: Limits
    # Whether the connection allows a list of ours in the account for a while.
    scratch_allowed: bool
    # Lists whose whole membership, after the joins and leaves here, is exactly the people of this job that join
    # them or are on them.
    closed_lists: frozenset[str]
    # Whether people may be written one by one where that is cheaper; an import never does.
    singly: bool = True
