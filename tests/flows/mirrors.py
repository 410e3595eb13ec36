"""Reading an account into the mirror over the whole way, and looking at what it holds."""

import json
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from mapping.models import MirrorContact, MirrorState
from syncjobs import runner
from syncjobs.mirroring import starting
from syncjobs.models import SyncJob


def at_provider(simulator, method, path, body=None):
    """A call of the account's own user, outside the product."""
    data = json.dumps(body).encode() if body is not None else None
    for _ in range(30):
        request = Request(f"{simulator.url}{path}", method=method, data=data)
        request.add_header("Authorization", f"Bearer {simulator.token()}")
        request.add_header("Content-Type", "application/json")
        try:
            with urlopen(request, timeout=10) as answer:
                return json.loads(answer.read() or b"null")
        except HTTPError as error:
            if error.code != 429:
                raise
            time.sleep(0.3)
    raise AssertionError("the provider refused every try")


def create(simulator, email, permission="implicit", **more):
    """A contact made at the provider."""
    wish = {"email_address": {"address": email, "permission_to_send": permission}, "create_source": "Account"}
    return at_provider(simulator, "POST", "/v3/contacts", wish | more)


def finish(person, job_id, seconds=30):
    """Run what is due until this job is over; a wait of its own is not waited out."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        runner.run_due("test-worker", for_seconds=2)
        waiting = SyncJob.objects.using("operator").filter(pk=job_id, state="waiting")
        waiting.update(not_before="2026-01-01T00:00:00Z")
        with person.scope.transaction():
            job = SyncJob.objects.get(pk=job_id)
        if job.state not in {"queued", "running", "waiting"}:
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job is still {job.state} in {job.stage}: {job.explanation}")


def linked(person):
    """The reading that follows the link, to its end."""
    with person.scope.transaction():
        job = SyncJob.objects.get(kind="mirror")
    return finish(person, job.pk)


def age(person):
    """Make the mirror too old to be compared with."""
    with person.scope.transaction():
        MirrorState.objects.update(read_at="2026-01-01T00:00:00Z")


def read(person):
    """Read the account again, to the end."""
    age(person)
    with person.scope.transaction():
        job = starting.request(person.connection)
    return finish(person, job.pk)


def mirrored(person):
    """What the mirror holds, by address."""
    with person.scope.transaction():
        return {one.email_key: one for one in MirrorContact.objects.all()}


def paths(simulator, since=0):
    """The provider calls since a place in the journal: method and path, ids left out."""
    found = [(call["method"], call["path"]) for call in simulator.calls()[since:]]
    return [f"{method} /{'/'.join(path.split('/')[2:4])}" for method, path in found]
