"""Operators' pages of quota pools and provider calls."""

from datetime import UTC, datetime, timedelta

from django.contrib import admin
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from connections.admin.pages import (
    ByEnvironment,
    FactsTable,
    InEnvironment,
    InWorkspace,
    OneOf,
    OperatorPages,
    Rows,
    fact,
    state_word,
)
from connections.constantcontact.signals import Signal
from connections.models import ProviderApp, ProviderCall, QuotaDay, QuotaPool, QuotaShare
from connections.quota import permits, usage
from connections.quota.usage import CALLS_FOR

DAYS_SHOWN = 14
TENANTS_SHOWN = 50


class AppsOfPool(FactsTable):
    """Applications that share the pool."""

    model = ProviderApp
    verbose_name_plural = "applications on these limits"
    fields = ("name", "kind", "client_id", "served")
    unloaded = ("client_secret_sealed", "partner_key_sealed")

    def get_queryset(self, request: HttpRequest) -> Rows:
        """With the workspace's name."""
        return super().get_queryset(request).select_related("tenant")

    @admin.display(description="serves")
    def served(self, row: ProviderApp) -> str:
        """One workspace, or all."""
        return row.tenant.name if row.tenant is not None else "every workspace"


@admin.register(QuotaPool)
class QuotaPoolPages(OperatorPages):
    """Limits, what is used of them today, and the days before."""

    list_display = ("name", "today", "calls_per_second", "calls_per_day", "token_calls_per_second", "closed")
    search_fields = ("name", "apps__name", "apps__client_id")
    editable = (
        "name",
        "calls_per_second",
        "calls_per_day",
        "token_calls_per_second",
        "pacing",
        "jitter_ms",
    )
    may_add = True
    actions = ("open_again",)
    fieldsets = (
        (None, {"fields": ("name", "id")}),
        ("Limits", {"fields": ("calls_per_second", "calls_per_day", "token_calls_per_second")}),
        ("Pace", {"fields": ("pacing", "jitter_ms", "slower")}),
        ("Use", {"fields": ("day", "foreign", "closed", "recent_days")}),
    )
    inlines = (AppsOfPool,)

    def get_queryset(self, request: HttpRequest) -> Rows:
        """With what is charged to the running UTC day, as `permits.used_today` counts it."""
        today = QuotaDay.objects.filter(pool=OuterRef("pk"), day=datetime.now(UTC).date())
        used = Coalesce(Subquery(today.values("used")[:1]), 0)
        rows: Rows = super().get_queryset(request).annotate(used_today=used)
        return rows

    @admin.display(description="used today", ordering="used_today")
    def today(self, row: QuotaPool) -> str:
        """Calls, limit and share."""
        used = int(getattr(row, "used_today", 0))
        return f"{used:,} of {row.calls_per_day:,} ({100 * used // max(1, row.calls_per_day)} %)"

    @admin.display(description="today (UTC)")
    def day(self, row: QuotaPool) -> SafeString | str:
        """What is used, left, kept and expected, by class and by workspace."""
        if row._state.adding:
            return fact(None)
        use = usage.overview(row.pk)
        context = {
            "use": use,
            "classes": [(one, CALLS_FOR[one.call_class]) for one in use.classes],
            "tenants": use.tenants[:TENANTS_SHOWN],
            "more": len(use.tenants[TENANTS_SHOWN:]),
        }
        return render_to_string("admin/connections/quotapool/day.html", context)

    @admin.display(description="closed by the provider until", ordering="closed_until")
    def closed(self, row: QuotaPool) -> str:
        """Only while it is still so."""
        still = row.closed_until is not None and row.closed_until > datetime.now(UTC)
        return fact(row.closed_until if still else None)

    @admin.display(description="slower, since the provider said throttled")
    def slower(self, row: QuotaPool) -> str:
        """By how much, and since when."""
        return fact(f"{row.slow_factor:.2f} since {row.slowed_at:%Y-%m-%d %H:%M}" if row.slowed_at else None)

    @admin.display(description="calls that others seem to have made")
    def foreign(self, row: QuotaPool) -> str:
        """How many, on the day of the last sign of them."""
        return fact(f"{row.foreign_calls:,} on {row.foreign_day}" if row.foreign_day else None)

    @admin.action(description="Open again: the provider takes calls, and nobody else uses the key")
    def open_again(self, request: HttpRequest, rows: Rows) -> None:
        """What the provider said of these pools is over."""
        for pool in rows:
            permits.open_again(pool.pk)
            self.log_change(request, pool, "Opened again.")
        self.message_user(request, "Calls may go again.")

    @admin.display(description="calls a day (UTC)")
    def recent_days(self, row: QuotaPool) -> SafeString | str:
        """The last two weeks with any use."""
        since = datetime.now(UTC).date() - timedelta(days=DAYS_SHOWN)
        days = row.days.filter(day__gt=since).values_list("day", "used")
        lines = format_html_join(
            "", "<li>{}: {}</li>", ((f"{day:%Y-%m-%d}", f"{used:,}") for day, used in days)
        )
        return format_html("<ul>{}</ul>", lines) if lines else fact(None)


@admin.register(QuotaShare)
class QuotaSharePages(InWorkspace, OperatorPages):
    """What each workspace has of a pool: its weight may be changed."""

    list_display = ("workspace", "pool", "weight", "used_of_day")
    # The workspace leads to its own page.
    list_display_links = ("weight",)
    joined = ("tenant", "pool")
    editable = ("weight",)
    sortable_by = ()
    id_search = ("tenant_id", "pool_id")
    search_fields = ("tenant__name",)
    fieldsets = ((None, {"fields": ("workspace", "pool", "weight", "used_of_day")}),)

    @admin.display(description="calls of the day (UTC)")
    def used_of_day(self, row: QuotaShare) -> str:
        """Of the last day with any."""
        return fact(f"{row.persons + row.work:,} on {row.day}" if row.day else None)


class ByAnswer(OneOf):
    """What the provider answered."""

    title = "answer"
    parameter_name = "answer"
    choices_of = {
        "accepted": ("2xx and 3xx accepted", Q(status__range=(200, 399))),
        "throttled": ("429 go slower", Q(status=429)),
        "refused": ("other 4xx refused", Q(status__range=(400, 499)) & ~Q(status=429)),
        "fault": ("5xx fault", Q(status__gte=500)),
        "none": ("no answer", Q(status=None)),
    }


class ByOutcome(OneOf):
    """How it ended for us."""

    title = "outcome"
    parameter_name = "outcome"
    choices_of = {one.value: (one.value.replace("_", " "), Q(outcome=one.value)) for one in Signal}


class ByPurpose(OneOf):
    """Which of the provider's two counters it went by."""

    title = "purpose"
    parameter_name = "purpose"
    choices_of = {"api": ("API", Q(purpose="api")), "token": ("token endpoint", Q(purpose="token"))}


class ByClass(OneOf):
    """Whose turn it took."""

    title = "class"
    parameter_name = "class"
    choices_of = {
        name: (name, Q(call_class=name))
        for name in ("consent", "interactive", "control", "poll", "bulk", "backfill")
    }


@admin.register(ProviderCall)
class ProviderCallPages(InEnvironment, OperatorPages):
    """Every call as it went over the wire, redacted, newest first."""

    list_display = (
        "sent_at",
        "call",
        "answer",
        "outcome",
        "purpose",
        "call_class",
        "workspace",
        "environment_word",
        "duration_ms",
        "attempt",
    )
    joined = ("tenant", "environment")
    list_filter = (
        ByAnswer,
        ByOutcome,
        ByPurpose,
        ByClass,
        ByEnvironment,
    )
    # Only the order of the ids has an index that serves a table of millions.
    sortable_by = ()
    search_fields = ("=error_key",)
    search_help_text = "The id of a connection, a job, a link or a workspace; or an error's key."
    id_search = ("connection_id", "job_id", "link_state_id", "tenant_id")
    fieldsets = (
        (None, {"fields": ("sent_at", "method", "host", "path", "status", "outcome", "error_key")}),
        ("Course", {"fields": ("attempt", "duration_ms", "request_bytes", "response_bytes")}),
        ("Quota", {"fields": ("purpose", "call_class")}),
        ("For", {"fields": ("workspace", "environment_word", "connection_id", "job_id", "link_state_id")}),
    )

    @admin.display(description="call")
    def call(self, row: ProviderCall) -> str:
        """Method and path."""
        return f"{row.method} {row.path}"

    @admin.display(description="answer")
    def answer(self, row: ProviderCall) -> SafeString:
        """The status, coloured by what it means."""
        if row.status is None:
            return state_word("none", "stopped")
        if row.status < 400:
            return state_word(str(row.status), "working")
        return state_word(str(row.status), "late" if row.status in {401, 429} else "stopped")
