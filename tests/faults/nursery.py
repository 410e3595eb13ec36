"""Workers that may be killed: one fork a worker, from a process that has everything imported and no connection open.

Runs beside the tests (`python -m tests.faults.nursery`), on their database. Reads one JSON object a line: the
failpoint, and how many seconds the worker may take; answers one: how it ended, how often it passed each point, and
what it took of memory and of the processor.
"""

import json
import os
import resource
import sys
import time
import traceback


def work(failpoint: str, seconds: float) -> dict[str, object]:
    """Run what is due until no job is open, as `manage.py drain` does, and say which points were passed."""
    from django.conf import settings

    from connections import failpoints
    from syncjobs import runner, states
    from syncjobs.imports import quoting
    from syncjobs.models import SyncJob

    settings.ENV.FAILPOINT = failpoint
    # Small enough for a tiny account to have several, as its batches are.
    quoting.PAGE = int(os.environ.get("NURSERY_PAGE", quoting.PAGE))
    ends = time.monotonic() + seconds
    while SyncJob.objects.using("operator").filter(state__in=sorted(states.OPEN)).exists():
        if not runner.run_due(f"nursery:{os.getpid()}", for_seconds=5.0):
            time.sleep(0.02)
        if time.monotonic() > ends:
            return {"late": True, "hits": dict(failpoints.hits)}
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "late": False,
        "hits": dict(failpoints.hits),
        "peak_bytes": usage.ru_maxrss * 1024,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
    }


def in_child(failpoint: str, seconds: float) -> dict[str, object]:
    """The same in a fork of its own; `killed` says that a signal ended it."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reads)
        try:
            said = work(failpoint, seconds)
        except BaseException:
            said = {"fault": traceback.format_exc()}
        with os.fdopen(writes, "w") as out:
            json.dump(said, out)
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as said_there:
        text = said_there.read()
    _, status = os.waitpid(pid, 0)
    return {"killed": os.WIFSIGNALED(status), **(json.loads(text) if text else {})}


def main() -> None:
    """Fork for each line until there are no more."""
    import django

    django.setup()
    from config import urls  # noqa: F401  # all of the product, before the first fork

    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(in_child(asked["failpoint"], asked["seconds"])), flush=True)


if __name__ == "__main__":
    main()
