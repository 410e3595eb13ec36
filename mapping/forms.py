"""Forms of the mapping pages: one choice for each app field, one for each app list."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from connections.models import Connection
from mapping import editing, fields
from mapping.editing import FieldChoice, ListChoice, Row
from mapping.models import ListMapping, RemoteField, RemoteList

Choices = list[tuple[str, Any]]
GONE = "The custom field that this filled is no longer in the account."


def field_choices(connection: Connection) -> Choices:
    """The places an app field can go, grouped. Inside the scope."""
    custom = [
        (
            f"custom:{row.custom_field_id}",
            f"{row.label} ({fields.CUSTOM_TYPES.get(row.type, row.type).lower()})",
        )
        for row in RemoteField.objects.filter(connection=connection)
    ]
    standard = [(f"standard:{place.column}", place.label) for place in fields.STANDARD.values()]
    found: Choices = [("ignored", "Not sent"), ("Standard fields", standard)]
    if custom:
        found.append(("Custom fields of this account", custom))
    return [*found, ("More", [("new", "A new custom field"), ("lists", "Names the lists a person is on")])]


class FieldMapForm(forms.Form):
    """One select a field, and name and kind for those that become new custom fields."""

    def __init__(self, connection: Connection, rows: Sequence[Row], data: Any = None) -> None:
        super().__init__(data)
        self.connection = connection
        self.rows = list(rows)
        choices = field_choices(connection)
        for row in self.rows:
            key = row.app_field.pk.hex
            # What a broken row filled is gone: it asks for a choice, rather than show one that nobody made.
            broken = row.state == "broken"
            self.fields[f"choice_{key}"] = forms.ChoiceField(
                label=row.app_field.name,
                choices=[("", "Choose a place"), *choices] if broken else choices,
                initial="" if broken else row.choice,
                error_messages={"required": "Choose where this field goes, or that it is not sent."},
            )
            self.fields[f"label_{key}"] = forms.CharField(
                label="Name of the new field",
                initial=row.label or row.app_field.name[: fields.LABEL_LONGEST],
                required=False,
                max_length=200,
            )
            self.fields[f"type_{key}"] = forms.ChoiceField(
                label="Kind of the new field",
                choices=list(fields.CUSTOM_TYPES.items()),
                initial=row.type or "string",
                required=False,
            )

    def clean(self) -> dict[str, Any]:
        """Each choice must be there still, and no two may fill the same field."""
        found = super().clean() or {}
        by_field = {row.app_field.pk: row.app_field.pk.hex for row in self.rows}
        if not self.errors:
            for app_field_id, problem in editing.check_fields(self.connection, self.chosen()).items():
                self.add_error(f"choice_{by_field[app_field_id]}", problem)
        return found

    def chosen(self) -> list[FieldChoice]:
        """What was chosen, for `editing`."""
        return [
            FieldChoice(
                row.app_field.pk,
                self.cleaned_data[f"choice_{row.app_field.pk.hex}"],
                self.cleaned_data.get(f"label_{row.app_field.pk.hex}", ""),
                self.cleaned_data.get(f"type_{row.app_field.pk.hex}") or "string",
            )
            for row in self.rows
        ]

    def save(self) -> None:
        """Keep the choices."""
        editing.save_fields(self.connection, self.chosen())

    def lines(self) -> list[dict[str, Any]]:
        """The rows with their bound fields, as the template draws them."""
        return [self._line(row) for row in self.rows]

    def _line(self, row: Row) -> dict[str, Any]:
        key = row.app_field.pk.hex
        choice: BoundField = self[f"choice_{key}"]
        value = choice.value()
        changed = bool(self.is_bound and value and value != row.choice)
        state = ("none" if value == "ignored" else "suggested") if changed else row.state
        return {
            "id": key,
            "name": row.app_field.name,
            "samples": row.samples[:3],
            "state": state,
            "word": "Chosen" if changed and state == "suggested" else "",
            "note": "not saved yet" if changed else "",
            "warning": GONE if state == "broken" else "",
            "choice": choice,
            "label": self[f"label_{key}"],
            "type": self[f"type_{key}"],
            "is_new": value == "new",
        }


def list_choices(connection: Connection) -> Choices:
    """The lists an app list can fill. Inside the scope."""
    there = [(str(row.list_id), row.name) for row in RemoteList.objects.filter(connection=connection)]
    return [
        ("new", "A new list"),
        *([("Lists of this account", there)] if there else []),
        ("ignored", "No list"),
    ]


class ListMapForm(forms.Form):
    """One select for each app list."""

    def __init__(self, connection: Connection, app_lists: Sequence[str], data: Any = None) -> None:
        super().__init__(data)
        self.connection = connection
        self.app_lists = list(app_lists)
        saved = {row.app_list.casefold(): row for row in ListMapping.objects.filter(connection=connection)}
        there = {
            row.name.casefold(): str(row.list_id) for row in RemoteList.objects.filter(connection=connection)
        }
        choices = list_choices(connection)
        self.states: list[str] = []
        for number, name in enumerate(self.app_lists):
            row = saved.get(name.casefold())
            initial = _saved_choice(row) if row else there.get(name.casefold(), "new")
            self.states.append("set" if row else "suggested")
            self.fields[f"list_{number}"] = forms.ChoiceField(label=name, choices=choices, initial=initial)
            self.fields[f"name_{number}"] = forms.CharField(
                label="Name of the new list", initial=(row.new_name if row else "") or name, required=False
            )

    def clean(self) -> dict[str, Any]:
        """Each list must be there still."""
        found = super().clean() or {}
        if not self.errors:
            for name, problem in editing.check_lists(self.connection, self.chosen()).items():
                self.add_error(f"list_{self.app_lists.index(name)}", problem)
        return found

    def chosen(self) -> list[ListChoice]:
        """What was chosen, for `editing`."""
        return [
            ListChoice(name, self.cleaned_data[f"list_{number}"], self.cleaned_data.get(f"name_{number}", ""))
            for number, name in enumerate(self.app_lists)
        ]

    def save(self) -> None:
        """Keep the choices."""
        editing.save_lists(self.connection, self.chosen())

    def lines(self) -> list[dict[str, Any]]:
        """The rows with their bound fields, as the template draws them."""
        return [
            {
                "id": f"list-{number}",
                "name": name,
                "state": self.states[number],
                "choice": self[f"list_{number}"],
                "label": self[f"name_{number}"],
                "is_new": self[f"list_{number}"].value() == "new",
            }
            for number, name in enumerate(self.app_lists)
        ]


def _saved_choice(row: ListMapping) -> str:
    if row.ignored:
        return "ignored"
    return str(row.list_id) if row.list_id else "new"


class DeclareForm(forms.Form):
    """A field of the app that no file has shown yet."""

    name = forms.CharField(label="Name of the field in your app", max_length=200)

    def clean_name(self) -> str:
        """One line, not blank."""
        return " ".join(str(self.cleaned_data["name"]).split())
