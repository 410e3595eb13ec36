"""What goes over the wire, as frozen types: parsed strictly at the edge, unknown fields ignored.

A sub-resource that was not asked for is None, one that is empty is (). `document` is the provider's own
object, unchanged. What names a person is kept out of every repr.
"""

from connections.constantcontact.shapes.account import AccountSummary, Privilege, TokenGrant
from connections.constantcontact.shapes.activity import Activity, Counters
from connections.constantcontact.shapes.catalog import Choice, ContactList, CustomField
from connections.constantcontact.shapes.contact import Contact, Counts, CustomFieldValue, EmailAddress

__all__ = [
    "AccountSummary",
    "Activity",
    "Choice",
    "Contact",
    "ContactList",
    "Counters",
    "Counts",
    "CustomField",
    "CustomFieldValue",
    "EmailAddress",
    "Privilege",
    "TokenGrant",
]
