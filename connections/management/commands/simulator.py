"""`manage.py simulator`: the stand-in provider in a process of its own."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from connections.simulator import command


class Command(BaseCommand):
    """Runs the simulator. It needs neither the database nor the broker."""

    help = "Run a stand-in for Constant Contact's V3 API."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        command.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(command.run(argparse.Namespace(**options)))
