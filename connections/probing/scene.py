"""The stage of one probe: its client, its calls counted by the log of calls, and what it has found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from connections import tenancy
from connections.constantcontact.client import Client
from connections.constantcontact.shapes import Activity
from connections.models import Connection, ProviderCall

MOST_CALLS: Final = 60
# Kept back for clearing away what was made.
CLEARING_CALLS: Final = 8
# Seconds before each look at an activity that is under way.
LOOKS: Final = (2.0, 4.0, 8.0, 16.0, 30.0, 60.0)
T = TypeVar("T")


class OutOfCalls(Exception):
    """The probe has made as many calls as it may; what it found so far stands."""


class NotSeen(Exception):
    """Something did not come about while the probe watched; the text says what."""


@dataclass(frozen=True)
class Finding:
    """One point: what it was found to be (None: it could not be told), and what shows it."""

    name: str
    answer: str | None
    evidence: str


@dataclass
class Scene:
    """One run on one connection. `wait` sleeps; `run_id` marks the calls in the log."""

    client: Client
    connection: Connection
    run_id: UUID
    wait: Callable[[float], None]
    now: Callable[[], datetime]
    findings: list[Finding] = field(default_factory=list)
    clearing: bool = False

    def spent(self) -> int:
        """Calls so far, retries included."""
        with tenancy.acting_for(self.connection.tenant_id, self.connection.environment_id):
            return ProviderCall.objects.filter(job_id=self.run_id, purpose="api").count()

    def call(self, make: Callable[[], T]) -> T:
        """One provider call.

        Raises:
            OutOfCalls: the limit of the probe is reached.
        """
        if self.spent() >= MOST_CALLS - (0 if self.clearing else CLEARING_CALLS):
            raise OutOfCalls
        return make()

    def found(self, name: str, answer: str | None, evidence: str) -> None:
        """Note a point."""
        self.findings.append(Finding(name, answer, evidence))

    def finish(self, activity: Activity) -> Activity:
        """Wait until a bulk job has ended, with ever fewer looks.

        Raises:
            NotSeen: it was still running after two minutes.
        """
        activity_id = activity.activity_id
        for seconds in LOOKS:
            if activity.is_finished:
                return activity
            self.wait(seconds)
            activity = self.call(lambda: self.client.activities.get(activity_id))
        if activity.is_finished:
            return activity
        raise NotSeen(f"a bulk job was still {activity.state} after two minutes")

    def delay_until(self, seen: Callable[[], bool], seconds: tuple[int, ...]) -> int | None:
        """The first of these delays, counted from now, at which something is seen; None if at none of them."""
        began = self.now()
        for delay in seconds:
            left = timedelta(seconds=delay) - (self.now() - began)
            if left > timedelta(0):
                self.wait(left.total_seconds() + 1.0)
            if seen():
                return delay
        return None
