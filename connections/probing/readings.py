"""What reading alone tells: bounds of a window, an export's columns, how long imports have taken."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from connections.constantcontact.errors import NotFound, NotReady
from connections.constantcontact.shapes import Activity, Contact
from connections.probing.scene import NotSeen, Scene

LARGEST_EXPORT_BYTES = 64 * 1024**2
_SEPARATORS = ("; ", ", ", "|")


def window(scene: Scene) -> None:
    """Is the bound of updated_after included? Asked about one contact that has long been as it is."""
    before = scene.now() - timedelta(minutes=10)
    page = scene.call(lambda: scene.client.contacts.page(limit=1, status="all", updated_before=before))
    contact = page.items[0] if page.items else None
    if contact is None or contact.updated_at is None:
        scene.found("window_bounds", None, "the account holds nobody who was there ten minutes ago")
        return
    shown = contact.updated_at

    def holds(after: datetime, end: datetime) -> bool:
        found = scene.call(
            lambda: scene.client.contacts.page(status="all", updated_after=after, updated_before=end)
        )
        return any(one.contact_id == contact.contact_id for one in found.items)

    if holds(shown, shown):
        scene.found("window_bounds", "inclusive", "a window that is one moment long holds its contact")
        return
    # Left out by its bound, or kept finer than it is shown: the earliest end that holds it tells its true moment.
    low, high = 0, 1_000
    while high - low > 1:
        middle = (low + high) // 2
        end = shown + timedelta(milliseconds=middle)
        low, high = (low, middle) if holds(shown - timedelta(seconds=1), end) else (middle, high)
    end = shown + timedelta(milliseconds=high)
    if holds(end, end):
        scene.found("window_bounds", "inclusive", "a window that is one moment long holds its contact")
    else:
        scene.found("window_bounds", "exclusive", "a window's own bounds leave a contact out")


def export(scene: Scene, list_names: Sequence[str], deleted: str = "") -> None:
    """Which columns an export has, and whether it holds somebody who was deleted (`deleted`, an address)."""
    fields = scene.call(scene.client.custom_fields.all)
    started = scene.call(scene.client.activities.export)
    rows = list(csv.reader(io.StringIO(_download(scene, scene.finish(started)))))
    header = rows[0] if rows else []
    names = [_plain(name) for name in header]
    shown = f"the columns are {', '.join(header)}"[:500]
    scene.found("export_contact_id", "present" if "contactid" in names else "absent", shown)
    has_tags = any(name in {"tags", "tag", "taggings", "contacttags"} for name in names)
    scene.found("export_tags", "present" if has_tags else "absent", shown)
    wanted = {_plain(text) for one in fields for text in (one.label, one.name)}
    if fields:
        there = wanted & set(names)
        scene.found("export_custom_fields", "present" if there else "absent", shown)
    else:
        scene.found("export_custom_fields", None, "the account has no custom field")
    _separator(scene, rows, names, list_names)
    _removed(scene, rows, names, deleted)


def _download(scene: Scene, activity: Activity) -> str:
    href = activity.results_href
    if href is None:
        raise NotSeen("an export ended without a link to its file")

    def read() -> bytes:
        with scene.client.activities.download(href, max_bytes=LARGEST_EXPORT_BYTES) as chunks:
            return b"".join(chunks)

    try:
        return scene.call(read).decode("utf-8-sig")
    except (NotFound, NotReady) as error:
        raise NotSeen("the file of a finished export is not there") from error


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _separator(scene: Scene, rows: list[list[str]], names: list[str], list_names: Sequence[str]) -> None:
    column = next((at for at, name in enumerate(names) if name in {"emaillists", "lists", "listnames"}), None)
    simple = [name for name in list_names if not re.search(r"[;,|]", name)]
    for row in rows[1:] if column is not None else []:
        cell = row[column] if column is not None and column < len(row) else ""
        for separator in _SEPARATORS:
            parts = cell.split(separator)
            if len(parts) > 1 and all(part in simple for part in parts):
                scene.found("export_list_separator", separator, f"a cell holds {len(parts)} lists")
                return
    scene.found("export_list_separator", None, "nobody in the export is on two lists with plain names")


def _removed(scene: Scene, rows: list[list[str]], names: list[str], deleted: str) -> None:
    if not deleted:
        gone = scene.call(lambda: scene.client.contacts.page(limit=1, status="deleted")).items
        deleted = _address(gone[0]) if gone else ""
    column = next((at for at, name in enumerate(names) if name in {"emailaddress", "email"}), None)
    if not deleted or column is None:
        scene.found("export_includes_removed", None, "nobody was ever deleted in this account")
        return
    there = any(len(row) > column and row[column].strip().lower() == deleted.lower() for row in rows[1:])
    text = "somebody who was deleted is in it" if there else "somebody who was deleted is not in it"
    scene.found("export_includes_removed", "yes" if there else "no", text)


def _address(contact: Contact) -> str:
    return contact.email_address.address if contact.email_address else ""


def import_speed(scene: Scene) -> None:
    """How long this account's own imports of the last ten days took, by their own times."""
    listed = scene.call(lambda: scene.client.activities.page(limit=500)).items
    seconds, people = 0.0, 0
    for one in listed:
        if one.is_completed and one.counters.person and one.started_at and one.completed_at:
            seconds += (one.completed_at - one.started_at).total_seconds()
            people += one.counters.person
    if people < 1_000:
        scene.found("import_seconds_per_1000", None, f"only {people} people were imported in ten days")
        return
    text = f"{people:,} people in {seconds:.0f} s of the imports of the last ten days"
    scene.found("import_seconds_per_1000", f"{seconds / people * 1000:.3f}", text)
