"""Was a call whose answer was lost accepted after all? A file's name tells; of other calls, their time and size.

None after two looks, a minute apart: it never arrived, and may go again once nobody's newer change is in its way.
Whether names come back is open: our own files in the listing show it, else the facts say it; where neither does, a
name is looked for first, and then time and size. An import that only these tell is one that somebody else may have
sent: the end of the job looks at the account before it says what became of its rows.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings

from connections import facts, gateway
from connections.constantcontact.shapes import Activity
from syncjobs import activities
from syncjobs.imports import sending
from syncjobs.models import Batch, SyncJob
from syncjobs.planner import IMPORTS, Kind
from syncjobs.queue import Claim

LOOKS: Final = 2
MOST_SENDINGS: Final = 3
# Between the provider's clock and ours, and between sending and arriving.
LEEWAY: Final = timedelta(minutes=1)
# Of a list's members some may be gone when the activity counts them.
LEAST_SHARE: Final = 0.9


def reconcile(claim: Claim) -> None:
    """One look at the account's activities for every call whose answer was lost."""
    client = gateway.open_client(claim.job.connection, "control", job_id=claim.job.pk)
    listed = [one for page in client.activities.pages() for one in page.items]
    with claim.transaction() as job:
        activities.heard(job, {one.activity_id: one for one in listed})
        owned = dict(Batch.objects.exclude(activity_id="").values_list("activity_id", "file_name"))
        echoed = names_come_back(listed, owned, facts.found().get("import_file_name"))
        guessed = list(job.options.get("guessed", []))
        for lost in Batch.objects.filter(job=job, state=Batch.State.SENT).defer("content"):
            found = of_call(lost, [one for one in listed if one.activity_id not in owned], echoed=echoed)
            if found is not None and lost.kind in IMPORTS and not _is_named(lost, found):
                guessed.append(lost.number)
            _note(job, lost, found)
        is_open = Batch.objects.filter(job=job, state=Batch.State.SENT).exists()
        claim.advance(
            "reconciling" if is_open else "sending",
            after_seconds=settings.ENV.RECONCILE_SECONDS if is_open else 0,
            options={**job.options, "guessed": guessed},
        )


def names_come_back(listed: Sequence[Activity], owned: Mapping[str, str], settled: str | None) -> bool | None:
    """Whether an import tells its file's name: as those do that are listed and ours, else as it was settled. Pure.

    `owned` has the names of our files by activity. None where neither tells.
    """
    seen = {one.source_file_name == owned[one.activity_id] for one in listed if owned.get(one.activity_id)}
    if len(seen) == 1:
        return seen.pop()
    return None if settled is None else settled == "echoed"


def _note(job: SyncJob, lost: Batch, found: Activity | None) -> None:
    lost.looked += 1
    if found is not None:
        sending.accept(job, lost, found)
    elif lost.looked >= LOOKS:
        # The same bytes again, after a look at who was changed meanwhile; or it is given up.
        lost.state = Batch.State.PLANNED if lost.sendings < MOST_SENDINGS else Batch.State.FAILED
    lost.save(update_fields=["state", "looked"])


def of_call(lost: Batch, listed: Sequence[Activity], *, echoed: bool | None) -> Activity | None:
    """The activity that a call became; `echoed` says whether files' names come back, as far as known. Pure."""
    if lost.file_name:
        named = next((one for one in listed if _is_named(lost, one)), None)
        if named is not None or echoed:
            return named
    since = (lost.sent_at or datetime.now(UTC)) - LEEWAY
    fitting = [one for one in listed if one.created_at and one.created_at >= since and _fits(lost, one)]
    return min(fitting, key=lambda one: one.created_at or since, default=None)


def _is_named(lost: Batch, one: Activity) -> bool:
    return bool(lost.file_name) and one.source_file_name == lost.file_name


def _fits(lost: Batch, one: Activity) -> bool:
    """Whether an activity counts what this call was about."""
    is_import = one.counters.person is not None
    total = one.counters.items_total or 0
    if lost.kind in IMPORTS:
        # A file's header counts; whatever has a name has not ours, which was looked for by itself.
        lines = lost.row_count + (lost.kind == Kind.IMPORT_CSV)
        return is_import and not one.source_file_name and total == lines
    if lost.kind == Kind.DELETE_SCRATCH:
        return not is_import and one.counters.items_total is None and one.counters.list == len(lost.list_ids)
    about_lists = lost.kind in {Kind.ADD_LISTS, Kind.REMOVE_LISTS, Kind.EMPTY_SCRATCH}
    least = lost.row_count * LEAST_SHARE if lost.kind != Kind.EMPTY_SCRATCH else 0
    return (
        not is_import
        and one.results_href is None  # an export counts alike
        and about_lists == (one.counters.list is not None)
        and least <= total <= max(lost.row_count, total if lost.kind == Kind.EMPTY_SCRATCH else 0)
    )
