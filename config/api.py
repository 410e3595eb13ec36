"""The one NinjaAPI: mounts each floor's router; one key check, one envelope, one error shape."""

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError
from ninja.security import HttpBearer

from connections import scoping
from connections.api import router as connections_router
from syncjobs.api import router as jobs_router


class ApiToken(HttpBearer):
    """`Authorization: Bearer pb_...`; what it opens is `request.auth`, a Scope."""

    def authenticate(self, request: HttpRequest, token: str) -> scoping.Scope | None:
        """The token's scope, or None for 401."""
        return scoping.api(request)


api = NinjaAPI(
    title="Patchbay",
    version="0.1.0",
    description="Linked Constant Contact accounts and the jobs that work on them.",
    auth=ApiToken(),
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
)
api.add_router("", connections_router)
api.add_router("", jobs_router)


def _fault(
    request: HttpRequest, status: int, error: str, message: str, details: dict[str, object]
) -> HttpResponse:
    body = {"statusCode": status, "error": error, "message": message, "details": details}
    return api.create_response(request, body, status=status)


@api.exception_handler(AuthenticationError)
def unauthorized(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """401: no token, or not a valid one."""
    return _fault(request, 401, "Unauthorized", "Send a valid API token: Authorization: Bearer pb_...", {})


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    """404: not there, or not this environment's."""
    return _fault(request, 404, "Not Found", "There is no such object in this environment.", {})


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """400: each failing field with its reason."""
    failures = [
        {"field": ".".join(str(part) for part in one["loc"][1:]), "message": one["msg"]}
        for one in error.errors
    ]
    return _fault(request, 400, "Bad Request", "Some values are not accepted.", {"failures": failures})
