"""Named points at which a process kills itself, so that tests can show that nothing is lost there.

The setting FAILPOINT=`name:hit` ends the process by SIGKILL when it passes the point for the so-many-th time.
Without it a point does nothing; production refuses to start with it.
"""

import os
import signal
from collections import Counter

from django.conf import settings

# How often each point was passed, counted only while the setting is given.
hits: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Pass the point of this name: `<stage>.before_commit`, `call.charged`, and so on."""
    wanted = settings.ENV.FAILPOINT
    if not wanted:
        return
    hits[name] += 1
    if wanted == f"{name}:{hits[name]}":
        os.kill(os.getpid(), signal.SIGKILL)
