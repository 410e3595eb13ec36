"""Lists, tags and custom fields that a program names, as ids of the account; what is missing is made, if it says so.

What the account is not known to have is looked up there once before it counts as missing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from connections import tenancy
from connections.constantcontact.client import Client
from connections.constantcontact.shapes.writing import ValueSent
from connections.models import Connection
from mapping import catalog
from mapping.models import RemoteField, RemoteList, RemoteTag
from mapping.unified import naming
from mapping.unified.naming import Changes, Field, Known, Named, Value
from mapping.unified.writing import Change, Unfit
from mapping.values import BadValue


@dataclass
class Resolver:
    """Finds what one body names in one account. `created` fills with what was made for it, by kind."""

    connection: Connection
    client: Client
    create_missing: bool = False
    created: dict[str, list[str]] = field(default_factory=dict)

    def lists(self, changes: Changes | None) -> Change | None:
        """A change of lists by ids. Raises Unfit."""
        return self._changed("lists", changes, self._known_lists, lambda: catalog.refresh(self.connection))

    def tags(self, changes: Changes | None) -> Change | None:
        """A change of tags by ids. Raises Unfit."""
        return self._changed("tags", changes, self._known_tags, lambda: catalog.refresh_tags(self.connection))

    def fields(self, wanted: Mapping[str, Value]) -> dict[str, ValueSent | None]:
        """Values by the custom field's id. Raises Unfit."""
        if not wanted:
            return {}
        known = self._known_fields()
        if any(naming.field_of(known, name) is None for name in wanted):
            catalog.refresh(self.connection)
            known = self._known_fields()
        missing = [name for name in wanted if naming.field_of(known, name) is None]
        self._make_fields({name: wanted[name] for name in missing})
        known = self._known_fields() if missing else known
        found, failures = dict[str, ValueSent | None](), []
        for name, value in wanted.items():
            place = naming.field_of(known, name)
            if place is None:  # another name was given to it there
                raise Unfit([(f"custom_fields.{name}", "could not be found after it was made")])
            try:
                found[place.id] = naming.sent(place, value)
            except BadValue as bad:
                failures.append((f"custom_fields.{name}", str(bad)))
        if failures:
            raise Unfit(failures)
        return found

    def _make_fields(self, missing: Mapping[str, Value]) -> None:
        failures = []
        for name, value in missing.items():
            place = f"custom_fields.{name}"
            if not self.create_missing:
                failures.append(
                    (place, "the account has no such custom field; make it, or send create_missing")
                )
            elif not naming.kind_of(value):
                failures.append((place, "cannot be made from this value; make it in the account first"))
            elif len(name) > 50:
                failures.append((place, "a custom field's name has at most 50 characters"))
        if failures:
            raise Unfit(failures)
        for name, value in missing.items():
            row = catalog.create_field(self.connection, self.client, name, naming.kind_of(value))
            self._note("custom_fields", row.name)

    def _changed(
        self, kind: str, changes: Changes | None, read: Callable[[], Known], refresh: Callable[[], None]
    ) -> Change | None:
        if changes is None:
            return None
        known = read()
        if known.unknown(changes.everything()):
            refresh()
            known = read()
        missing = known.unknown(changes.wanted())
        self._refuse(kind, [*known.unknown(changes.remove)], "there is none to take away")
        by_id = [one for one in missing if one.id]
        self._refuse(kind, by_id, "the account has none of this id")
        if not self.create_missing:
            self._refuse(kind, missing, "the account has none of this name; make it, or send create_missing")
        for one in missing:
            self._make(kind, one)
        return changes.found(read() if missing else known)

    def _make(self, kind: str, one: Named) -> None:
        if not 1 <= len(one.name) <= 255:
            raise Unfit([(one.place, "a name has 1 to 255 characters")])
        if kind == "lists":
            catalog.create_list(self.connection, self.client, one.name)
        else:
            catalog.create_tag(self.connection, self.client, one.name)
        self._note(kind, one.name)

    def _refuse(self, kind: str, unknown: Iterable[Named], words: str) -> None:
        if failures := [(one.place, f"{str(one)[:80]!r}: {words}") for one in unknown]:
            raise Unfit(failures)

    def _note(self, kind: str, name: str) -> None:
        self.created.setdefault(kind, []).append(name)

    def _known_lists(self) -> Known:
        with tenancy.acting_for(self.connection.tenant_id, self.connection.environment_id):
            rows = RemoteList.objects.filter(connection=self.connection).values_list("list_id", "name")
            return Known({str(key): name for key, name in rows})

    def _known_tags(self) -> Known:
        with tenancy.acting_for(self.connection.tenant_id, self.connection.environment_id):
            rows = RemoteTag.objects.filter(connection=self.connection).values_list("tag_id", "name")
            return Known({str(key): name for key, name in rows})

    def _known_fields(self) -> list[Field]:
        with tenancy.acting_for(self.connection.tenant_id, self.connection.environment_id):
            rows = RemoteField.objects.filter(connection=self.connection)
            return [
                Field(str(row.custom_field_id), row.name, row.label, row.type, row.choice_ids) for row in rows
            ]
