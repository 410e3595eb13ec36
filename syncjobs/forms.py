"""Forms of the import."""

from typing import Any

from django import forms

from connections.models import Connection
from mapping.models import RemoteList
from syncjobs.imports import plans
from syncjobs.imports.readers import AUTO, ENCODINGS, UTF8_REJECT


class UploadForm(forms.Form):
    """A CSV file, and how to read it if it is not UTF-8."""

    file = forms.FileField(
        label="CSV file",
        help_text="The first line names the columns; one column holds the e-mail address.",
        error_messages={
            "required": "Choose a file.",
            "empty": "The file is empty. Choose one with a line of column names and at least one person.",
        },
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv,text/plain"}),
    )
    encoding = forms.ChoiceField(
        label="Encoding",
        required=False,
        choices=[
            (AUTO, "Detect"),
            *ENCODINGS.items(),
            (UTF8_REJECT, "UTF-8, and reject the lines that are not"),
        ],
        help_text="Leave it unless you were told that the file is not UTF-8.",
    )

    def clean_encoding(self) -> str:
        """Detect unless told."""
        return self.cleaned_data["encoding"] or AUTO


class StartForm(forms.Form):
    """Who joins which list besides, and on what permission these people are sent."""

    everyone = forms.ChoiceField(label="A list that everyone in the file joins", required=False)
    new_name = forms.CharField(label="Name of the new list", required=False, max_length=255)
    permission = forms.BooleanField(
        label=plans.STATEMENT,
        error_messages={"required": "Confirm that these people may be e-mailed, or do not import them."},
    )

    def __init__(self, connection: Connection, *, needs_list: bool, data: Any = None) -> None:
        super().__init__(data)
        self.needs_list = needs_list
        there = [(str(row.list_id), row.name) for row in RemoteList.objects.filter(connection=connection)]
        # No list is chosen for anybody by chance: the first of the account may be one that nobody means.
        none = [("", "Choose a list" if needs_list else "None: only the lists that the file names")]
        choices = [*none, *([("Lists of this account", there)] if there else []), ("new", "A new list")]
        field = self.fields["everyone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        field.required = needs_list
        field.error_messages["required"] = "Choose a list. Constant Contact takes people only onto a list."

    def clean(self) -> dict[str, Any]:
        """A new list needs its name."""
        found = super().clean() or {}
        name = " ".join(str(found.get("new_name") or "").split())
        if found.get("everyone") == "new" and not name:
            self.add_error("new_name", "Give the new list a name.")
        found["new_name"] = name
        return found

    def lists(self) -> list[dict[str, str]]:
        """The choice as the plan keeps it."""
        chosen = self.cleaned_data.get("everyone") or ""
        if not chosen:
            return []
        return (
            [{"new": self.cleaned_data["new_name"], "list_id": ""}]
            if chosen == "new"
            else [{"list_id": chosen}]
        )
