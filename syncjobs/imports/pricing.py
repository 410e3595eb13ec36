"""The price of a job that knows the account: exact where a quote before the start had to guess."""

from django.conf import settings

from connections import facts
from connections.models import QuotaPool
from syncjobs import activities, planner, spending
from syncjobs.imports import weighing
from syncjobs.imports.quoting import Quote
from syncjobs.models import SyncJob
from syncjobs.planner import Kind
from syncjobs.planner.quoting import rounds as rounds_of
from syncjobs.polling import Pace


def of_plan(job: SyncJob, made: planner.Plan, pages: int, *, more: int = 0) -> Quote:
    """The price of a job that has read the account: what it has spent, what its plan takes, and `more`.

    Inside the scope.
    """
    pool = QuotaPool.objects.get(apps=job.connection.provider_app_id)
    rounds = rounds_of(made)
    ahead = weighing.calls_of(made, pages) + rounds + more
    calls = spending.calls_of([job]).get(job.pk, 0) + ahead
    slope = activities.seconds_for_thousand(Kind.IMPORT_CSV, facts.found())
    a_round = Pace.guess(settings.ENV.ACTIVITY_SECONDS, slope).predict(job.accepted)
    seconds = ahead / pool.calls_per_second + rounds * a_round
    day = pool.calls_per_day
    return Quote(job.accepted, calls, rounds, 100 * calls / day, seconds, made.uses_scratch, day)
