"""The first run's demo, with its progress on the terminal: link an account, import 5,000 people, say what it took."""

import json
import os
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import demo
from connections.models import ProviderCall
from connections.scoping import Scope
from syncjobs import states
from syncjobs.models import JobStep, SyncJob

BAR = 32
STAGES = (
    "preparing",
    "reading",
    "matching",
    "counting",
    "asking_deleted",
    "comparing",
    "batching",
    "sending",
)
PATIENCE_SECONDS = 300.0
WORKER_SECONDS = 20.0


class Command(BaseCommand):
    """`manage.py demo`."""

    help = "Makes the demo workspace on an empty database, imports the sample, and shows how it goes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument(
            "--ready-json", type=Path, help="file for address, password, token and account id"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing, then wait for the import's end."""
        user, password = demo.person()
        scope = demo.scope_of(user)
        token = demo.new_token(scope)
        try:
            connection = demo.link(scope)
        except demo.DemoTrouble as trouble:
            raise CommandError(str(trouble)) from None
        self.stdout.write(f"Linked: {connection.account_name} ({connection.account_email})")
        job = demo.start_import(scope, connection)
        self._follow(scope, job)
        if options["ready_json"]:
            ready = {
                "email": user.email,
                "password": password,
                "api_token": token.reveal(),
                "integrated_account_id": str(connection.pk),
            }
            _write_private(options["ready_json"], json.dumps(ready))

    def _follow(self, scope: Scope, job: SyncJob) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        nobody_came = time.monotonic() + WORKER_SECONDS
        shown = ""
        while time.monotonic() < ends:
            with scope.transaction():
                job = SyncJob.objects.get(pk=job.pk)
            line = _bar(job)
            if line != shown and sys.stdout.isatty():
                self.stdout.write(f"\r{line}", ending="")
                self.stdout.flush()
            shown = line
            if job.state not in states.OPEN or (job.started_at is None and time.monotonic() > nobody_came):
                break
            time.sleep(0.2)
        self.stdout.write(f"{chr(13) if sys.stdout.isatty() else ''}{_bar(job)}")
        self._outcome(scope, job)

    def _outcome(self, scope: Scope, job: SyncJob) -> None:
        if job.started_at is None:
            self.stdout.write(
                "The import waits: no worker has taken it. `python3 manage.py drain` runs it without one."
            )
            return
        if job.state != SyncJob.State.DONE:
            self.stdout.write(
                f"The import is {job.get_state_display().lower()}: {job.explanation or job.stage}"
            )
            return
        with scope.transaction():
            calls = ProviderCall.objects.filter(connection_id=job.connection_id, purpose="api").count()
            workers = JobStep.objects.filter(job=job).values_list("worker", flat=True).distinct()
            names = ", ".join(sorted({name.rpartition(":")[0] for name in workers}))
        sent = job.created + job.updated + job.unchanged
        self.stdout.write(
            f"{sent:,} of {job.accepted:,} people are at Constant Contact (the simulator): {job.created:,} created, "
            f"{job.updated:,} updated, {job.unchanged:,} unchanged, {job.skipped:,} skipped, "
            f"{job.rejected:,} rejected; {calls} provider calls, linking included."
        )
        self.stdout.write(f"Every step was run by {names}.")


def _bar(job: SyncJob) -> str:
    """How far the import is, by stages: a bar that never claims more than was done."""
    reached = STAGES.index(job.stage) if job.stage in STAGES else len(STAGES)
    share = 1.0 if job.state == SyncJob.State.DONE else reached / (len(STAGES) + 1)
    filled = round(BAR * share)
    return f"Importing [{'#' * filled}{'.' * (BAR - filled)}] {round(share * 100):3}%  {job.stage:<16}"


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
