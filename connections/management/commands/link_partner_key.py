"""Makes the connection of a partner's key, for Constant Contact's partner operations."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from connections import provisioning
from connections.constantcontact import errors
from connections.constantcontact.redaction import Secret
from connections.links import partnering
from connections.management.workspaces import scope_of


class Command(BaseCommand):
    """`manage.py link_partner_key`."""

    help = (
        "Makes a connection of a partner's key; calls to /api/custom/v3/partner/... go through it with an API token "
        "that has the scope partner. The secret is read from standard input. Again with the same client id: renews it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose key it is, and the key but for its secret."""
        parser.add_argument("--workspace", required=True, metavar="ID", help="The workspace it belongs to.")
        parser.add_argument("--environment", choices=["test", "live"], default="live")
        parser.add_argument("--client-id", required=True, help="The partner's client id.")
        parser.add_argument("--api-key", required=True, help="The API key that calls bear as x-api-key.")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: as Django calls it
        """Ask for its first token, and keep it."""
        scope = scope_of(options["workspace"], options["environment"])
        secret = Secret(sys.stdin.readline().strip())
        if not secret:
            raise CommandError("Give the partner's secret on standard input, in one line.")
        try:
            made = partnering.link(scope, options["client_id"], secret, Secret(options["api_key"]))
        except provisioning.NoEndpoints:
            raise CommandError(f"{scope.environment} has no provider to speak to.") from None
        except errors.ProviderError as error:
            raise CommandError(f"Constant Contact gave no token for this key: {error}") from error
        self.stdout.write(f"{made.account_name} is the connection {made.pk}.")
