"""Proves that no audit was changed: walks every chain again, and says where the first fault of each is."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connections.audit import chaining
from connections.audit.chaining import Report


class Command(BaseCommand):
    """`manage.py verify_audit`."""

    help = (
        "Computes every hash of the audit again and compares. Write the printed heads down where nobody who runs "
        "this database can reach them: with --head they prove later that nothing before them was rewritten."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which chains, and heads that were noted."""
        parser.add_argument("--workspace", default="", help="Only this one: an id, or `deployment`.")
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="WORKSPACE:NUMBER:HASH",
            help="A head as this command printed it; may be given several times.",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # Any: as Django calls it
        """Every chain; ends with status 1 if there is a fault anywhere."""
        noted = _noted(options["head"])
        only = options["workspace"].strip().lower()
        broken = list(chaining.open_doors())
        for door in broken:
            self.stdout.write(f"Open: {door}.")
        seen = set()
        for report in chaining.chains(only):
            seen.add(report.chain)
            chaining.verify(report, noted.get(report.chain))
            self.stdout.write(_line(report))
            broken += [report.chain] if report.fault else []
        for chain in sorted(set(noted) | ({only} if only else set())):
            if chain not in seen and (not only or chain == only):
                self.stdout.write(f"{chain}: broken. The whole chain is missing.")
                broken.append(chain)
        if broken:
            raise CommandError(
                "The audit is not what was written. Keep this database as it is, and compare it with a backup."
            )


def _line(report: Report) -> str:
    if report.fault:
        return f"{report.name} ({report.chain}): broken. {report.fault[:1].upper()}{report.fault[1:]}."
    events = f"{report.events:,} event{'' if report.events == 1 else 's'}"
    dropped = f", {report.dropped:,} with details dropped" if report.dropped else ""
    return f"{report.name}: {events}{dropped}, unbroken. Head {report.chain}:{report.head}"


def _noted(heads: list[str]) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for head in heads:
        chain, _, rest = head.strip().lower().partition(":")
        seq, _, value = rest.partition(":")
        if not (chain and seq.isascii() and seq.isdigit() and len(value) == 64):
            raise CommandError(
                f"{head} is not a head. It is WORKSPACE:NUMBER:HASH, as this command prints it."
            )
        found.setdefault(chain, {})[int(seq)] = value
    return found
