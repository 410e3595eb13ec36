"""The columns of a file with their saved choice: which field each fills, or that it names lists or tags."""

from typing import Any

from connections.models import Connection
from mapping.models import FieldMapping
from syncjobs.imports import uploads
from syncjobs.models import Upload


def of_file(connection: Connection, upload: Upload) -> list[dict[str, Any]]:
    """The file's columns with their saved choice, in order. Inside the scope."""
    saved = {
        row.app_field.name: row
        for row in FieldMapping.objects.filter(connection=connection).select_related("app_field")
    }
    found = []
    for position, name in enumerate(uploads.facts(upload).header):
        row = saved.get(name[:200])
        found.append(
            {
                "position": position,
                "name": name,
                "kind": row.kind if row else "ignored",
                "target": row.target if row else "",
                "label": row.new_label if row else "",
                "type": row.new_type if row else "",
            }
        )
    return found


def positions(chosen: list[dict[str, Any]], kind: str) -> list[int]:
    """Where the columns of this kind stand."""
    return [one["position"] for one in chosen if one["kind"] == kind]
