"""Operators' pages of jobs and files. Two verbs, retry and stop, the functions that people's pages call.

Promises: stopping asks first and names the jobs; each verb acts in the scope of the job's own workspace; what
an operator did stands in the job's history; no content of a file and no person's data is shown.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from connections import tenancy
from connections.admin.pages import (
    ByEnvironment,
    FactsTable,
    InEnvironment,
    OneOf,
    OperatorPages,
    Rows,
    found_in,
    state_word,
)
from syncjobs import runner, states
from syncjobs.models import JobStep, SyncJob, Upload

MOST_STEPS = 200
MOST_AT_ONCE = 200


class NewestSteps(BaseInlineFormSet):  # type: ignore[type-arg]  # not subscriptable when running
    """A job that waits for days takes thousands of steps; the newest are what is looked for."""

    def get_queryset(self) -> "QuerySet[JobStep]":
        """The first of the page's order."""
        if not hasattr(self, "_newest"):
            self._newest = super().get_queryset()[:MOST_STEPS]
        return self._newest


class StepsOfJob(FactsTable):
    """What was done, by which worker."""

    model = JobStep
    formset = NewestSteps
    verbose_name_plural = f"steps, the newest {MOST_STEPS}"
    fields = ("stage", "worker", "outcome", "note", "started_at", "ended_at", "fence")
    ordering = ("-id",)


class ByState(OneOf):
    """How it stands."""

    title = "state"
    parameter_name = "state"
    choices_of: ClassVar = {}

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """The words people read."""
        return [("open", "not over"), *((state, states.words(state)[0]) for state in SyncJob.State.values)]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """One state, or all that are not over."""
        if self.value() == "open":
            return queryset.filter(state__in=states.CAN_STOP)
        return queryset.filter(state=self.value()) if self.value() in SyncJob.State.values else queryset


@admin.register(SyncJob)
class SyncJobPages(InEnvironment, OperatorPages):
    """Jobs of all workspaces, newest first."""

    list_display = (
        "job",
        "state_word",
        "stage",
        "reason",
        "workspace",
        "environment_word",
        "connection",
        "rows",
        "created_at",
    )
    joined = ("tenant", "environment", "connection", "started_by")
    list_filter = (ByState, ByEnvironment)
    search_fields = (
        "idempotency_key",
        "reason",
        "tenant__name",
        "connection__account_name",
        "connection__account_id",
    )
    search_help_text = "The id of a job, a connection or a workspace; or a name, an account or a reason."
    id_search = ("id", "connection_id", "tenant_id")
    unloaded = ("options", "cursor", "started_by__password")
    actions = ("retry", "stop")
    change_form_template = "admin/syncjobs/syncjob/change_form.html"
    fieldsets = (
        (None, {"fields": ("state_word", "stage", "reason", "explanation", "see_calls")}),
        ("Rows", {"fields": ("accepted", "created", "updated", "unchanged", "skipped", "rejected")}),
        ("Work", {"fields": ("attempts", "worker", "lease_until", "not_before", "fence")}),
        (
            "Place",
            {"fields": ("workspace", "environment_word", "connection", "kind", "id", "idempotency_key")},
        ),
        ("Times", {"fields": ("created_at", "started_at", "ended_at", "started_by")}),
    )
    inlines = (StepsOfJob,)

    @admin.display(description="job", ordering="kind")
    def job(self, row: SyncJob) -> str:
        """Kind and the beginning of the id."""
        return f"{row.kind} {str(row.pk)[:8]}"

    @admin.display(description="state", ordering="state")
    def state_word(self, row: SyncJob) -> SafeString:
        """The word people read."""
        return state_word(*states.words(row.state, row.rejected))

    @admin.display(description="rows with an outcome")
    def rows(self, row: SyncJob) -> str:
        """Of those accepted."""
        return f"{sum(row.outcome_counts.values()):,} of {row.accepted:,}"

    @admin.display(description="see also")
    def see_calls(self, row: SyncJob) -> SafeString:
        """What it sent."""
        return found_in("connections_providercall", row.pk, "Provider calls")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,  # Any: a template's context
    ) -> HttpResponse:
        """With the verbs that the states allow; the page shows those its job's state is in."""
        verbs = {"can_retry": states.CAN_RETRY, "can_stop": states.CAN_STOP}
        return super().change_view(request, object_id, form_url, {**verbs, **(extra_context or {})})

    @admin.action(description="Retry: go on from where it was")
    def retry(self, request: HttpRequest, queryset: "QuerySet[SyncJob]") -> HttpResponse | None:
        """Let failed and halted jobs go on."""
        return self._carry_out(request, queryset, runner.retry, "Retried")

    @admin.action(description="Cancel…")
    def stop(self, request: HttpRequest, queryset: "QuerySet[SyncJob]") -> HttpResponse | None:
        """Stop jobs that are not over, once the operator has said so a second time."""
        if "confirmed" in request.POST:
            return self._carry_out(request, queryset, runner.stop, "Stopped")
        chosen = list(queryset[:MOST_AT_ONCE])
        context = {
            **self.admin_site.each_context(request),
            "title": "Cancel these jobs?",
            "opts": self.opts,
            "stopping": [job for job in chosen if job.state in states.CAN_STOP],
            "over": sum(job.state not in states.CAN_STOP for job in chosen),
            "most": MOST_AT_ONCE if len(chosen) == MOST_AT_ONCE else 0,
            "checkbox": ACTION_CHECKBOX_NAME,
            "from_page": request.POST.get("from_page", ""),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/syncjobs/syncjob/stop_confirmation.html", context)

    def _carry_out(
        self, request: HttpRequest, queryset: "QuerySet[SyncJob]", verb: Callable[[SyncJob], bool], past: str
    ) -> HttpResponse | None:
        chosen = list(queryset[:MOST_AT_ONCE])
        done = [job for job in chosen if _in_its_scope(job, verb)]
        for job in done:
            self.log_change(request, job, f"{past}.")
        if done:
            self.message_user(request, f"{past}: {len(done)}.", messages.SUCCESS)
        if left := len(chosen) - len(done):
            self.message_user(
                request, f"Left as they were, because of their state: {left}.", messages.WARNING
            )
        if request.POST.get("from_page") and len(chosen) == 1:
            return HttpResponseRedirect(reverse("admin:syncjobs_syncjob_change", args=[chosen[0].pk]))
        return None


def _in_its_scope(job: SyncJob, verb: Callable[[SyncJob], bool]) -> bool:
    """Do it as the workspace itself would: with its rows open and no others, by the application's role."""
    with tenancy.acting_for(job.tenant_id, job.environment_id):
        own = SyncJob.objects.filter(pk=job.pk).first()
        return own is not None and verb(own)


@admin.register(Upload)
class UploadPages(InEnvironment, OperatorPages):
    """Files that came in: how large, whose, for which account. What they say stays closed."""

    list_display = (
        "file_name",
        "size_words",
        "workspace",
        "environment_word",
        "connection",
        "uploaded_by",
        "created_at",
    )
    joined = ("tenant", "environment", "connection", "uploaded_by")
    list_filter = (ByEnvironment,)
    search_fields = ("file_name", "tenant__name", "connection__account_name", "uploaded_by__email")
    id_search = ("id", "connection_id", "tenant_id")
    # The head of a file holds people's data.
    unloaded = ("facts", "uploaded_by__password")
    fieldsets = (
        (None, {"fields": ("file_name", "size_words", "sha256", "created_at", "uploaded_by")}),
        ("Place", {"fields": ("workspace", "environment_word", "connection", "id")}),
    )

    @admin.display(description="size", ordering="size")
    def size_words(self, row: Upload) -> str:
        """In bytes, readable."""
        return f"{row.size:,} bytes"
