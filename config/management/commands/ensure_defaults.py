"""Brings the deployment's own rows up to the settings: the test application at the simulator, the live one.

The simulator is told what the deployment has found out about the provider, so that test behaves like live.
"""

import json
from argparse import ArgumentParser
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from connections import environments, facts, provisioning
from connections.constantcontact.redaction import Secret
from connections.links import linking


class Command(BaseCommand):
    """`manage.py ensure_defaults`."""

    help = "Makes or updates the applications that link accounts: the simulator's for test, yours for live."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument(
            "--simulator-url", default=settings.ENV.SIMULATOR_URL, help="origin of the simulator"
        )
        parser.add_argument("--migrate", action="store_true", help="apply the migrations before")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; running it again changes nothing more."""
        if options["migrate"]:
            call_command("migrate", database="owner", interactive=False, verbosity=0)
        try:
            self._ensure(options)
        except environments.Misplaced as fault:
            raise CommandError(fault.fault) from None

    def _ensure(self, options: dict[str, Any]) -> None:
        if options["simulator_url"]:
            self._ensure_test(options["simulator_url"].rstrip("/"))
        live = provisioning.live_application()
        if live is not None:
            row = provisioning.ensure_application(live)
            self.stdout.write(f"live: {row.name}, redirect URI {linking.redirect_uri(row)}")

    def _ensure_test(self, origin: str) -> None:
        found = _ask(f"{origin}/_sim/apps")
        apps = found if isinstance(found, list) else found["apps"]
        app = apps[0]
        simulated = provisioning.simulated_application(origin, app["client_id"], Secret(app["client_secret"]))
        row = provisioning.ensure_application(simulated)
        address = linking.redirect_uri(row)
        if address not in app.get("redirect_uris", []):
            changed = {**app, "redirect_uris": [*app.get("redirect_uris", []), address]}
            _ask(f"{origin}/_sim/apps/{app['client_id']}", "PUT", changed)
        switches = facts.switches()
        if switches:
            _ask(f"{origin}/_sim/switches", "PUT", switches)
        self.stdout.write(f"test: {row.name} at {origin}")


def _ask(url: str, method: str = "GET", body: object = None) -> Any:  # Any: JSON
    data = json.dumps(body).encode() if body is not None else None
    request = Request(url, data=data, method=method, headers={"Content-Type": "application/json"})  # noqa: S310  # the operator's own address
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310  # the same
            return json.load(answer)
    except (URLError, ValueError) as error:
        raise CommandError(f"The simulator at {url} does not answer as it should: {error}") from None
