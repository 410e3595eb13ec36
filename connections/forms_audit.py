"""The form above the audit: which events to show."""

from datetime import date
from typing import Any, Final

from django import forms

from connections.audit.entries import Asked
from connections.audit.words import GROUPS

# Years that no clock of ours shows, and that the database could not compute with.
FIRST, LAST = date(2000, 1, 1), date(2999, 12, 31)
# Signing in and upkeep stand in the deployment's audit, which is the operators'.
ELSEWHERE: Final = {"sign_in", "upkeep"}


class DayInput(forms.DateInput):
    """A browser's own field for a day, which shows a day or nothing."""

    def format_value(self, value: Any) -> str | None:
        """What is no day is not sent back; the message beside the field says what one looks like."""
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            return None


class Day(forms.DateField):
    """A day within reason."""

    widget = DayInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **options: Any) -> None:
        wrong = {"invalid": "Give a day such as 2026-03-31."}
        super().__init__(required=False, error_messages=wrong, input_formats=["%Y-%m-%d"], **options)

    def clean(self, value: Any) -> date | None:
        """None for no day."""
        day: date | None = super().clean(value)
        if day is not None and not FIRST <= day <= LAST:
            raise forms.ValidationError("Give a day between 2000 and 2999.")
        return day


class AuditForm(forms.Form):
    """Kind of act, who did it, from and to which day. All may be empty."""

    group = forms.ChoiceField(
        label="What",
        required=False,
        choices=[
            ("", "Everything"),
            *((key, title) for key, (title, _) in GROUPS.items() if key not in ELSEWHERE),
        ],
        error_messages={"invalid_choice": "Choose one of the kinds in the list."},
    )
    person = forms.CharField(
        label="Done by (e-mail address)",
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off", "spellcheck": "false"}),
    )
    since = Day(label="From (UTC)")
    until = Day(label="To (UTC)")

    def asked(self) -> Asked:
        """What was asked for; nothing where the form is wrong."""
        if not self.is_valid():
            return Asked()
        given = self.cleaned_data
        return Asked(given["group"], given["person"], given["since"], given["until"])
