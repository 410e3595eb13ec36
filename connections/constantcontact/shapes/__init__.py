"""What goes over the wire, as frozen types: parsed strictly at the edge, unknown fields ignored.

A sub-resource that was not asked for is None, one that is empty is (). `document` is the provider's own
object, unchanged. What names a person is kept out of every repr. `writing` has what is sent, `choosing` whom
a bulk activity is about; `fit` is for what is taken out of a `document`.
"""

from connections.constantcontact.shapes.account import (
    AccountEmail,
    AccountSummary,
    PartnerAccount,
    PhysicalAddress,
    Privilege,
    TokenGrant,
)
from connections.constantcontact.shapes.activity import Activity, Counters
from connections.constantcontact.shapes.catalog import Choice, ContactList, CustomField, Segment, Tag
from connections.constantcontact.shapes.choosing import Chosen
from connections.constantcontact.shapes.contact import (
    Contact,
    Counts,
    CustomFieldValue,
    EmailAddress,
    SignedUp,
)
from connections.constantcontact.shapes.writing import ContactSent, SignUpSent
from connections.constantcontact.signs import fit

__all__ = [
    "AccountEmail",
    "AccountSummary",
    "Activity",
    "Choice",
    "Chosen",
    "Contact",
    "ContactList",
    "ContactSent",
    "Counters",
    "Counts",
    "CustomField",
    "CustomFieldValue",
    "EmailAddress",
    "PartnerAccount",
    "PhysicalAddress",
    "Privilege",
    "Segment",
    "SignUpSent",
    "SignedUp",
    "Tag",
    "TokenGrant",
    "fit",
]
