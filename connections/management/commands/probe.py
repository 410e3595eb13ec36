"""Settles on a linked account what Constant Contact's published pages leave open."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connections import facts
from connections.models import Connection
from connections.probing import probe


class Command(BaseCommand):
    """`manage.py probe`."""

    help = (
        "Asks a linked account what the provider's pages leave open, with at most 60 calls. With --write it also makes "
        "one scratch list with two addresses at a domain of yours, and clears them away. Answers are kept for this "
        "deployment: the planner, the client and the simulator go by them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which account, and how far the probe may go."""
        parser.add_argument("--connection", metavar="ID", help="The linked account, by its id.")
        parser.add_argument("--write", action="store_true", help="Also try what only a small change tells.")
        parser.add_argument(
            "--domain",
            default="",
            help="With --write: a domain of yours for the addresses, such as example.com.",
        )
        parser.add_argument(
            "--answer",
            action="append",
            default=[],
            metavar="POINT=ANSWER",
            help="Keep what you found out by hand; may be given several times.",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # Any: as Django calls it
        """Keep answers, ask, and say all of it."""
        self._keep(options["answer"])
        found: dict[str, str] = {}
        if options["connection"]:
            found = self._ask(options["connection"], options["write"], options["domain"].strip().lower())
        elif options["write"]:
            raise CommandError("--write needs --connection: the account in which to try.")
        self._rest(found)

    def _keep(self, answers: list[str]) -> None:
        for text in answers:
            name, sign, given = text.partition("=")
            if not sign:
                raise CommandError(f"{text} is not POINT=ANSWER.")
            try:
                facts.keep(name.strip(), given, "found out by hand", datetime.now(UTC))
            except facts.UnknownFact as error:
                raise CommandError(str(error)) from error

    def _ask(self, connection_id: str, write: bool, domain: str) -> dict[str, str]:
        if write and not re.fullmatch(r"(?=.{3,40}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", domain):
            raise CommandError("--write needs --domain with a domain of yours, 40 characters at most.")
        connection = _connection(connection_id)
        pool = connection.provider_app.pool
        quote = probe.quote(pool.calls_per_day, write=write)
        self.stdout.write(f"{connection}: {quote}.")
        report = probe.run(connection, domain=domain if write else "")
        for one in report.findings:
            fact = facts.BY_NAME[one.name]
            said = (
                f"could not be told: {one.evidence}"
                if one.answer is None
                else f"{one.answer!r} ({one.evidence})"
            )
            self.stdout.write(f"{fact.point:>2} {fact.question} {one.name}: {said}")
        self.stdout.write(f"{report.calls} calls.")
        if report.trouble:
            self.stderr.write(f"The probe ended early: {report.trouble}")
        return {one.name: one.answer for one in report.findings if one.answer is not None}

    def _rest(self, found: dict[str, str]) -> None:
        """What is still open, and how to find it out."""
        known = facts.found()
        for fact in facts.FACTS:
            if fact.name in found:
                continue
            if fact.name in known:
                self.stdout.write(
                    f"{fact.point:>2} {fact.question} {fact.name}: {known[fact.name]!r}, as kept"
                )
                continue
            ways = {"read": "Run the probe.", "write": "Run the probe with --write.", "hand": fact.how}
            self.stdout.write(
                f"{fact.point:>2} {fact.question} {fact.name}: open; {fact.likely!r} is assumed. {ways[fact.found]}"
            )


def _connection(text: str) -> Connection:
    try:
        wanted = UUID(text)
    except ValueError as error:
        raise CommandError(
            f"{text} is not the id of an account; its page and its address show it."
        ) from error
    rows = Connection.objects.using(facts.OPERATOR).select_related("provider_app__pool")
    connection = rows.filter(pk=wanted).first()
    if connection is None:
        raise CommandError(f"There is no linked account {wanted}.")
    return connection
