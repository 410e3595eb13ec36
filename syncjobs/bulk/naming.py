"""What the rows name: lists, tags and custom fields found in the account's catalogue, which is read again where
somebody is named whom it does not know; what is missing has a stand-in until it is made (`making`)."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from mapping import catalog, fields
from mapping.fields import Place
from mapping.models import FieldMapping, RemoteField, RemoteList, RemoteTag
from syncjobs.bulk import places
from syncjobs.imports import plans
from syncjobs.models import SyncJob
from syncjobs.queue import Claim

# A name that was read longer ago is looked for again: it may have been renamed, or deleted.
OLD: Final = timedelta(hours=24)


def name(claim: Claim) -> None:
    """One reading of the catalogue a step, and none where everything is known."""
    with claim.transaction() as job:
        found = _Found(job)
        read = job.cursor.get("read", [])
        wanted = next((one for one in found.to_read() if one not in read), "")
        if not wanted:
            claim.advance("translating", cursor={"line": 0}, options={**job.options, **found.options()})
            return
    if wanted == "tags":
        catalog.refresh_tags(claim.job.connection, "bulk", claim.job.pk)
    else:
        catalog.refresh(claim.job.connection, "bulk", claim.job.pk)
    with claim.transaction():
        claim.advance("naming", cursor={"read": [*read, wanted]})


class _Found:
    """What the rows name, by what is known of the account. Inside the scope."""

    def __init__(self, job: SyncJob) -> None:
        self.job = job
        self.uses = job.options["uses"]
        old = datetime.now(UTC) - OLD
        lists = list(RemoteList.objects.filter(connection=job.connection))
        tags = list(RemoteTag.objects.filter(connection=job.connection))
        self.fields = list(RemoteField.objects.filter(connection=job.connection))
        self.lists = _by_reference([(str(one.list_id), one.name) for one in lists])
        self.tags = _by_reference([(str(one.tag_id), one.name) for one in tags])
        self.custom = {
            key.casefold(): one
            for one in self.fields
            for key in (str(one.custom_field_id), one.label, one.name)
        }
        self.is_old = {
            "catalog": any(one.read_at < old for one in lists)
            or any(one.read_at < old for one in self.fields),
            "tags": any(one.read_at < old for one in tags),
        }
        self.missing: list[dict[str, str]] = []

    def to_read(self) -> list[str]:
        """Which parts of the catalogue do not know everybody, or are old."""
        uses = self.uses
        named = bool(uses["lists"] or uses["custom"])
        unknown = any(_key(one) not in self.lists for one in uses["lists"]) or any(
            one.casefold() not in self.custom for one in uses["custom"]
        )
        found = ["catalog"] if unknown or (named and self.is_old["catalog"]) else []
        untagged = any(_key(one) not in self.tags for one in uses["tags"])
        old = uses["tags"] and self.is_old["tags"]
        # Whoever is to have some tags and no others may have any of them.
        return [*found, "tags"] if untagged or old or uses["set_tags"] else found

    def options(self) -> dict[str, Any]:
        """As the job keeps it: each reference with its id, or nothing where there is none."""
        lists = {one: self._id("list", one, self.lists) for one in self.uses["lists"]}
        tags = {one: self._id("tag", one, self.tags) for one in self.uses["tags"]}
        found = [plans.standard("email"), *(places.PLACES[one] for one in self.uses["columns"])]
        custom: dict[str, str] = {}
        for label in self.uses["custom"]:
            place = self._custom(label)
            custom[label.casefold()] = place.column if place else ""
            if place and all(place.column != one.column for one in found):
                found.append(place)
        return {
            "lists_named": lists,
            "tags_named": tags,
            "fields_named": custom,
            "missing": self.missing,
            "made": [],
            "columns": [
                {
                    "position": at,
                    "name": one.column,
                    "kind": "bulk",
                    "target": one.column,
                    "place": asdict(one),
                }
                for at, one in enumerate(found)
            ],
            "json_only": any(one.column in places.MORE_PLACES for one in found),
        }

    def _id(self, kind: str, reference: str, known: dict[str, str]) -> str:
        if (found := known.get(_key(reference))) is not None:
            return found
        how, _, text = reference.partition(":")
        if how == "id" or not self.job.options["create_missing"]:
            return ""
        stand_in = str(uuid5(NAMESPACE_OID, f"{self.job.pk}:{kind}:{text.casefold()}"))
        if all(one["stand_in"] != stand_in for one in self.missing):
            self.missing.append({"kind": kind, "name": text, "stand_in": stand_in})
        return stand_in

    def _custom(self, label: str) -> Place | None:
        row = self.custom.get(label.casefold())
        if row is not None:
            column = fields.custom_column(row.name)
            return Place(column, row.label, row.type, fields.CUSTOM_LONGEST, tuple(row.choices))
        if not self.job.options["create_missing"]:
            return None
        kind = self._type_of(label)
        column = fields.custom_column(f"{self.job.pk.hex}:{label.casefold()}")
        self.missing.append({"kind": "custom_field", "name": label, "stand_in": column, "type": kind})
        return Place(column, label, kind, fields.CUSTOM_LONGEST)

    def _type_of(self, label: str) -> str:
        """As the app's own field of this name is to be made, else text."""
        mapped = FieldMapping.objects.filter(
            connection=self.job.connection, kind="new", app_field__name__iexact=label
        ).first()
        kind = mapped.new_type if mapped else ""
        return kind if kind in fields.CUSTOM_TYPES else "string"


def _by_reference(rows: list[tuple[str, str]]) -> dict[str, str]:
    return {f"name:{name}".casefold(): one for one, name in rows} | {f"id:{one}": one for one, _ in rows}


def _key(reference: str) -> str:
    return reference.casefold() if reference.startswith("name:") else reference
