"""Forms about links that a program makes."""

from typing import Any, Final

from django import forms

from connections.links import returning

MOST: Final = 50
REFUSED_SHOWN: Final = 5


class ReturnsForm(forms.Form):
    """Where a link may send people back to, one address a line."""

    addresses = forms.CharField(
        label="Return addresses",
        required=False,
        max_length=MOST * (returning.LONGEST + 2),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One a line, whole and without a query, such as https://app.example.com/settings/connected. A link "
        "may add any query. Leave it empty and no link sends anybody back.",
    )

    def __init__(self, *args: Any, environment: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environment = environment

    def clean_addresses(self) -> list[str]:
        """Each in the spelling that is compared, once."""
        found: list[str] = []
        refused: list[str] = []
        for line in filter(None, (line.strip() for line in str(self.cleaned_data["addresses"]).splitlines())):
            try:
                if "?" in line:
                    raise returning.NotAnAddress("stands here without its query")
                found.append(returning.normal(line, self.environment))
            except returning.NotAnAddress as reason:
                refused.append(f"{line[:80]} {reason}.")
        if refused:
            raise forms.ValidationError(refused[:REFUSED_SHOWN])
        if len(found) > MOST:
            raise forms.ValidationError(f"There may be {MOST} addresses; these are {len(found)}.")
        return list(dict.fromkeys(found))


class RemoveForm(forms.Form):
    """That an account is really to be removed."""

    remove = forms.BooleanField(
        label="Yes, delete all that is kept of it here",
        error_messages={"required": "Tick the box if that is what you want."},
    )
