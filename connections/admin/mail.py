"""Operators' pages of messages: how each stands and why, a test message, and failed ones sent again.

Promises: no text of a message is shown or loaded, for a link in it opens somebody's account.
"""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from connections import audit, mail
from connections.admin.pages import OneOf, OperatorPages, state_word
from connections.models import Message

MOST_AT_ONCE = 200
TONES = {"queued": "notice", "sending": "notice", "sent": "working", "kept": "working", "failed": "stopped"}


class ByState(OneOf):
    """How it stands."""

    title = "state"
    parameter_name = "state"
    choices_of: ClassVar = {
        "open": ("not sent yet", Q(state__in=[Message.State.QUEUED, Message.State.SENDING])),
        "sent": ("sent", Q(state=Message.State.SENT)),
        "kept": ("in the outbox", Q(state=Message.State.KEPT)),
        "failed": ("not delivered", Q(state=Message.State.FAILED)),
    }


@admin.register(Message)
class MessagePages(OperatorPages):
    """Messages to people, newest first."""

    list_display = ("subject", "to", "state_words", "attempts", "last_error", "created_at", "sent_at")
    list_filter = (ByState,)
    search_fields = ("to", "kind", "subject")
    search_help_text = "An address, a kind, a subject, or the id of a message."
    unloaded = ("body_sealed",)
    actions = ("send_again",)
    change_list_template = "admin/connections/message/change_list.html"
    change_form_template = "admin/connections/message/change_form.html"
    fieldsets = (
        (None, {"fields": ("subject", "to", "kind", "state_words", "told", "last_error")}),
        ("Times", {"fields": ("created_at", "not_before", "sent_at", "attempts", "id")}),
    )

    @admin.display(description="state", ordering="state")
    def state_words(self, row: Message) -> SafeString:
        """The word in its colour; one that waits for another try is late."""
        tone = "late" if row.state == Message.State.QUEUED and row.reason else TONES[row.state]
        return state_word(row.get_state_display(), tone)

    @admin.display(description="told to who waits")
    def told(self, row: Message) -> str:
        """The sentence that the person reads."""
        return mail.fate(row).sentence

    @admin.action(description="Send again")
    def send_again(self, request: HttpRequest, queryset: "QuerySet[Message]") -> HttpResponse | None:
        """Let failed messages whose text is still there start anew."""
        chosen = list(queryset[:MOST_AT_ONCE])
        again = [row for row in chosen if mail.send_again(row)]
        for row in again:
            self.log_change(request, row, "Sent again.")
        if again:
            self.message_user(request, f"On their way again: {len(again)}.", messages.SUCCESS)
        if left := len(chosen) - len(again):
            said = f"Left as they were: {left}. Only what failed can be sent again, for a week."
            self.message_user(request, said, messages.WARNING)
        if request.POST.get("from_page") and len(chosen) == 1:
            return HttpResponseRedirect(_page_of(chosen[0]))
        return None

    def get_urls(self) -> list[URLPattern]:
        """With the address that writes a test message."""
        test = path("test/", self.admin_site.admin_view(self.send_test), name="connections_message_test")
        return [test, *super().get_urls()]

    def send_test(self, request: HttpRequest) -> HttpResponse:
        """A message to the operator's own address, and its page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        assert not isinstance(request.user, AnonymousUser)  # the site lets operators in only
        to = request.user.email
        try:
            with transaction.atomic():
                message = mail.send("test_message", to, {"operator": to})
                audit.record("mail_tested", request=request, about=to)
        except (mail.Off, ValueError) as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:connections_message_changelist"))
        self.message_user(
            request, "A test message was written. This page shows what becomes of it.", messages.SUCCESS
        )
        return HttpResponseRedirect(_page_of(message))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With whether mail is on, and where the outbox is."""
        more = {"mail_is_on": mail.is_on(), "outbox_is_here": mail.keeps()}
        return super().changelist_view(request, {**more, **(extra_context or {})})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,  # Any: a template's context
    ) -> HttpResponse:
        """With the states in which the page loads itself anew."""
        more = {"open_states": [Message.State.QUEUED, Message.State.SENDING]}
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})


def _page_of(message: Message) -> str:
    return reverse("admin:connections_message_change", args=[message.pk])
