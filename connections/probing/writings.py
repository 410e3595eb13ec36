"""What only a small change tells: one scratch list, two addresses at a domain of the operator's, cleared away after.

Nobody is written to who was there before, and nothing is sent to the addresses by us.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from connections.constantcontact.errors import NotFound, ProviderError
from connections.constantcontact.shapes import Activity, Chosen, Contact
from connections.probing import readings
from connections.probing.scene import NotSeen, OutOfCalls, Scene

SCRATCH: Final = "Patchbay probe (may be deleted)"
_BAD_ADDRESS: Final = "not-an-address"
# Times are shown in seconds: a change must fall into a later one to be told apart.
_APART_SECONDS: Final = 1.5


class Trial:
    """The scratch list and who was put on it."""

    def __init__(self, scene: Scene, domain: str, stamp: str) -> None:
        self.scene = scene
        self.short = f"probe-{stamp}@{domain}"
        self.long = f"{f'probe-{stamp}-'.ljust(60 - len(domain) - 1, 'x')}@{domain}"
        self.stamp = stamp
        self.list_id = ""
        self.tag_id = ""
        self.made_tag = False
        self.people: list[str] = []

    def run(self) -> None:
        """All of it; what cannot be told is found as None by whoever called."""
        scene, client = self.scene, self.scene.client
        lists = scene.call(client.lists.all)
        for old in (one for one in lists if one.name.startswith(SCRATCH)):  # a probe that was cut short
            self._delete_list(old.list_id)
        self.list_id = scene.call(lambda: client.lists.create(f"{SCRATCH} {self.stamp}")).list_id
        person = self._first_import()
        self._lag(person)
        self._joining(person)
        self._tagging(person)
        self._deleting(person)
        readings.export(scene, [one.name for one in lists], deleted=self.short)
        self._coming_back(person)

    def clear(self) -> None:
        """Take away what was made; the addresses stay known there as deleted, which no call can undo."""
        self.scene.clearing = True
        for step in (self._clear_people, self._clear_tag, self._clear_list):
            with suppress(ProviderError, OutOfCalls):
                step()

    def _clear_people(self) -> None:
        contacts = self.scene.client.contacts
        if not self.people:  # cut short before anybody was looked up
            found = self.scene.call(lambda: contacts.page(lists=[self.list_id])) if self.list_id else None
            self.people = [one.contact_id for one in found.items] if found else []
        for contact_id in self.people:
            with suppress(NotFound):
                self._delete_contact(contact_id)

    def _delete_contact(self, contact_id: str) -> None:
        self.scene.call(lambda: self.scene.client.contacts.delete(contact_id))

    def _clear_tag(self) -> None:
        if self.made_tag:
            self.scene.call(lambda: self.scene.client.tags.delete(self.tag_id))

    def _clear_list(self) -> None:
        if self.list_id:
            self._delete_list(self.list_id)

    def _delete_list(self, list_id: str) -> None:
        self.scene.call(lambda: self.scene.client.lists.delete(list_id))

    def _import(self, name: str, rows: list[str]) -> Activity:
        content = "".join(f"{row}\r\n" for row in ["email", *rows]).encode()
        made = self.scene.call(lambda: self.scene.client.activities.import_csv(name, content, [self.list_id]))
        return self.scene.finish(made)

    def _first_import(self) -> Contact:
        """Three rows, one of them bad: the file's name, the long address, the words about the bad row."""
        scene, name = self.scene, f"pb-probe-{self.stamp}.csv"
        done = self._import(name, [self.short, self.long, _BAD_ADDRESS])
        echoed = done.source_file_name == name
        text = f"the activity says {done.source_file_name!r} for {name!r}"
        scene.found("import_file_name", "echoed" if echoed else "absent", text)
        long = scene.call(lambda: scene.client.contacts.find(self.long))
        self.people += [long.contact_id] if long else []
        text = f"an address of {len(self.long)} characters was {'taken' if long else 'not taken'}"
        scene.found("import_email_length", "80" if long else "50", text)
        said = " ".join(done.errors)
        by = "counts_only"
        if _BAD_ADDRESS in said:
            by = "by_address"
        elif re.search(r"\bline\s*\d", said, re.IGNORECASE):
            by = "by_line"
        scene.found("import_error_texts", by, f"of one bad row among three it says: {said or 'nothing'}")
        person = scene.call(lambda: scene.client.contacts.find(self.short))
        if person is None:
            raise NotSeen("the imported address is not there")
        self.people.append(person.contact_id)
        return person

    def _lag(self, person: Contact) -> None:
        at = _time(person)

        def seen() -> bool:
            client = self.scene.client
            page = self.scene.call(
                lambda: client.contacts.page(status="all", updated_after=at, lists=[self.list_id])
            )
            return any(one.contact_id == person.contact_id for one in page.items)

        delay = self.scene.delay_until(seen, (0, 60, 120, 180))
        text = f"seen after {delay} s" if delay is not None else "not seen within three minutes"
        self.scene.found("index_lag_seconds", str(delay) if delay is not None else None, text)

    def _joining(self, person: Contact) -> None:
        """Leaving a list, and joining it again."""
        activities, source = self.scene.client.activities, Chosen(contact_ids=(person.contact_id,))
        self._moves(
            "lists_move_updated_at",
            person,
            lambda: activities.remove_list_memberships(source, [self.list_id]),
        )

    def _tagging(self, person: Contact) -> None:
        client = self.scene.client
        tags = self.scene.call(client.tags.all)
        if tags:
            self.tag_id = tags[0].tag_id
        else:
            self.tag_id = self.scene.call(lambda: client.tags.create(f"{SCRATCH} {self.stamp}")).tag_id
            self.made_tag = True
        source = Chosen(contact_ids=(person.contact_id,))
        self._moves(
            "tags_move_updated_at",
            person,
            lambda: client.activities.contacts_taggings_add(source, [self.tag_id]),
        )

    def _moves(self, name: str, person: Contact, change: Callable[[], Activity]) -> None:
        """Whether a change made by a bulk job moves the contact's own time."""
        before = _time(self._read(person))
        self.scene.wait(_APART_SECONDS)
        self.scene.finish(self.scene.call(change))
        moved = _time(self._read(person)) > before
        text = "updated_at moved with it" if moved else "updated_at stayed as it was"
        self.scene.found(name, "yes" if moved else "no", text)

    def _deleting(self, person: Contact) -> None:
        scene, client = self.scene, self.scene.client
        before = _time(self._read(person))
        scene.wait(_APART_SECONDS)
        self._delete_contact(person.contact_id)
        moved = _time(self._read(person)) > before
        text = "updated_at moved with it" if moved else "updated_at stayed as it was"
        scene.found("delete_moves_updated_at", "yes" if moved else "no", text)

        def gone() -> bool:
            page = scene.call(lambda: client.contacts.page(email=self.short))
            return not page.items

        delay = scene.delay_until(gone, (0, 60))
        text = f"gone from the list after {delay} s" if delay is not None else "still listed after a minute"
        scene.found("delete_lag_seconds", str(delay) if delay is not None else None, text)

    def _coming_back(self, person: Contact) -> None:
        self._import(f"pb-probe-{self.stamp}-again.csv", [self.short])
        there = self._read(person)
        back = there.deleted_at is None
        text = "a deleted contact was there again after an import" if back else "it stayed deleted"
        self.scene.found("import_revives_deleted", "yes" if back else "no", text)

    def _read(self, person: Contact) -> Contact:
        return self.scene.call(lambda: self.scene.client.contacts.get(person.contact_id))


def _time(contact: Contact) -> datetime:
    if contact.updated_at is None:
        raise NotSeen("a contact came without updated_at")
    return contact.updated_at
