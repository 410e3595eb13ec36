"""Forms of the mapping pages: one choice for each app field, one for each app list, one for each app tag."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from connections.models import Connection
from mapping import editing, fields
from mapping.editing import FieldChoice, ListChoice, Row, TagChoice
from mapping.models import AppField, ListMapping, RemoteField, RemoteList, RemoteTag, TagMapping

Choices = list[tuple[str, Any]]
GONE = "The custom field that this filled is no longer in the account."


def field_choices(remote: Sequence[RemoteField]) -> Choices:
    """The places an app field can go, grouped."""
    custom = [
        (
            f"custom:{row.custom_field_id}",
            f"{row.label} ({fields.CUSTOM_TYPES.get(row.type, row.type).lower()})",
        )
        for row in remote
    ]
    standard = [(f"standard:{place.column}", place.label) for place in fields.STANDARD.values()]
    found: Choices = [("ignored", "Not sent"), ("Standard fields", standard)]
    if custom:
        found.append(("Custom fields of this account", custom))
    more = [
        ("new", "A new custom field"),
        ("lists", "Names the lists a person is on"),
        ("tags", "Names the tags a person has"),
    ]
    return [*found, ("More", more)]


class FieldMapForm(forms.Form):
    """One select a field, and name and kind for those that become new custom fields."""

    def __init__(
        self,
        connection: Connection,
        app_fields: Sequence[AppField],
        data: Any = None,
        samples: dict[str, list[str]] | None = None,
    ) -> None:
        """`samples` is a few values by the field's name."""
        super().__init__(data)
        self.connection = connection
        remote = list(RemoteField.objects.filter(connection=connection))
        self.rows = editing.rows(connection, app_fields, remote, samples or {})
        choices = field_choices(remote)
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


def list_choices(remote: Sequence[RemoteList]) -> Choices:
    """The lists an app list can fill."""
    there = [(str(row.list_id), row.name) for row in remote]
    return [
        ("new", "A new list"),
        *([("Lists of this account", there)] if there else []),
        ("ignored", "No list"),
    ]


class NameMapForm(forms.Form):
    """One select for each name that the app gives: what it fills, or becomes. See ListMapForm and TagMapForm."""

    what = ""

    def __init__(
        self,
        names: Sequence[str],
        choices: Choices,
        saved: dict[str, tuple[str, str]],
        there: dict[str, str],
        data: Any = None,
    ) -> None:
        """`saved` is choice and new name by folded name; `there` the id of what is there under it."""
        super().__init__(data)
        self.names = list(names)
        self.states: list[str] = []
        for number, name in enumerate(self.names):
            choice, new_name = saved.get(name.casefold(), (there.get(name.casefold(), "new"), ""))
            self.states.append("set" if name.casefold() in saved else "suggested")
            self.fields[self._key(number)] = forms.ChoiceField(label=name, choices=choices, initial=choice)
            self.fields[self._name_key(number)] = forms.CharField(
                label=f"Name of the new {self.what}", initial=new_name or name, required=False
            )

    def _key(self, number: int) -> str:
        return f"{self.what}_{number}"

    def _name_key(self, number: int) -> str:
        return f"name_{number}" if self.what == "list" else f"{self.what}_name_{number}"

    def problems(self) -> dict[str, str]:
        """What is wrong with the choices, by name."""
        raise NotImplementedError  # each form of the two says its own

    def clean(self) -> dict[str, Any]:
        """Each must be there still."""
        found = super().clean() or {}
        if not self.errors:
            for name, problem in self.problems().items():
                self.add_error(self._key(self.names.index(name)), problem)
        return found

    def answers(self) -> list[tuple[str, str, str]]:
        """Name, choice and new name of each."""
        return [
            (
                name,
                self.cleaned_data[self._key(number)],
                self.cleaned_data.get(self._name_key(number), ""),
            )
            for number, name in enumerate(self.names)
        ]

    def standing(self) -> list[tuple[str, str, str]]:
        """The same as it stands on the page: before it is sent, and where it is not valid."""
        return [
            (
                name,
                str(self[self._key(number)].value() or "new"),
                str(self[self._name_key(number)].value() or ""),
            )
            for number, name in enumerate(self.names)
        ]

    def lines(self) -> list[dict[str, Any]]:
        """The rows with their bound fields, as the template draws them."""
        return [
            {
                "id": f"{self.what}-{number}",
                "name": name,
                "state": self.states[number],
                "choice": self[self._key(number)],
                "target": f"Contact {self.what} for {name}" if self.what == "list" else f"Tag for {name}",
                "label": self[self._name_key(number)],
                "is_new": self[self._key(number)].value() == "new",
            }
            for number, name in enumerate(self.names)
        ]


class ListMapForm(NameMapForm):
    """One select for each app list."""

    what = "list"

    def __init__(
        self, connection: Connection, app_lists: Sequence[str] | None = None, data: Any = None
    ) -> None:
        """`app_lists` None: those that were mapped before."""
        self.connection = connection
        mapped = list(ListMapping.objects.filter(connection=connection))
        app_lists = [row.app_list for row in mapped] if app_lists is None else app_lists
        saved = {row.app_list.casefold(): (_saved_choice(row), row.new_name) for row in mapped}
        lists = list(RemoteList.objects.filter(connection=connection))
        there = {row.name.casefold(): str(row.list_id) for row in lists}
        super().__init__(app_lists, list_choices(lists), saved, there, data)

    def problems(self) -> dict[str, str]:
        """See NameMapForm."""
        return editing.check_lists(self.connection, [ListChoice(*one) for one in self.answers()])

    def save(self) -> None:
        """Keep the choices."""
        editing.save_lists(self.connection, [ListChoice(*one) for one in self.answers()])


def tag_choices(remote: Sequence[RemoteTag]) -> Choices:
    """The tags an app tag can become."""
    there = [(str(row.tag_id), row.name) for row in remote]
    return [
        ("new", "A new tag"),
        *([("Tags of this account", there)] if there else []),
        ("ignored", "No tag"),
    ]


class TagMapForm(NameMapForm):
    """One select for each app tag."""

    what = "tag"

    def __init__(
        self, connection: Connection, app_tags: Sequence[str] | None = None, data: Any = None
    ) -> None:
        """`app_tags` None: those that were mapped before."""
        self.connection = connection
        mapped = list(TagMapping.objects.filter(connection=connection))
        app_tags = [row.app_tag for row in mapped] if app_tags is None else app_tags
        saved = {row.app_tag.casefold(): (_saved_choice(row), row.new_name) for row in mapped}
        tags = list(RemoteTag.objects.filter(connection=connection))
        there = {row.name.casefold(): str(row.tag_id) for row in tags}
        super().__init__(app_tags, tag_choices(tags), saved, there, data)

    def problems(self) -> dict[str, str]:
        """See NameMapForm."""
        return editing.check_tags(self.connection, [TagChoice(*one) for one in self.answers()])

    def save(self) -> None:
        """Keep the choices."""
        editing.save_tags(self.connection, [TagChoice(*one) for one in self.answers()])


def _saved_choice(row: ListMapping | TagMapping) -> str:
    if row.ignored:
        return "ignored"
    found = row.list_id if isinstance(row, ListMapping) else row.tag_id
    return str(found) if found else "new"


class DeclareForm(forms.Form):
    """A field of the app that no file has shown yet."""

    name = forms.CharField(label="Name of the field in your app", max_length=200)

    def clean_name(self) -> str:
        """One line, not blank."""
        return " ".join(str(self.cleaned_data["name"]).split())
