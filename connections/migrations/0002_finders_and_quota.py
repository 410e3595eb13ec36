"""Functions of the ground floor: finding a workspace by what a request brings, and the quota's one statement."""

from django.db import migrations

FINDERS = """
CREATE FUNCTION find_memberships(person bigint) RETURNS TABLE (tenant_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT m.tenant_id FROM connections_membership m WHERE m.user_id = person ORDER BY m.created_at, m.id;
    PERFORM set_config('app.finding', '', true);
END
$$;
CREATE FUNCTION find_api_key(public_prefix text) RETURNS TABLE (tenant_id uuid, environment_id uuid, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT k.tenant_id, k.environment_id, k.id FROM connections_apikey k WHERE k.prefix = public_prefix;
    PERFORM set_config('app.finding', '', true);
END
$$;
CREATE FUNCTION find_link_state(state_digest bytea) RETURNS TABLE (tenant_id uuid, environment_id uuid, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT s.tenant_id, s.environment_id, s.id FROM connections_linkstate s WHERE s.digest = state_digest;
    PERFORM set_config('app.finding', '', true);
END
$$;
"""

# One short transaction a call: lock the pool's row, look at the day, take a slot, charge. All times are the
# database's. Answers one row: granted, wait_seconds, reason, slot number.
QUOTA = """
CREATE FUNCTION quota_admit(the_pool uuid, the_purpose text, the_ticket uuid, hold_seconds double precision)
    RETURNS TABLE (granted boolean, wait_seconds double precision, reason text) LANGUAGE plpgsql AS $$
DECLARE
    pool connections_quotapool%ROWTYPE;
    moment timestamptz;
    today date;
    midnight timestamptz;
    places integer;
    place connections_quotaslot%ROWTYPE;
    spent integer;
BEGIN
    SELECT * INTO STRICT pool FROM connections_quotapool WHERE id = the_pool FOR UPDATE;
    moment := clock_timestamp();
    today := (moment AT TIME ZONE 'UTC')::date;
    midnight := ((today + 1)::timestamp AT TIME ZONE 'UTC');
    IF the_purpose = 'api' AND pool.closed_until IS NOT NULL AND pool.closed_until > moment THEN
        RETURN QUERY SELECT false, extract(epoch FROM pool.closed_until - moment)::double precision, 'quota_exceeded';
        RETURN;
    END IF;
    places := CASE the_purpose WHEN 'api' THEN pool.calls_per_second ELSE pool.token_calls_per_second END;
    SELECT * INTO place FROM connections_quotaslot
        WHERE pool_id = the_pool AND purpose = the_purpose AND number <= places ORDER BY free_at, number LIMIT 1;
    IF NOT FOUND OR (SELECT count(*) FROM connections_quotaslot
            WHERE pool_id = the_pool AND purpose = the_purpose AND number <= places) < places THEN
        INSERT INTO connections_quotaslot (pool_id, purpose, number, free_at)
            SELECT the_pool, the_purpose, n, moment FROM generate_series(1, places) n ON CONFLICT DO NOTHING;
        SELECT * INTO place FROM connections_quotaslot
            WHERE pool_id = the_pool AND purpose = the_purpose AND number <= places ORDER BY free_at, number LIMIT 1;
    END IF;
    IF place.free_at > moment THEN
        RETURN QUERY SELECT false, extract(epoch FROM place.free_at - moment)::double precision, 'pace';
        RETURN;
    END IF;
    IF the_purpose = 'api' THEN
        INSERT INTO connections_quotaday AS d (pool_id, day, used) VALUES (the_pool, today, 1)
            ON CONFLICT (pool_id, day) DO UPDATE SET used = d.used + 1 WHERE d.used < pool.calls_per_day
            RETURNING d.used INTO spent;
        IF spent IS NULL THEN
            RETURN QUERY SELECT false, extract(epoch FROM midnight - moment)::double precision, 'quota_exceeded';
            RETURN;
        END IF;
    END IF;
    UPDATE connections_quotaslot SET ticket = the_ticket, charged_on = today, free_at = moment + make_interval(secs => hold_seconds)
        WHERE id = place.id;
    RETURN QUERY SELECT true, 0::double precision, ''::text;
END
$$;

CREATE FUNCTION quota_settle(the_pool uuid, the_purpose text, the_ticket uuid, delivered boolean)
    RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day_charged date;
BEGIN
    UPDATE connections_quotaslot
        SET ticket = NULL, free_at = clock_timestamp() + CASE WHEN delivered THEN interval '1 second' ELSE interval '0' END
        WHERE pool_id = the_pool AND purpose = the_purpose AND ticket = the_ticket
        RETURNING charged_on INTO day_charged;
    IF FOUND AND NOT delivered AND the_purpose = 'api' THEN
        UPDATE connections_quotaday SET used = used - 1
            WHERE pool_id = the_pool AND day = day_charged AND used > 0;
    END IF;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("connections", "0001_initial")]

    operations = [
        migrations.RunSQL(
            FINDERS,
            "DROP FUNCTION find_memberships(bigint); DROP FUNCTION find_api_key(text); DROP FUNCTION find_link_state(bytea);",
        ),
        migrations.RunSQL(
            QUOTA,
            "DROP FUNCTION quota_settle(uuid, text, uuid, boolean); "
            "DROP FUNCTION quota_admit(uuid, text, uuid, double precision);",
        ),
    ]
