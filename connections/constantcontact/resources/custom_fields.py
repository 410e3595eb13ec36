"""Custom fields: at most 100 an account, 25 values a contact."""

from collections.abc import Iterator, Mapping, Sequence

import httpx

from connections.constantcontact import pages, paths, reading
from connections.constantcontact.pages import Page
from connections.constantcontact.shapes import Choice, CustomField


class CustomFields:
    """`/contact_custom_fields`; reading needs contacts:read, writing contacts:write."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    # https://developer.constantcontact.com/api_guide/custom_fields.html
    def page(self, href: str) -> Page[CustomField]:
        """One page by its link."""
        return pages.read_page(self._http.get(paths.checked_href(href)), "custom_fields", CustomField.parse)

    # https://developer.constantcontact.com/api_guide/custom_fields.html
    def pages(self, *, limit: int = 100, start: str | None = None) -> Iterator[Page[CustomField]]:
        """Page by page, from the first or from a kept link."""
        return pages.walk(self.page, start or pages.href("/v3/contact_custom_fields", limit=limit))

    def all(self) -> list[CustomField]:
        """Every custom field: one call."""
        return [item for page in self.pages() for item in page.items]

    # https://developer.constantcontact.com/api_guide/custom_fields.html
    def get(self, custom_field_id: str) -> CustomField:
        """One custom field; NotFound when there is none."""
        return reading.read(self._http.get(_address(custom_field_id)), CustomField.parse)

    # https://developer.constantcontact.com/api_guide/create_custom_fields.html
    def create(
        self,
        label: str,
        type: str = "string",
        *,
        metadata: Mapping[str, object] | None = None,
        choices: Sequence[str] = (),
        version: int | None = None,
    ) -> CustomField:
        """A new field, its choices in the order given; Conflict when the label is taken.

        Read `name` from the answer: it is the key for imports and not to be guessed from the label. An
        account that refuses a typed field (Invalid) takes `string`.
        """
        body: dict[str, object] = {"label": label, "type": type}
        if metadata:
            body["metadata"] = dict(metadata)
        if choices:
            body["choices"] = [
                {"choice_label": choice, "display_order": order}
                for order, choice in enumerate(choices, start=1)
            ]
        if version is not None:
            body["version"] = version
        return reading.read(self._http.post("/v3/contact_custom_fields", json=body), CustomField.parse)

    # https://developer.constantcontact.com/api_guide/custom_fields.html
    def update(
        self, custom_field_id: str, label: str, *, choices: Sequence[Choice | str] = ()
    ) -> CustomField:
        """Replaces label and choices: a kept choice as it was read, a new one as its text; the rest goes.

        The type never changes.
        """
        body: dict[str, object] = {"label": label}
        if choices:
            body["choices"] = [_choice(choice, order) for order, choice in enumerate(choices, start=1)]
        return reading.read(self._http.put(_address(custom_field_id), json=body), CustomField.parse)

    # https://developer.constantcontact.com/api_guide/custom_fields.html
    def delete(self, custom_field_id: str) -> None:
        """Deletes a field at once, with its values at every contact."""
        reading.accept(self._http.delete(_address(custom_field_id)))


def _address(custom_field_id: str) -> str:
    return f"/v3/contact_custom_fields/{paths.segment(custom_field_id)}"


def _choice(choice: Choice | str, order: int) -> dict[str, object]:
    if isinstance(choice, str):
        return {"choice_label": choice, "display_order": order}
    # The provider takes a number here, though some of its answers show a text.
    number = int(choice.choice_id) if choice.choice_id.isdecimal() else choice.choice_id
    return {"choice_id": number, "choice_label": choice.label, "display_order": order}
