"""When a reading begins again, and how often it begins something again before it gives up."""

from typing import Any, Final

from mapping import mirror
from syncjobs.models import SyncJob
from syncjobs.queue import Claim, GaveUp

MOST_TRIES: Final = 3


def again(cursor: dict[str, Any], what: str, **changes: Any) -> dict[str, Any]:
    """The cursor of another try, counted; a thing that never works must not eat everybody's calls.

    Raises:
        GaveUp: it did not work often enough.
    """
    tries = cursor.get(what, 0) + 1
    if tries > MOST_TRIES:
        raise GaveUp("provider_unavailable", "Constant Contact could not tell who is in the account.")
    return {**cursor, what: tries, **changes}


def still_reads(claim: Claim, job: SyncJob) -> bool:
    """Whether this job is still the reader; one that was away too long begins again, and knows what it reads for.

    Inside the claim's transaction, in which it stays so.
    """
    if mirror.is_reader(job.connection, job.pk):
        return True
    names = ("total", "then", "verified", "read_by", "batch", "judged_at")
    kept = {name: job.cursor[name] for name in names if name in job.cursor}
    # What another has read says who is there, but not what has become of the calls before it.
    is_about_calls = "verified" in kept or "read_by" in kept
    stage, cursor = ("exporting", kept) if is_about_calls else ("counting", {})
    claim.advance(stage, cursor=cursor, note="another job has read meanwhile")
    return False
