"""Imports that lie ready: made through the product's own functions, due only when a test says so.

Runs inside the Patchbay that is tested (`manage.py shell`), not in the tests' own process.
"""

import json
from datetime import UTC, datetime, timedelta

GOOD, BAD, TWICE = 3_000, 5, 4
COLUMNS = ("Email", "First name", "Note", "Lists")


def address(name: str, number: int) -> str:
    """The address of a person of one import."""
    return f"person{number}@{name}.example"


def file_of(name: str, good: int = GOOD) -> bytes:
    """A file of so many people, a few lines that cannot be sent, and a few people whose line comes again."""
    lines = [",".join(COLUMNS)]
    lines += [f"not an address {number},Nobody,,Customers" for number in range(BAD)]
    lines += [f"{address(name, number)},Too early,,Customers" for number in range(TWICE)]
    lines += [
        f"{address(name, number)},Person {number},of {name},{'Customers;News' if number % 3 else 'Customers'}"
        for number in range(good)
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def park(*names: str, good: int = GOOD) -> None:
    """Link the demo's account and lay one import ready for each name; prints their ids as JSON."""
    from config import demo
    from mapping import editing
    from mapping.editing import FieldChoice, ListChoice
    from syncjobs.imports import plans, uploads
    from syncjobs.models import SyncJob

    user, _ = demo.person()
    scope = demo.scope_of(user)
    connection = demo.link(scope)
    made = {}
    with scope.transaction():
        fields = {row.name: row.pk for row in editing.declare(connection, COLUMNS)}
        chosen = {
            "Email": ("standard:email", ""),
            "First name": ("standard:first_name", ""),
            "Note": ("new", "string"),
            "Lists": ("lists", ""),
        }
        editing.save_fields(
            connection,
            [
                FieldChoice(fields[name], choice, name, kind or "string")
                for name, (choice, kind) in chosen.items()
            ],
        )
        editing.save_lists(connection, [ListChoice(name, "new", name) for name in ("Customers", "News")])
        for name in names:
            upload = uploads.store_stream(user, connection, f"{name}.csv", [file_of(name, good)], "auto")
            job = plans.start(connection, upload, everyone=[], user=user)
            SyncJob.objects.filter(pk=job.pk).update(not_before=datetime.now(UTC) + timedelta(days=1))
            made[name] = str(job.pk)
    print(json.dumps(made))
