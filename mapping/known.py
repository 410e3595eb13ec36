"""A contact as some answer of the provider's had it. Pure."""

from dataclasses import dataclass
from typing import Literal

Standing = Literal["active", "unsubscribed", "deleted"]


@dataclass(frozen=True)
class Known:
    """By its address in the one spelling that is compared; None is what that answer does not tell.

    `values` by import column; a column that the answer tells of and that is not in them is blank.
    """

    email_key: str
    standing: Standing
    values: dict[str, str]
    list_ids: frozenset[str] | None = None
    tag_ids: frozenset[str] | None = None
    permission: str = ""
    contact_id: str | None = None
