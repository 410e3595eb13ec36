"""Takes over accounts that were linked elsewhere, from a file; one line says what became of each."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connections.links import bringing, broughtrows
from connections.links.broughtrows import Brought, Row
from connections.links.outcomes import OUTCOMES, Refused
from connections.management.workspaces import scope_of
from connections.models import Connection
from connections.scoping import Scope
from connections.spreadsheet import csv_line

HEADING: Final = ("line", "tenant_id", "outcome", "account", "integrated_account_id", "what to do")
# A turn that others had: it is waited for so often.
TRIES: Final = 5


class Command(BaseCommand):
    """`manage.py import_connections FILE`."""

    help = (
        "Takes over accounts that were linked elsewhere through the workspace's own application. FILE is CSV with the "
        "columns tenant_id, refresh_token and, if wanted, client_id and context (JSON), or one such JSON object a line "
        "(.ndjson, .jsonl). Each refresh token is proved by one renewal. Run it again after a failure: what was taken "
        "is not taken twice. Delete the file afterwards: it holds secrets."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and where its accounts belong."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--workspace", required=True, metavar="ID", help="The workspace they belong to.")
        parser.add_argument("--environment", choices=["test", "live"], default="live")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: as Django calls it
        """Read the whole file first, then take row after row."""
        scope = scope_of(options["workspace"], options["environment"])
        rows = _rows(options["file"])
        self.stdout.write(csv_line(HEADING), ending="")
        left = 0
        for row in _each_once(rows):
            outcome, connection, what = _become(scope, row)
            left += connection is None
            found = (connection.account_name, str(connection.pk)) if connection else ("", "")
            self.stdout.write(csv_line([row.line, row.customer_ref, outcome, *found, what]), ending="")
            self.stdout.flush()
        if left:
            raise CommandError(f"{left} of {len(rows)} rows were not taken; the lines above say why.")


def _become(scope: Scope, row: Row) -> tuple[str, Connection | None, str]:
    if row.brought is None:
        return "invalid", None, f"Line {row.line} {row.fault}."
    try:
        return "connected", _take(scope, row.brought), ""
    except Refused as refused:
        words = OUTCOMES[refused.code]
        return refused.code, None, f"{words.title}. {words.cure}"


def _take(scope: Scope, brought: Brought) -> Connection:
    for _ in range(TRIES - 1):
        try:
            return bringing.take(scope, brought)
        except Refused as refused:
            if refused.code != "no_turn":
                raise
            time.sleep(1.0)
    return bringing.take(scope, brought)


def _each_once(rows: list[Row]) -> Iterator[Row]:
    """A refresh token that stands twice in a file is somebody's slip: the second is not taken."""
    seen: dict[str, int] = {}
    for row in rows:
        token = row.brought.refresh_token.reveal() if row.brought else ""
        if token and token in seen:
            yield Row(row.line, row.customer_ref, None, f"has the refresh token of line {seen[token]}")
            continue
        seen[token] = row.line
        yield row


def _rows(path: Path) -> list[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            is_lines = path.suffix.lower() in {".ndjson", ".jsonl"}
            return list(broughtrows.of_lines(file) if is_lines else broughtrows.of_csv(file))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not UTF-8. Save it so, and run this again.") from None
    except broughtrows.NotReadable as error:
        raise CommandError(str(error)) from None
