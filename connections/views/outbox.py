"""The outbox of a Patchbay that sends nothing, and what became of the message that a browser waits for."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from connections import mail, pages
from connections.mail import delivery
from connections.models import Message
from connections.vault import CannotOpen

MOST_SHOWN = 100


def _enter(request: HttpRequest) -> None:
    """Anybody on this machine; operators only where Patchbay is reached from elsewhere: links here open accounts."""
    is_operator = request.user.is_authenticated and request.user.is_active and request.user.is_staff
    if not (mail.outbox_is_open() or (mail.keeps() and is_operator)):
        raise Http404("There is no outbox here.")


@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """The messages that stayed here, newest first."""
    _enter(request)
    kept = Message.objects.filter(state=Message.State.KEPT).defer("body_sealed")[:MOST_SHOWN]
    return render(request, "outbox.html", {**pages.plain("Outbox"), "kept": kept, "days": delivery.BODY_DAYS})


@require_safe
def outbox_message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """One of them, as its reader would get it."""
    _enter(request)
    message = get_object_or_404(Message, pk=message_id, state=Message.State.KEPT)
    try:
        written = delivery.written(message)
    except CannotOpen:
        written = None
    crumbs = [{"label": "Outbox", "url": reverse("outbox")}]
    context = {**pages.plain(message.subject), "crumbs": crumbs, "message": message, "written": written}
    return render(request, "outbox_message.html", context)


@require_safe
def awaited(request: HttpRequest) -> HttpResponse:
    """What became of the last message that this browser caused: a page, or for HTMX its moving part."""
    fate = mail.fate(mail.awaited(request))
    template = "awaited.html#fate" if request.htmx else "awaited.html"  # type: ignore[attr-defined]  # django-htmx
    return render(request, template, {**pages.plain("Your message"), "fate": fate})
