"""Two answers for whoever watches: the process lives; it can work."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from config.doctor import greeting


@require_GET
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers; the deployment's own doctor also learns what of its request arrived."""
    said = {"status": "ok"}
    if greeting.PARAMETER in request.GET and (signed := greeting.answer(request)):
        said[greeting.PARAMETER] = signed
    return JsonResponse(said)


@require_GET
def ready(request: HttpRequest) -> JsonResponse:
    """The database answers too."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "database unreachable"}, status=503)
    return JsonResponse({"status": "ok"})
