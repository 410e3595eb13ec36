"""Looks at a deployment and names the cure of every fault it finds; says nothing where all is sound."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from config.doctor import catalog
from config.doctor.findings import Options, Result
from config.doctor.running import SECONDS, Run
from connections import provisioning


class Command(BaseCommand):
    """`manage.py doctor`."""

    help = (
        "Checks what a deployment needs: address and proxy, database, broker, workers, mail, Constant Contact, keys, "
        "disks. Silent and 0 where all is sound; else each fault with its cure, and 1."
    )
    # They are among what is looked at; failing them must not keep the doctor away.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--verbose", action="store_true", help="also say what was looked at, like -v 2")
        parser.add_argument("--json", action="store_true", help="everything as one JSON object")
        parser.add_argument(
            "--redirect-uri", action="store_true", help="only print what to enter at Constant Contact"
        )
        parser.add_argument(
            "--http-port", type=int, help="port of plain http, where PUBLIC_URL has a port of its own"
        )
        parser.add_argument(
            "--web-processes", type=int, default=2, help="web server processes of the deployment (2)"
        )
        parser.add_argument(
            "--seconds", type=float, default=SECONDS, help=f"how long a check may take ({SECONDS:.0f})"
        )
        parser.add_argument("--mail-to", default="", metavar="ADDRESS", help="also send a test message there")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, and tell."""
        if options["redirect_uri"]:
            self.stdout.write(provisioning.live_redirect_uri())
            return
        # A check asks once or twice; its own time must not run out before it can say who did not answer.
        answer_seconds = options["seconds"] * 0.6
        told = Options(options["http_port"], options["web_processes"], options["mail_to"], answer_seconds)
        results = Run(catalog.CHECKS, told, options["seconds"]).results()
        sound = not any(result.faults for result in results)
        if options["json"]:
            self.stdout.write(
                json.dumps({"sound": sound, "checks": [_as_json(one) for one in results]}, indent=2)
            )
        else:
            self._tell(results, verbose=options["verbose"] or options["verbosity"] > 1)
        if not sound:
            raise SystemExit(1)

    def _tell(self, results: list[Result], *, verbose: bool) -> None:
        for result in results:
            for fault in result.faults:
                self.stdout.write(f"{result.check.name}\n  found  {fault.found}\n  cure   {fault.cure}\n")
            if verbose and not result.faults:
                words = result.left_out or result.check.looks_at
                self.stdout.write(f"{result.check.name}: {result.state}. {words}")
            if verbose:
                for note in result.notes:
                    self.stdout.write(f"  {note}")


def _as_json(result: Result) -> dict[str, object]:
    return {
        "check": result.check.name,
        "state": result.state,
        "faults": [{"found": fault.found, "cure": fault.cure} for fault in result.faults],
        "notes": list(result.notes),
        "left_out": result.left_out,
        "seconds": round(result.seconds, 3),
    }
