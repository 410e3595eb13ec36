"""The places a contact has: the provider's standard fields, and what each takes. Pure.

Names, lengths and formats are those of the bulk import (api_guide/import_contacts.html) and of the contact
(api_guide/contacts_overview.html), the shorter where they differ.
"""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Place:
    """A field that a value can go to.

    `column` is its name in a bulk import, `kind` how its values are read, `longest` in characters.
    """

    column: str
    label: str
    kind: str
    longest: int
    choices: tuple[str, ...] = ()


STANDARD: Final[dict[str, Place]] = {
    place.column: place
    for place in (
        Place("email", "E-mail address", "email", 80),
        Place("first_name", "First name", "text", 50),
        Place("last_name", "Last name", "text", 50),
        Place("job_title", "Job title", "text", 50),
        Place("company_name", "Company", "text", 50),
        Place("phone", "Phone", "phone", 25),
        Place("street", "Street", "text", 255),
        Place("city", "City", "text", 50),
        Place("state", "State or region", "text", 50),
        Place("zip", "Postal code", "text", 50),
        Place("country", "Country", "text", 50),
        Place("birthday_month", "Birthday: month", "month", 2),
        Place("birthday_day", "Birthday: day", "day", 2),
        Place("anniversary", "Anniversary", "date", 10),
    )
}

CUSTOM_TYPES: Final[dict[str, str]] = {
    "string": "Text",
    "number": "Number",
    "currency": "Amount of money",
    "date": "Date",
    "boolean": "Yes or no",
}
CUSTOM_LONGEST: Final = 255
CUSTOM_PER_CONTACT: Final = 25
LABEL_LONGEST: Final = 50

_SYNONYMS: Final[dict[str, str]] = {
    "mail": "email",
    "emailaddress": "email",
    "firstname": "first_name",
    "forename": "first_name",
    "givenname": "first_name",
    "lastname": "last_name",
    "surname": "last_name",
    "familyname": "last_name",
    "jobtitle": "job_title",
    "company": "company_name",
    "companyname": "company_name",
    "organisation": "company_name",
    "organization": "company_name",
    "phonenumber": "phone",
    "telephone": "phone",
    "address": "street",
    "streetaddress": "street",
    "town": "city",
    "region": "state",
    "province": "state",
    "zipcode": "zip",
    "postcode": "zip",
    "postalcode": "zip",
    "birthmonth": "birthday_month",
    "birthdaymonth": "birthday_month",
    "birthday": "",
    "birthdayday": "birthday_day",
}
_LIST_WORDS: Final = frozenset(
    {"list", "lists", "mailinglist", "mailinglists", "group", "groups", "newsletters"}
)
_TAG_WORDS: Final = frozenset({"tag", "tags", "label", "labels"})


def normalised(name: str) -> str:
    """A name as it is compared: letters and digits only, without case."""
    return re.sub(r"[\W_]+", "", name).casefold()


def suggested_standard(name: str) -> str:
    """The standard field that an app field of this name most likely is, or nothing. Only plain matches count."""
    key = normalised(name)
    if key in _SYNONYMS:
        return _SYNONYMS[key]
    return next(
        (
            column
            for column, place in STANDARD.items()
            if key in {normalised(column), normalised(place.label)}
        ),
        "",
    )


def names_lists(name: str) -> bool:
    """Whether an app field of this name most likely says which lists a person is on."""
    return normalised(name) in _LIST_WORDS


def names_tags(name: str) -> bool:
    """Whether an app field of this name most likely says which tags a person has."""
    return normalised(name) in _TAG_WORDS


def custom_column(name: str) -> str:
    """What an import calls the custom field of this name."""
    return f"cf:{name}"
