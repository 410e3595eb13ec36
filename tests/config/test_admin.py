"""The operators' site: who enters, what every page shows and never shows, and what its verbs do."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connections as databases
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connections.calllog import CallFor
from connections.models import (
    ApiKey,
    AuditEvent,
    Connection,
    ConnectionToken,
    Environment,
    Membership,
    Message,
    ProviderApp,
    ProviderCall,
    QuotaDay,
    QuotaPool,
    QuotaShare,
    Tenant,
    User,
)
from connections.programs import keys
from connections.quota import permits
from syncjobs.models import ImportRow, JobStep, SyncJob, Upload, UploadChunk
from tests.world import World, confirm

MODELS = (
    Tenant,
    User,
    ApiKey,
    ProviderApp,
    Connection,
    QuotaPool,
    QuotaShare,
    ProviderCall,
    SyncJob,
    Upload,
    Message,
    AuditEvent,
)
CANARY = "canary-7f3e"


def page(model: Any, name: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def fill(world: World, user: Any, mark: str) -> SyncJob:
    """One of everything in a person's workspace, with a canary in whatever must never be shown."""
    connection = world.connection(user, name=f"{mark} Bakery")
    scope = world.scope(user)
    now = datetime.now(UTC)
    place = {"tenant_id": scope.tenant_id, "environment_id": scope.environment_id}
    with scope.transaction():
        Connection.objects.filter(pk=connection.pk).update(last_error=f"{mark} error", linked_by=user)
        ConnectionToken.objects.update(access_sealed=f"{CANARY}-access", refresh_sealed=f"{CANARY}-refresh")
        environment = Environment.objects.get(pk=scope.environment_id)
        key, _ = keys.create(environment, f"{mark} key", scopes=[keys.EVERYTHING])
        ApiKey.objects.filter(pk=key.pk).update(digest=f"{CANARY}-digest".encode())
        job = SyncJob.objects.create(
            **place,
            connection=connection,
            kind="import",
            idempotency_key=f"{mark} job {SyncJob.objects.count()}",
            stage="send",
            options={"secret": f"{CANARY}-options"},
            cursor={"secret": f"{CANARY}-cursor"},
            not_before=now + timedelta(days=1),
            accepted=1,
        )
        for number in range(3):
            JobStep.objects.create(
                **place, job=job, stage="send", fence=number, worker=f"{mark}-worker", started_at=now
            )
        ImportRow.objects.create(**place, job=job, line=2, email=f"{CANARY}@row.test", values={"x": CANARY})
        app = ProviderApp.objects.get(tenant=None)
        QuotaShare.objects.get_or_create(tenant_id=scope.tenant_id, pool_id=app.pool_id)
        ProviderCall.objects.create(
            **place,
            connection_id=connection.pk,
            job_id=job.pk,
            call_class="bulk",
            sent_at=now,
            host="provider.localhost",
            method="GET",
            path=f"/v3/{mark}",
            status=200,
            outcome="answered",
        )
        upload = Upload.objects.create(
            **place,
            connection=connection,
            file_name=f"{mark}.csv",
            size=10,
            sha256="0" * 64,
            facts={"first": [f"{CANARY}-facts"]},
            uploaded_by=user,
        )
        UploadChunk.objects.create(**place, upload=upload, offset=0, content=f"{CANARY}-content".encode())
    Message.objects.create(
        kind="invitation",
        to=f"{mark}@people.test",
        subject=f"{mark} subject",
        body_sealed=f"{CANARY}-body",
        state="kept",
        not_before=now,
    )
    ProviderApp.objects.using("operator").update(client_secret_sealed=f"{CANARY}-client-secret")
    User.objects.filter(pk=user.pk).update(password=f"{CANARY}$password")
    user.refresh_from_db()
    return job


@pytest.fixture
def jobs(world: World) -> tuple[SyncJob, SyncJob]:
    """A job in each of two workspaces, with all that surrounds them."""
    return fill(world, world.owner, "Alpha"), fill(world, world.stranger, "Omega")


@pytest.fixture
def operator(world: World, jobs: Any) -> Client:
    """A signed-in operator who belongs to no workspace."""
    person = User.objects.create_user("operator@people.test", "correct horse 9", is_staff=True)
    confirm(person)
    client = world.client(person)
    client.get("/accounts/logout/")  # the first request of a session notes where it is
    return client


def every_page() -> list[str]:
    """Home, app pages, and for every model its list, each row, each row's history, and the form to add one."""
    found = [reverse("admin:index")]
    for label in ("connections", "syncjobs"):
        found.append(reverse("admin:app_list", args=[label]))
    for model in MODELS:
        found.append(page(model, "changelist"))
        rows = list(model._default_manager.using("operator").values_list("pk", flat=True))
        assert rows, model
        for pk in rows:
            found += [page(model, "change", pk), page(model, "history", pk)]
    return [*found, page(QuotaPool, "add"), reverse("admin:jsi18n")]


def state_of(job: SyncJob) -> SyncJob:
    return SyncJob.objects.using("operator").get(pk=job.pk)


def test_registered_pages_are_exactly_ours(operator: Client) -> None:
    assert set(admin.site._registry) == set(MODELS)  # what installed packages register stays out


def test_every_page_answers_operators(operator: Client) -> None:
    for address in every_page():
        answer = operator.get(address)
        assert answer.status_code == 200, address
        assert ">None<" not in answer.content.decode(), address
        if answer["Content-Type"].startswith("text/html"):
            assert "Times are UTC" in answer.content.decode(), address


def test_a_row_of_a_list_is_opened_by_words(operator: Client) -> None:
    """A link inside a link is none: browsers end the outer one before it, and nothing is left of it to press."""
    for model in MODELS:
        table = operator.get(page(model, "changelist")).content.decode()
        first = re.search(
            rf'<a href="{page(model, "changelist")}[^"]+/change/[^"]*">(.*?)</a>', table, re.DOTALL
        )
        assert first is not None, model
        assert first[1].strip() and "<a" not in first[1], model


def test_nothing_is_added_or_deleted_elsewhere(operator: Client) -> None:
    for model in MODELS:
        pk = model._default_manager.using("operator").values_list("pk", flat=True)[0]
        assert operator.get(page(model, "delete", pk)).status_code == 403, model
        if model is not QuotaPool:
            assert operator.get(page(model, "add")).status_code == 403, model
        if model not in (QuotaPool, QuotaShare, ProviderApp):
            assert (
                operator.post(page(model, "change", pk), {"name": "x", "email": "x@y.test"}).status_code
                == 403
            )


def test_strangers_are_sent_to_the_one_sign_in(world: World, operator: Client) -> None:
    anonymous = Client(HTTP_HOST="patchbay.localhost")
    for address in every_page():
        answer = anonymous.get(address)
        assert answer.status_code == 302, address
        assert answer["Location"] == f"/accounts/login/?next={address}"
    login = anonymous.get("/admin/login/?next=/admin/syncjobs/syncjob/")
    assert login["Location"] == "/accounts/login/?next=/admin/syncjobs/syncjob/"
    assert anonymous.get("/admin/login/?next=//evil.test/")["Location"] == "/accounts/login/?next=/admin/"
    assert anonymous.post("/admin/login/", {"username": "x", "password": "y"}).status_code == 302
    assert anonymous.get("/accounts/login/?next=/admin/").status_code == 200


def test_signing_in_comes_back_here(world: World, operator: Client) -> None:
    browser = Client(HTTP_HOST="patchbay.localhost")
    words = {"login": "operator@people.test", "password": "correct horse 9", "next": "/admin/"}
    assert browser.post("/accounts/login/", words)["Location"] == "/admin/"
    assert browser.get("/admin/").status_code == 200
    assert browser.get("/admin/login/?next=/admin/syncjobs/")["Location"] == "/admin/syncjobs/"
    assert browser.get("/admin/login/?next=https://evil.test/")["Location"] == "/admin/"
    assert browser.get("/admin/password_change/")["Location"] == reverse("account_change_password")
    assert browser.post("/admin/logout/")["Location"] == reverse("account_logout")


def test_people_without_the_mark_are_refused(world: World, operator: Client) -> None:
    client = world.client(world.owner)
    for address in [*every_page(), "/admin/login/?next=/admin/", "/admin/nothing/"]:
        assert client.get(address).status_code == 403, address
    gone = User.objects.create_user("gone@people.test", is_staff=True, is_active=False)
    assert world.client(gone).get("/admin/").status_code == 302


def test_no_page_shows_or_loads_a_secret(operator: Client) -> None:
    addresses = [
        *every_page(),
        page(SyncJob, "changelist") + "?q=Alpha",
        page(User, "changelist") + "?q=owner",
    ]
    columns = re.compile(r'"(\w*_sealed|password|digest|browser_digest|facts|content|options|cursor)"')
    for address in addresses:
        with CaptureQueriesContext(databases["operator"]) as queries:
            text = operator.get(address).content.decode()
        assert CANARY not in text, address
        assert "pbkdf2" not in text
        for query in queries:
            read = columns.findall(query["sql"].partition(" FROM ")[0])
            # Whether a secret is kept is asked of the database; the secret is not fetched for it.
            unasked = set(read) - ({"client_secret_sealed"} if "secret_kept" in query["sql"] else set())
            assert not unasked, (address, query["sql"])


def test_rows_of_all_workspaces_are_here(operator: Client) -> None:
    for model, words in {
        Tenant: ("Alpha Software", "Omega Software"),
        Connection: ("Alpha Bakery", "Omega Bakery"),
        ApiKey: ("Alpha key", "Omega key"),
        ProviderCall: ("/v3/Alpha", "/v3/Omega"),
        SyncJob: ("Alpha Bakery", "Omega Bakery"),
        Upload: ("Alpha.csv", "Omega.csv"),
    }.items():
        text = operator.get(page(model, "changelist")).content.decode()
        assert all(word in text for word in words), model


def test_lists_take_no_query_a_row(world: World, operator: Client) -> None:
    def taken() -> dict[str, int]:
        counts = {}
        for model in MODELS:
            with (
                CaptureQueriesContext(databases["operator"]) as wide,
                CaptureQueriesContext(databases["default"]) as own,
            ):
                assert operator.get(page(model, "changelist")).status_code == 200
            counts[model.__name__] = len(wide) + len(own)
        return counts

    before = taken()
    for number in range(4):
        fill(world, world.owner, f"More{number}")
        person = User.objects.create_user(f"more{number}@people.test")
        scope = world.scope()
        with scope.transaction():
            Membership.objects.create(tenant_id=scope.tenant_id, user=person, role="viewer")
        pool = QuotaPool.objects.using("operator").create(name=f"pool {number}")
        QuotaDay.objects.create(pool=pool, day=datetime.now(UTC).date(), used=number)
        app = ProviderApp.objects.using("operator").filter(tenant=None).get()
        app.pk, app.tenant_id, app.client_id, app._state.adding = None, scope.tenant_id, f"own {number}", True
        app.id = ProviderApp._meta.pk.get_default()
        app.save(using="operator")
    assert taken() == before
    assert max(before.values()) <= 12, before


def test_long_lists_are_not_counted_to_the_end(operator: Client) -> None:
    with CaptureQueriesContext(databases["operator"]) as queries:
        operator.get(page(ProviderCall, "changelist"))
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert counts and all("LIMIT 10000" in sql for sql in counts)
    assert not [query["sql"] for query in queries if "DISTINCT" in query["sql"]]


def test_search_by_anything(operator: Client, jobs: tuple[SyncJob, SyncJob]) -> None:
    alpha, _ = jobs
    for model, term in (
        (SyncJob, alpha.pk),
        (SyncJob, alpha.connection_id),
        (SyncJob, alpha.tenant_id),
        (SyncJob, "Alpha"),
        (ProviderCall, alpha.pk),
        (ProviderCall, alpha.connection_id),
        (Connection, alpha.connection_id),
        (Connection, "Alpha"),
        (Tenant, "owner@people.test"),
        (User, alpha.tenant_id),
        (ApiKey, alpha.tenant_id),
        (Upload, alpha.connection_id),
    ):
        text = operator.get(page(model, "changelist"), {"q": str(term)}).content.decode()
        results = text.partition('id="result_list"')[2]
        assert results, (model, term)
        assert "Omega" not in results, (model, term)


def test_calls_are_filtered(operator: Client, jobs: tuple[SyncJob, SyncJob]) -> None:
    ProviderCall.objects.using("operator").filter(job_id=jobs[1].pk).update(
        status=429, outcome="throttled", call_class="interactive", purpose="token"
    )
    for choice in ("answer=accepted", "outcome=answered", "purpose=api", "class=bulk"):
        text = operator.get(f"{page(ProviderCall, 'changelist')}?{choice}").content.decode()
        assert "/v3/Alpha" in text and "/v3/Omega" not in text, choice
    for choice in ("answer=throttled", "outcome=throttled", "purpose=token", "class=interactive"):
        text = operator.get(f"{page(ProviderCall, 'changelist')}?{choice}").content.decode()
        assert "/v3/Omega" in text and "/v3/Alpha" not in text, choice
    text = operator.get(f"{page(SyncJob, 'changelist')}?state=done").content.decode()
    assert "0 jobs" in text
    assert "2 jobs" in operator.get(f"{page(SyncJob, 'changelist')}?state=open").content.decode()


def test_a_connection_tells_its_facts(operator: Client, jobs: tuple[SyncJob, SyncJob]) -> None:
    text = operator.get(page(Connection, "change", jobs[0].connection_id)).content.decode()
    for words in (
        "Working",
        "Alpha Bakery",
        "alpha-bakery",
        "Account owner",
        "Alpha error",
        "Token version",
        "Test",
    ):
        assert words in text, words
    ConnectionToken.objects.using("operator").all().delete()
    assert operator.get(page(Connection, "changelist")).status_code == 200
    assert operator.get(page(Connection, "change", jobs[0].connection_id)).status_code == 200


def test_a_job_names_the_workers_of_its_steps(operator: Client, jobs: tuple[SyncJob, SyncJob]) -> None:
    text = operator.get(page(SyncJob, "change", jobs[0].pk)).content.decode()
    assert text.count("Alpha-worker") >= 3


def test_the_day_of_a_pool_is_the_ledgers(operator: Client) -> None:
    pool = QuotaPool.objects.get()
    today = datetime.now(UTC).date()
    QuotaDay.objects.create(pool=pool, day=today, used=1234)
    QuotaDay.objects.create(pool=pool, day=today - timedelta(days=1), used=77)
    assert permits.used_today(pool) == 1234
    assert "1,234 of 10,000 (12 %)" in operator.get(page(QuotaPool, "changelist")).content.decode()
    text = " ".join(operator.get(page(QuotaPool, "change", pool.pk)).content.decode().split())
    assert "1,234 of 10,000 calls are used" in text


def test_the_day_of_a_pool_by_class_and_workspace(operator: Client, jobs: tuple[SyncJob, SyncJob]) -> None:
    pool = QuotaPool.objects.get()
    for call_class in ("interactive", "bulk", "bulk"):
        connection = jobs[0].connection
        call_for = CallFor(connection.tenant_id, connection.environment_id, call_class, connection.pk)
        permits.admit(pool.pk, call_for, wait_seconds=5).close(delivered=True)
    text = re.sub(r"<[^>]+>", " ", operator.get(page(QuotaPool, "change", pool.pk)).content.decode())
    text = " ".join(text.split())
    assert "3 of 10,000 calls are used, 9,947 are left" in text
    assert "Pages and programs that wait for an answer 1 " in text
    assert "Imports and changes 2 " in text
    workspace = Tenant.objects.using("operator").get(pk=jobs[0].tenant_id)
    assert f"{workspace.name} 1 1 of " in text
    assert "No call waits for a turn now" in text


POOL = {
    "name": "Shared",
    "calls_per_second": "7",
    "calls_per_day": "500",
    "token_calls_per_second": "1",
    "pacing": "anchored",
    "jitter_ms": "20",
    "closed_until": "",
    "apps-TOTAL_FORMS": "0",
    "apps-INITIAL_FORMS": "0",
}


def test_limits_are_edited_and_nothing_else(operator: Client) -> None:
    pool = QuotaPool.objects.get()
    closed = datetime.now(UTC) + timedelta(hours=1)
    form = POOL
    QuotaPool.objects.using("operator").update(closed_until=closed)
    assert operator.post(page(QuotaPool, "change", pool.pk), form).status_code == 302
    pool.refresh_from_db()
    assert (pool.name, pool.calls_per_second, pool.calls_per_day) == ("Shared", 7, 500)
    assert pool.closed_until == closed
    history = operator.get(page(QuotaPool, "history", pool.pk)).content.decode()
    assert "operator@people.test" in history
    wrong = operator.post(page(QuotaPool, "change", pool.pk), {**form, "calls_per_second": "0"})
    assert wrong.status_code == 200
    assert "errornote" in wrong.content.decode()
    assert operator.post(page(QuotaPool, "add"), {**form, "name": "Second"}).status_code == 302
    assert QuotaPool.objects.filter(name="Second", calls_per_day=500).exists()


@pytest.mark.parametrize("name", ["calls_per_second", "calls_per_day", "token_calls_per_second"])
@pytest.mark.parametrize("value", ["0", "-1", ""])
def test_a_pool_without_calls_is_refused_in_words(operator: Client, name: str, value: str) -> None:
    pool = QuotaPool.objects.get()
    answer = operator.post(page(QuotaPool, "change", pool.pk), {**POOL, name: value})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "at least 1" in text or "greater than or equal to 0" in text or "This field is required" in text


def test_a_weight_is_edited_and_a_pool_opened_again(operator: Client) -> None:
    share = QuotaShare.objects.using("operator").first()
    assert operator.post(page(QuotaShare, "change", share.pk), {"weight": "5"}).status_code == 302
    assert operator.post(page(QuotaShare, "change", share.pk), {"weight": "0"}).status_code == 200
    assert QuotaShare.objects.using("operator").get(pk=share.pk).weight == 5
    permits.close_for_today(share.pool_id)
    action = {"action": "open_again", "_selected_action": str(share.pool_id)}
    assert operator.post(page(QuotaPool, "changelist"), action).status_code == 302
    pool = QuotaPool.objects.get(pk=share.pool_id)
    assert (pool.closed_until, pool.foreign_calls) == (None, 0)


def test_an_application_keeps_its_secret_when_it_moves(world: World, operator: Client) -> None:
    other = QuotaPool.objects.using("operator").create(name="Other pool")
    app = ProviderApp.objects.using("operator").get()
    form = {"name": "Renamed", "pool": str(other.pk), "client_id": "stolen", "api_url": "https://evil.test"}
    assert operator.post(page(ProviderApp, "change", app.pk), form).status_code == 302
    after = ProviderApp.objects.using("operator").get()
    assert (after.name, after.pool_id) == ("Renamed", other.pk)
    assert after.client_secret_sealed == f"{CANARY}-client-secret"
    assert (after.client_id, after.api_url) == (app.client_id, app.api_url)


def test_retry_goes_the_way_of_the_domain(operator: Client, jobs: tuple[SyncJob, SyncJob]) -> None:
    alpha, omega = jobs
    SyncJob.objects.using("operator").filter(pk=alpha.pk).update(
        state="failed", reason="x", ended_at=alpha.not_before
    )
    ImportRow.objects.using("operator").filter(job=alpha.pk).update(outcome="skipped", reason="not_sent")
    form = {"action": "retry", "_selected_action": [str(alpha.pk), str(omega.pk)], "index": "0"}
    answer = operator.post(page(SyncJob, "changelist"), form, follow=True).content.decode()
    assert "Retried: 1." in answer and "Left as they were, because of their state: 1." in answer
    again = state_of(alpha)
    assert (again.state, again.fence, again.reason, again.ended_at) == ("queued", alpha.fence + 1, "", None)
    assert ImportRow.objects.using("operator").get(job=alpha.pk).outcome == ""  # what `runner.retry` reopens
    assert state_of(omega).fence == omega.fence
    assert "Retried." in operator.get(page(SyncJob, "history", alpha.pk)).content.decode()


def test_cancel_asks_first_and_then_stops(operator: Client, jobs: tuple[SyncJob, SyncJob]) -> None:
    alpha, omega = jobs
    SyncJob.objects.using("operator").filter(pk=omega.pk).update(state="failed")
    chosen = [str(alpha.pk), str(omega.pk)]
    form = {"action": "stop", "_selected_action": chosen, "index": "0"}
    question = operator.post(page(SyncJob, "changelist"), form).content.decode()
    assert "Cancel 1 job" in question and "Already over, and left alone: 1." in question
    assert state_of(alpha).state == "queued"
    hidden = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', question.partition("confirmed")[0][-200:])
    )
    assert hidden == {"action": "stop"}
    confirmed = {"action": "stop", "confirmed": "yes", "_selected_action": chosen}
    answer = operator.post(page(SyncJob, "changelist"), confirmed, follow=True).content.decode()
    assert "Stopped: 1." in answer
    stopped = state_of(alpha)
    assert (stopped.state, stopped.fence, stopped.skipped) == ("stopped", alpha.fence + 1, 1)
    row = ImportRow.objects.using("operator").get(job=alpha.pk)
    assert (row.outcome, row.reason) == ("skipped", "not_sent")  # what `runner.stop` leaves said
    assert state_of(omega).state == "failed"


def test_verbs_on_the_jobs_own_page(operator: Client, jobs: tuple[SyncJob, SyncJob]) -> None:
    alpha, _ = jobs
    address = page(SyncJob, "change", alpha.pk)
    text = operator.get(address).content.decode()
    assert 'value="stop"' in text and 'value="retry"' not in text
    form = {"action": "stop", "confirmed": "yes", "_selected_action": str(alpha.pk), "from_page": "job"}
    assert operator.post(page(SyncJob, "changelist"), form)["Location"] == address
    text = operator.get(address).content.decode()
    assert 'value="stop"' not in text and 'value="retry"' not in text


def test_verbs_are_closed_to_others(world: World, operator: Client, jobs: tuple[SyncJob, SyncJob]) -> None:
    form = {"action": "stop", "confirmed": "yes", "_selected_action": str(jobs[0].pk), "index": "0"}
    assert world.client(world.owner).post(page(SyncJob, "changelist"), form).status_code == 403
    assert Client(HTTP_HOST="patchbay.localhost").post(page(SyncJob, "changelist"), form).status_code == 302
    strict = Client(HTTP_HOST="patchbay.localhost", enforce_csrf_checks=True)
    strict.force_login(User.objects.get(email="operator@people.test"))
    assert strict.post(page(SyncJob, "changelist"), form).status_code == 403
    assert state_of(jobs[0]).state == "queued"
