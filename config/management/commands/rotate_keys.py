"""Seals every secret anew by the first key of SECRETS_KEYS, so that older keys can be taken off the ring."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connections import rotation


class Command(BaseCommand):
    """`manage.py rotate_keys`."""

    help = (
        "Seals every stored secret by the newest key. Run it after putting a new key first in SECRETS_KEYS."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it in small transactions; running it again goes on where it stopped."""
        report = rotation.rotate()
        self.stdout.write(f"{report.resealed} sealed anew, {report.current} were current already.")
        if report.stuck:
            raise CommandError(
                f"{len(report.stuck)} cannot be opened, so no key may be taken off the ring yet: "
                + "; ".join(report.stuck[:5])
            )
        self.stdout.write("Older keys may now be taken off SECRETS_KEYS.")
