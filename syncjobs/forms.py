"""Forms of the import."""

from typing import Any

from django import forms
from django.http import HttpRequest

from connections.models import Connection
from connections.scoping import Scope
from mapping import basis
from mapping.forms import ListMapForm, TagMapForm
from mapping.forms_basis import KINDS
from mapping.models import RemoteList, RemoteTag
from syncjobs.imports import plans, scratch
from syncjobs.imports.choices import Choices
from syncjobs.imports.readers import AUTO, ENCODINGS, UTF8_REJECT
from syncjobs.models import ScratchLeave


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
    """Who joins which list and gets which tag besides, and on what permission these people are sent."""

    everyone = forms.ChoiceField(label="A list that everyone in the file joins", required=False)
    new_name = forms.CharField(label="Name of the new list", required=False, max_length=255)
    everyone_tag = forms.ChoiceField(label="A tag that everyone in the file gets", required=False)
    new_tag = forms.CharField(label="Name of the new tag", required=False, max_length=255)
    temporary = forms.ChoiceField(
        label="May a temporary list be made for it?",
        required=False,
        choices=[
            ("no", "No"),
            ("account", "Yes, in this account"),
            ("workspace", "Yes, in every account here"),
        ],
        help_text="Tags are set far more cheaply through a list that Patchbay makes, names as its own, and removes. "
        "Without it people are looked up and tagged by their ids. “Every account here” means those of this environment "
        "that say nothing else.",
    )
    basis_kind = forms.ChoiceField(
        label="Who these people are",
        choices=KINDS,
        error_messages={"required": "Choose who these people are to the account's owner."},
    )
    basis_statement = forms.CharField(
        label="Why they may be e-mailed",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="In your own words. It is recorded for this account with your name and the time, and holds for later "
        "imports and for your programs too.",
        error_messages={"required": "Say why these people may be e-mailed."},
    )
    permission = forms.BooleanField(
        label=plans.STATEMENT,
        error_messages={"required": "Confirm that these people may be e-mailed, or do not import them."},
    )

    def __init__(
        self, connection: Connection, *, needs_list: bool, asks_basis: bool, data: Any = None
    ) -> None:
        super().__init__(data)
        if not asks_basis:
            del self.fields["basis_kind"], self.fields["basis_statement"]
        self.connection = connection
        self.needs_list = needs_list
        there = [(str(row.list_id), row.name) for row in RemoteList.objects.filter(connection=connection)]
        # No list is chosen for anybody by chance: the first of the account may be one that nobody means.
        none = [("", "Choose a list" if needs_list else "Only those of the file")]
        choices = [*none, *([("Lists of this account", there)] if there else []), ("new", "A new list")]
        field = self.fields["everyone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        self.fields["temporary"].initial = "account" if scratch.is_allowed(connection) else "no"
        field.required = needs_list
        tags = [(str(row.tag_id), row.name) for row in RemoteTag.objects.filter(connection=connection)]
        chosen = self.fields["everyone_tag"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [
            ("", "Only those of the file"),
            *([("Tags of this account", tags)] if tags else []),
            ("new", "A new tag"),
        ]
        field.error_messages["required"] = "Choose a list. Constant Contact takes people only onto a list."

    def clean(self) -> dict[str, Any]:
        """A new list or tag needs its name."""
        found = super().clean() or {}
        for choice, name, what in (("everyone", "new_name", "list"), ("everyone_tag", "new_tag", "tag")):
            found[name] = " ".join(str(found.get(name) or "").split())
            if found.get(choice) == "new" and not found[name]:
                self.add_error(name, f"Give the new {what} a name.")
        return found

    def lists(self) -> list[dict[str, str]]:
        """The choice of a list as the plan keeps it."""
        return _kept(self.cleaned_data["everyone"], self.cleaned_data["new_name"], "list_id")

    def standing(self, lists: ListMapForm, tags: TagMapForm) -> Choices:
        """The choices as they stand, valid or not, for the price. Inside the scope.

        Where a list must be chosen and is not yet, a new one is reckoned with.
        """
        said = {name: str(self[name].value() or "") for name in self.fields}
        everyone = said["everyone"] or ("new" if self.needs_list else "")
        return Choices(
            _kept(everyone, said["new_name"] or "everyone", "list_id"),
            _kept(said["everyone_tag"], said["new_tag"] or "everyone", "tag_id"),
            scratch=self._may_scratch(said["temporary"]),
            lists=lists.standing(),
            tags=tags.standing(),
        )

    def _may_scratch(self, answer: str) -> bool:
        """Whether a temporary list may be made here once this answer is kept."""
        if answer == "workspace":
            # What the account says for itself goes before what is said for all.
            return not ScratchLeave.objects.filter(connection=self.connection, allowed=False).exists()
        return answer == "account" if answer else scratch.is_allowed(self.connection)

    def save_basis(self, scope: Scope, connection: Connection, request: HttpRequest) -> None:
        """Record on what basis the account writes to new people, where that was asked. Inside the scope."""
        if "basis_kind" in self.fields:
            given = self.cleaned_data
            basis.record(scope, connection, given["basis_kind"], given["basis_statement"], request)

    def save_leave(self, connection: Connection) -> None:
        """Keep whether a temporary list may be made, where that was asked. Inside the scope."""
        answer = self.cleaned_data["temporary"]
        if answer:
            scratch.allow(connection, answer != "no", everywhere=answer == "workspace")

    def tags(self) -> list[dict[str, str]]:
        """The choice of a tag as the plan keeps it."""
        return _kept(self.cleaned_data["everyone_tag"], self.cleaned_data["new_tag"], "tag_id")


def _kept(choice: str, name: str, key: str) -> list[dict[str, str]]:
    if not choice:
        return []
    return [{"new": name, key: ""}] if choice == "new" else [{key: choice}]
