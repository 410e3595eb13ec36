"""What needs somebody, as sentences with one link each. Pure: what was found comes from `syncjobs.overview`."""

from dataclasses import dataclass

from django.urls import reverse

from connections import health
from connections.models import Connection
from connections.scoping import Scope
from syncjobs import jobwords, states
from syncjobs.models import SyncJob
from syncjobs.overview import Overview, Quota, Short


@dataclass(frozen=True)
class Need:
    """A glossary word, what it is about, the sentence, and where to go."""

    word: str
    about: str
    text: str
    label: str
    url: str


@dataclass(frozen=True)
class More:
    """How many more there are, and the list that shows them all."""

    label: str
    url: str


def listed(scope: Scope, found: Overview) -> list[Need]:
    """Accounts first, since their jobs wait for them; then jobs, then the limits."""
    return [
        *(_account(scope, row) for row in found.accounts.rows),
        *(_job(scope, row) for row in found.jobs.rows),
        *(_quota(scope, one) for one in found.quotas),
    ]


def more(scope: Scope, found: Overview) -> list[More]:
    """What did not fit."""
    lists = (
        (found.accounts, "account", f"{_url(scope, 'connections')}?health=reconnect"),
        (found.jobs, "job", f"{_url(scope, 'jobs')}?state=needs-somebody"),
    )
    return [More(_many_more(short, noun), url) for short, noun, url in lists if short.more]


def _many_more(short: Short, noun: str) -> str:
    least = "at least " if short.is_least else ""
    return f"And {least}{short.more:,} more {noun}{'' if short.more == 1 else 's'}"


def _account(scope: Scope, row: Connection) -> Need:
    state = health.of(row)
    if scope.may("connect"):
        label, url = "Reconnect", f"{_url(scope, 'connect')}?reconnect={row.pk}"
    else:
        label, url = "See the account", _url(scope, "connection", row.pk)
    return Need(state.word, str(row), state.sentence, label, url)


def _job(scope: Scope, row: SyncJob) -> Need:
    word, _ = states.words(row.state, row.rejected)
    about = f"{jobwords.of(row.kind, row.options).title} for {row.connection}"
    if row.state == SyncJob.State.DONE:
        text = f"{row.rejected:,} of {row.accepted:,} rows were rejected; each says why."
        url = f"{_url(scope, 'job-rows', row.pk)}?outcome=rejected"
        return Need(word, about, text, "See the rejected rows", url)
    return Need(word, about, row.explanation, "See the import", _url(scope, "job", row.pk))


def _quota(scope: Scope, one: Quota) -> Need:
    used = "Today's calls are used"
    if one.used is not None:
        used = f"{one.used:,} of today's {one.most:,} calls are used"
    if one.is_closed:
        text = f"{used}. What waits goes on by itself at 00:00 UTC."
    else:
        text = f"{used}. What is more waits until 00:00 UTC."
    return Need(
        "Late", f"Limit of {one.name}", text, "See what waits", f"{_url(scope, 'jobs')}?state=waiting"
    )


def _url(scope: Scope, name: str, *ids: object) -> str:
    return reverse(name, args=[scope.tenant_id, scope.environment, *ids])
