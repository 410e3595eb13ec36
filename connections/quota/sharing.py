"""The plan of a pool's day, made from the ledger's rows and kept in the pool's own row until it is made again."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from connections.quota import pools, tickets
from connections.quota.daybudget import Claim, Part, Plan, make_plan, still_wanting
from connections.quota.forecast import WEEK_HOURS, WEEKS, History, wanted
from connections.quota.pacing import DAY_SECONDS, until_midnight
from connections.quota.pools import Ledger, Pool

KEPT_DAYS: Final = 400


def foreign_today(pool: Pool) -> int:
    """Calls of today that others are thought to make with the key: what was last seen, halved with each day since."""
    days = int(pool.now // DAY_SECONDS) - pool.foreign_day
    return int(pool.foreign_calls * 0.5 ** max(0, days))


def used_today(cursor: Ledger, pool: Pool) -> int:
    """Calls charged to the pool on the database's UTC day."""
    cursor.execute(
        "SELECT used FROM connections_quotaday WHERE pool_id = %s AND day = %s", [pool.pk, pool.today]
    )
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def token_calls_today(cursor: Ledger, pool: Pool) -> int:
    """Calls to the token endpoint that may cost the day, though no turn of it is given for them.

    Whether they do is open; until it is found out that they cost nothing, the day is planned as if they did.
    """
    cursor.execute(
        "SELECT coalesce(sum(used), 0) FROM connections_quotause WHERE pool_id = %s AND day = %s AND purpose = 'token' "
        "AND NOT EXISTS (SELECT FROM connections_providerfact WHERE name = %s AND answer = 'no')",
        [pool.pk, pool.today, "token_calls_count"],
    )
    return int(pools.one(cursor)[0])


def kept(pool: Pool) -> Plan | None:
    """The plan in the pool's row, if it still holds: neither its time nor a limit has changed."""
    found = _last(pool)
    if found is None or not found.holds(pool.now):
        return None
    known = pool.state["plan"]
    return found if (known["limit"], known["foreign"]) == (pool.per_day, foreign_today(pool)) else None


def _last(pool: Pool) -> Plan | None:
    found = pool.state.get("plan")
    if found is None:
        return None
    return Plan(
        found["at"], found["budget"], dict(found["kept"]), dict(found["levels"]), dict(found["wanting"])
    )


def keep(pool: Pool, plan: Plan) -> None:
    """Put the plan into the pool's state, to be written with it."""
    pool.state["plan"] = {
        "at": plan.at,
        "budget": plan.budget,
        "kept": plan.kept,
        "levels": plan.levels,
        "wanting": plan.wanting,
        "limit": pool.per_day,
        "foreign": foreign_today(pool),
    }


def write(cursor: Ledger, pool: Pool) -> None:
    """Write the pool's state."""
    cursor.execute(
        "UPDATE connections_quotapool SET state = %s::jsonb WHERE id = %s", [json.dumps(pool.state), pool.pk]
    )


def renewed(cursor: Ledger, pool: Pool, wanting: Sequence[tuple[str, str]]) -> Plan:
    """A new plan, in the state of the locked pool; `wanting` are (class, tenant) that take whatever they can get."""
    tickets.lost(cursor, pool)
    before = _last(pool)
    greedy = still_wanting(before, pool.now, [one for one in wanting if one[1]])
    parts = claims(cursor, pool, greedy)
    used, known = used_today(cursor, pool), history(cursor, pool)
    besides = foreign_today(pool) + token_calls_today(cursor, pool)
    plan = make_plan(pool.now, pool.per_day, besides, used, known, parts)
    plan.wanting = greedy
    if before is None or before.day != plan.day:
        _forget(cursor, pool)
    keep(pool, plan)
    return plan


def history(cursor: Ledger, pool: Pool) -> tuple[History, int]:
    """Calls by class and hour of the last weeks, the running one too, and the first hour that they cover."""
    hour = int(pool.now // 3600)
    cursor.execute(
        "SELECT call_class, hour, used, refused FROM connections_quotahour "
        "WHERE pool_id = %s AND hour BETWEEN %s AND %s",
        [pool.pk, hour - WEEKS * WEEK_HOURS, hour],
    )
    found: dict[str, dict[int, int]] = defaultdict(dict)
    since = hour
    for call_class, at, used, refused in cursor.fetchall():
        found[call_class][at] = wanted(used, refused, pool.per_day)
        since = min(since, at)
    return found, since


_CLAIMS = """
WITH before AS (
    SELECT tenant_id, coalesce(sum(used) FILTER (WHERE call_class = 'interactive'), 0) / 7.0::float8 AS persons,
        coalesce(sum(used) FILTER (WHERE call_class IN ('bulk', 'backfill')), 0) / 7.0::float8 AS work
    FROM connections_quotause WHERE pool_id = %(pool)s AND purpose = 'api'
        AND day BETWEEN %(today)s::date - 7 AND %(today)s::date - 1
    GROUP BY tenant_id
)
SELECT s.tenant_id, s.weight, CASE WHEN s.day = %(today)s THEN s.persons ELSE 0 END,
    CASE WHEN s.day = %(today)s THEN s.work ELSE 0 END, coalesce(b.persons, 0), coalesce(b.work, 0)
FROM connections_quotashare s LEFT JOIN before b ON b.tenant_id = s.tenant_id WHERE s.pool_id = %(pool)s
"""


def claims(cursor: Ledger, pool: Pool, wanting: Mapping[str, Mapping[str, float]]) -> list[Claim]:
    """Every tenant that has called today, wants to, or usually does."""
    values: dict[str, Any] = {"pool": pool.pk, "today": pool.today}
    cursor.execute(_CLAIMS, values)
    ahead = until_midnight(pool.now) / DAY_SECONDS
    persons, work = wanting.get("persons", {}), wanting.get("work", {})
    found = {}
    for row in cursor.fetchall():
        tenant, (weight, asked, worked, usual, usual_work) = str(row[0]), row[1:]
        mine = Part(asked, usual * ahead, tenant in persons)
        theirs = Part(worked, usual_work * ahead, tenant in work)
        if any((asked, worked, usual, usual_work, mine.wants, theirs.wants)):
            found[tenant] = Claim(tenant, weight, mine, theirs)
    for tenant in {*persons, *work} - set(found):  # whoever has no row here yet
        found[tenant] = Claim(tenant, 1, Part(wants=tenant in persons), Part(wants=tenant in work))
    return list(found.values())


def _forget(cursor: Ledger, pool: Pool) -> None:
    """Once a day: what no forecast and no page looks at any more."""
    hour = int(pool.now // 3600)
    cursor.execute(
        "DELETE FROM connections_quotahour WHERE pool_id = %s AND hour < %s",
        [pool.pk, hour - (WEEKS + 1) * WEEK_HOURS],
    )
    cursor.execute(
        "DELETE FROM connections_quotause WHERE pool_id = %s AND day < %s",
        [pool.pk, pool.today - timedelta(days=KEPT_DAYS)],
    )
