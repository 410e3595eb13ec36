"""What a grant writes: the place or the interval it takes, and every counter, in one statement before the call goes."""

import json
from dataclasses import dataclass

from connections.prepared import Prepared
from connections.quota import pools
from connections.quota.daybudget import SIDES
from connections.quota.fairshare import Allowance, Scheduler
from connections.quota.pools import Ledger, Pool
from connections.quota.tickets import Waiting

_CHARGE = Prepared(
    "charge",
    """
WITH slot AS (
    INSERT INTO connections_quotaslot AS s (pool_id, purpose, number, free_at, ticket)
    SELECT %(pool)s, %(purpose)s, %(place)s, to_timestamp(%(start)s::float8 + %(hold)s::float8), %(number)s
    WHERE %(place)s > 0
    ON CONFLICT (pool_id, purpose, number) DO UPDATE SET free_at = excluded.free_at, ticket = excluded.ticket
), day AS (
    INSERT INTO connections_quotaday AS d (pool_id, day, used)
    SELECT %(pool)s, %(day)s, 1 WHERE %(purpose)s = 'api'
    ON CONFLICT (pool_id, day) DO UPDATE SET used = d.used + 1
), hour AS (
    INSERT INTO connections_quotahour AS h (pool_id, hour, call_class, used, refused)
    SELECT %(pool)s, floor(%(start)s::float8 / 3600)::int, %(class)s, 1, 0 WHERE %(purpose)s = 'api'
    ON CONFLICT (pool_id, hour, call_class) DO UPDATE SET used = h.used + 1
), uses AS (
    INSERT INTO connections_quotause AS u
        (pool_id, day, tenant_id, environment_id, connection_id, call_class, purpose, used)
    SELECT %(pool)s, %(day)s, %(tenant)s, %(environment)s, %(connection)s,
        %(class)s, %(purpose)s, 1 WHERE %(tenant)s::uuid IS NOT NULL
    ON CONFLICT (pool_id, day, tenant_id, environment_id, connection_id, call_class, purpose)
        DO UPDATE SET used = u.used + 1
), share AS (
    INSERT INTO connections_quotashare AS s (pool_id, tenant_id, weight, day, persons, work, turns, allowance,
        allowance_at)
    SELECT %(pool)s, %(tenant)s, 1, %(day)s, %(person)s, %(work)s, %(turns)s::jsonb, %(allowance)s,
        to_timestamp(%(allowance_at)s::float8)
    WHERE %(tenant)s::uuid IS NOT NULL
    ON CONFLICT (pool_id, tenant_id) DO UPDATE SET day = excluded.day,
        persons = CASE WHEN s.day = excluded.day THEN s.persons ELSE 0 END + excluded.persons,
        work = CASE WHEN s.day = excluded.day THEN s.work ELSE 0 END + excluded.work,
        turns = s.turns || excluded.turns, allowance = excluded.allowance, allowance_at = excluded.allowance_at
), pool AS (
    UPDATE connections_quotapool SET state = %(state)s::jsonb, probe = %(probe)s,
        next_at = CASE WHEN %(next)s::float8 > 0 THEN to_timestamp(%(next)s::float8) ELSE next_at END
    WHERE id = %(pool)s
)
UPDATE connections_ticket SET starts_at = to_timestamp(%(start)s::float8), charged_at = to_timestamp(%(start)s::float8),
    taken_at = CASE WHEN %(taken)s THEN clock_timestamp() END
WHERE id = %(number)s
""",
)


@dataclass(slots=True)
class Charge:
    """One grant as it is written: the place or the interval, and every counter, in one statement."""

    ledger: Ledger
    pool: Pool
    row: Waiting
    start: float
    place: int
    hold: float

    def write(self, scheduler: Scheduler, rank: str, *, taken: bool) -> None:
        """Charge it, which ends the transaction."""
        asker, pool = self.row.asker, self.pool
        is_api = asker.purpose == "api"
        turns = scheduler.turns(rank, asker.tenant)
        allowance = Allowance(self.row.allowance, self.row.allowance_at)
        if allowance.tokens < 0:
            allowance = Allowance()
        if rank == "interactive":
            allowance.take(self.row.entered_at)
        self.ledger.last(
            _CHARGE,
            {
                "pool": pool.pk,
                "purpose": asker.purpose,
                "place": self.place,
                "start": self.start,
                "day": pools.day_of(self.start),
                "hold": self.hold,
                "number": self.row.number,
                "class": asker.call_class,
                "tenant": asker.tenant_id,
                "environment": asker.environment_id,
                "connection": asker.connection_id,
                "person": int(is_api and SIDES.get(asker.call_class) == "persons"),
                "work": int(is_api and SIDES.get(asker.call_class) == "work"),
                "turns": json.dumps(
                    {f"{asker.purpose} {rank}": [turns.finish, turns.stood, turns.served, turns.jobs]}
                ),
                "allowance": allowance.tokens,
                "allowance_at": allowance.at,
                "state": json.dumps(pool.state),
                "probe": pool.probe,
                "next": self.start + pool.step() if self.place == 0 else 0.0,
                "taken": taken,
            },
        )
