"""The form above the request log: which calls to show."""

from typing import Any
from uuid import UUID

from django import forms

from connections.programs.calllist import Wanted

STATUSES = (("", "Any"), ("2xx", "2xx done"), ("4xx", "4xx refused"), ("5xx", "5xx failed"))


class CallsForm(forms.Form):
    """Status, address, account and number of a call. All may be empty."""

    status = forms.CharField(
        label="Status",
        required=False,
        max_length=3,
        widget=forms.TextInput(attrs={"list": "statuses", "autocomplete": "off", "inputmode": "text"}),
    )
    path = forms.CharField(label="Address contains", required=False, max_length=200)
    connection = forms.CharField(label="Account (its id)", required=False, max_length=36)
    request_id = forms.CharField(label="Request id", required=False, max_length=32)

    def clean_status(self) -> str:
        """A status, or a class of them."""
        text = str(self.cleaned_data["status"]).strip().lower()
        is_class = len(text) == 3 and text[0] in "12345" and text[1:] == "xx"
        if text and not is_class and not (text.isascii() and text.isdigit() and 100 <= int(text) <= 599):
            raise forms.ValidationError("Give a status such as 404, or a class such as 4xx.")
        return text

    def clean_connection(self) -> UUID | None:
        """An id, or nothing."""
        text = str(self.cleaned_data["connection"]).strip()
        try:
            return UUID(text) if text else None
        except ValueError:
            raise forms.ValidationError(
                "Give an account's id; it stands in the address of its page."
            ) from None

    def clean_request_id(self) -> str:
        """As the header X-Request-Id has it."""
        return str(self.cleaned_data["request_id"]).strip()

    def wanted(self) -> Wanted:
        """What to look for; nothing in particular while the form is wrong."""
        if not self.is_valid():
            return Wanted()
        given: dict[str, Any] = self.cleaned_data
        return Wanted(
            status=given["status"],
            path=given["path"].strip(),
            connection_id=given["connection"],
            request_id=given["request_id"],
        )
