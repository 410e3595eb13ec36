"""Driving an import over HTTP as a person without JavaScript would."""

import csv
import io
import time

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from config import demo
from syncjobs import queue, runner
from syncjobs.models import Batch, SyncJob

COLUMNS = ["Email", "First name", "Last name", "Plan", "Lists"]


def csv_file(rows, header=COLUMNS):
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


class Person:
    """Somebody who imports files into one account."""

    def __init__(self, world, user=None):
        self.world = world
        self.scope = world.scope(user)
        self.client = world.client(user or world.owner)
        self.connection = demo.link(self.scope)
        self.account = [self.scope.tenant_id, self.scope.environment, self.connection.pk]

    def upload(self, content, name="people.csv", **fields):
        file = SimpleUploadedFile(name, content, content_type="text/csv")
        return self.client.post(reverse("upload", args=self.account), {"file": file, **fields})

    def columns(self, address, choices):
        """Send the columns form with these choices by column name."""
        from mapping.models import AppField

        with self.scope.transaction():
            names = {row.name: row.pk.hex for row in AppField.objects.filter(connection=self.connection)}
        data = {}
        for name, key in names.items():
            choice, label, kind = (*choices.get(name, ("ignored",)), "", "")[:3]
            data |= {
                f"choice_{key}": choice,
                f"label_{key}": label or name[:50],
                f"type_{key}": kind or "string",
            }
        return self.client.post(address, data)

    def start(self, address, lists=(), everyone="", new_name="", permission="on"):
        data = {"everyone": everyone, "new_name": new_name, "permission": permission}
        for number, name in enumerate(lists):
            data |= {f"list_{number}": "new", f"name_{number}": name}
        return self.client.post(address, data)

    def run(self, content, choices, lists=(), everyone="", new_name="", **upload):
        """A whole import to its end; answers the job's row."""
        answer = self.upload(content, **upload)
        assert answer.status_code == 302, answer.content.decode()
        answer = self.columns(answer["Location"], choices)
        assert answer.status_code == 302, answer.content.decode()
        answer = self.start(answer["Location"], lists, everyone, new_name)
        assert answer.status_code == 302, answer.content.decode()
        job_id = answer["Location"].rstrip("/").rpartition("/")[2]
        return self.finish(job_id)

    def finish(self, job_id, seconds=40):
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            runner.run_due("test-worker", for_seconds=5)
            with self.scope.transaction():
                job = SyncJob.objects.get(pk=job_id)
            if job.state not in {"queued", "running", "waiting"}:
                return job
            time.sleep(0.1)
        raise AssertionError(f"the job is still {job.state} in {job.stage}: {job.explanation}")

    def rows(self, job, outcome):
        answer = self.client.get(
            reverse("job-rows-csv", args=[*self.account[:2], job.pk]) + f"?outcome={outcome}"
        )
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))


MAPPED = {
    "Email": ("standard:email",),
    "First name": ("standard:first_name",),
    "Last name": ("standard:last_name",),
    "Plan": ("new", "Plan"),
    "Lists": ("lists",),
}


def contacts(simulator, **query):
    found, path = {}, "/v3/contacts?limit=500&status=all&include=custom_fields,list_memberships"
    while path:
        page = simulator.get(path)
        found |= {one["email_address"]["address"]: one for one in page["contacts"]}
        path = page.get("_links", {}).get("next", {}).get("href")
    return found


def run_until(person, job_id, stage, stop_after_batches=None):
    """Step by step until the job comes to a stage, or until so many batches are out."""
    for _ in range(400):
        with person.scope.transaction():
            out = Batch.objects.filter(job_id=job_id).exclude(state="planned").count()
            if SyncJob.objects.get(pk=job_id).stage == stage or out == stop_after_batches:
                return
        claim = queue.claim_next("test-worker")
        if claim is None:
            time.sleep(0.05)
        else:
            runner.run_step(claim)
    raise AssertionError(f"never came to {stage}")
