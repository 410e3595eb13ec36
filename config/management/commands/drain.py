"""Runs due jobs, renews grants, sends messages and webhooks in this process, without broker or worker, to the end."""

import os
import socket
import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db.models import Min, Q

from connections import renewing
from connections.mail import delivery
from connections.models import Message
from syncjobs import runner, states, webhooksending
from syncjobs.models import SyncJob


class Command(BaseCommand):
    """`manage.py drain`."""

    help = (
        "Runs the jobs and sends the messages and webhooks that are due, in this process, until none is open: the "
        "way on when no worker answers. Safe beside workers: each step is claimed by one of them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--seconds", type=float, default=900.0, help="stop after this long (default 900)")
        parser.add_argument(
            "--patience",
            type=float,
            default=90.0,
            help="leave jobs that are not due within so many seconds to a later run (default 90)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until idle."""
        worker = f"drain@{socket.gethostname()}:{os.getpid()}"
        ends = time.monotonic() + options["seconds"]
        steps = sent = arrived = 0
        while time.monotonic() < ends:
            sent += delivery.send_due(for_seconds=max(0.0, min(10.0, ends - time.monotonic())))
            renewing.run_due(for_seconds=max(0.0, min(2.0, ends - time.monotonic())))
            steps += runner.run_due(worker, for_seconds=max(0.0, min(10.0, ends - time.monotonic())))
            arrived += webhooksending.send_due(for_seconds=max(0.0, min(10.0, ends - time.monotonic())))
            seconds = _seconds_to_next()
            if seconds is None:
                break
            if seconds > options["patience"]:
                self.stdout.write(
                    f"The next job, message or webhook is due in {seconds:.0f} seconds; leaving it."
                )
                break
            time.sleep(min(max(seconds, 0.05), 1.0))
        left = _open_jobs().count()
        self.stdout.write(f"{steps} steps run, {left} jobs still open.")
        waiting = _open_messages().count()
        if sent or waiting:
            self.stdout.write(f"{sent} message{'' if sent == 1 else 's'} sent, {waiting} still waiting.")
        on_their_way = webhooksending.waiting()
        if arrived or on_their_way:
            self.stdout.write(f"{arrived} webhook deliveries arrived, {on_their_way} still waiting.")


def _open_jobs() -> Any:  # Any: a queryset of the operators' role
    return SyncJob.objects.using("operator").filter(state__in=sorted(states.OPEN))


def _open_messages() -> Any:  # Any: the same of messages
    if settings.ENV.EMAIL_OFF:
        return Message.objects.none()
    return Message.objects.filter(state__in=[Message.State.QUEUED, Message.State.SENDING])


def _seconds_to_next() -> float | None:
    """Until the next job, message or webhook can be claimed: its time has come, or its worker's lease has run out."""
    now = datetime.now(UTC)
    waiting = _open_jobs().exclude(state="running").aggregate(first=Min("not_before"))["first"]
    leased = _open_jobs().filter(state="running").aggregate(first=Min("lease_until"))["first"]
    mails = _open_messages().aggregate(first=Min("not_before", filter=Q(state=Message.State.QUEUED)))["first"]
    sending = _open_messages().aggregate(first=Min("lease_until"))["first"]
    hooks = webhooksending.next_at()
    moments = [moment for moment in (waiting, leased, mails, sending, hooks) if moment is not None]
    return (min(moments) - now).total_seconds() if moments else None
