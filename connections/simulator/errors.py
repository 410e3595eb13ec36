"""Refusals in the provider's own shapes.

Refusal                  ends a call with a finished answer
  service errors         array  [{"error_key", "error_message"}]     invalid, not_found, conflict, ...
  gateway errors         object {"error_key", "error_message"}      unauthorized, forbidden, throttled, ...
  bare gateway           object {"message": "Forbidden"}            outside the known paths
  token endpoint         object {"error", "error_description"}      see oauth
"""

from collections.abc import Iterable
from dataclasses import replace

from .messages import Response, json_response


class Refusal(Exception):
    """Ends a call with `response`."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


# What the gateway puts around its own refusals, as captured on the provider's forum.
GATEWAY_HEADERS = [
    ("x-amzn-RequestId", "00000000-0000-4000-8000-000000000000"),
    ("x-amz-apigw-id", "AAAAAAAAAAAAAAA="),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Headers", "Content-Type,X-Amz-Date,Authorization,X-Api-Key"),
    ("Access-Control-Allow-Methods", "GET,POST,PUT,DELETE,PATCH,OPTIONS"),
    ("X-Cache", "Error from cloudfront"),
]


def service(status: int, key: str, message: str) -> Refusal:
    """A service's refusal: an array of one."""
    return Refusal(json_response(status, [{"error_key": key, "error_message": message}]))


def gateway(status: int, key: str, message: str, headers: Iterable[tuple[str, str]] = ()) -> Refusal:
    """The gateway's refusal: a single object."""
    body = {"error_key": key, "error_message": message}
    return Refusal(json_response(status, body, [*GATEWAY_HEADERS, *headers]))


def invalid(*problems: str) -> Refusal:
    """400: everything found wrong, joined by commas in one message as the provider does."""
    return service(400, "contacts.api.validation.error", ", ".join(problems))


def malformed() -> Refusal:
    """400: the body is not JSON."""
    return service(400, "contacts.api.validation.error", "The request body is not well-formed JSON.")


def not_found(what: str, status: int = 404) -> Refusal:
    """404 for a resource that does not exist."""
    return service(status, "contacts.api.not_found", f"{what} not found.")


def bad_id(name: str, status: int) -> Refusal:
    """An id that is not a UUID."""
    key = "contacts.api.not_found" if status == 404 else "contacts.api.validation.error"
    return service(status, key, f"{name} is in an invalid format.")


def conflict(message: str) -> Refusal:
    """409."""
    return service(409, "contacts.api.conflict", message)


def unsupported(message: str) -> Refusal:
    """415."""
    return service(415, "contacts.api.unsupported_media_type", message)


def with_own_key(response: Response, path: str) -> Response:
    """A service's refusal with a key of its resource's own, `contact_lists.api.…`, in place of `contacts.api.…`."""
    resource = path.split("/")[2].encode("utf-8", "replace")
    return replace(response, body=response.body.replace(b'"contacts.api.', b'"' + resource + b".api."))


def queue_full(*, named: bool) -> Refusal:
    """429 of the bulk endpoints: too many queued activities in this account."""
    message = "Too many requests. You exceeded 1,000 queued activities for this account."
    if not named:
        return Refusal(json_response(429, {"error_message": message}, GATEWAY_HEADERS))
    return gateway(429, "contacts.api.queue_full", message)


def unauthorized() -> Refusal:
    """401, exactly as captured: 59 bytes and a WWW-Authenticate header."""
    return gateway(
        401,
        "unauthorized",
        "Unauthorized",
        [("WWW-Authenticate", "Bearer realm=api.cc.email"), ("x-amzn-ErrorType", "UnauthorizedException")],
    )


def forbidden(message: str) -> Refusal:
    """403 for privileges, scopes and deactivated apps."""
    return gateway(403, "access_denied", message)


def gateway_forbidden() -> Refusal:
    """403 of the bare gateway, for a path that it does not know."""
    return Refusal(json_response(403, {"message": "Forbidden"}, GATEWAY_HEADERS))


def throttled() -> Refusal:
    """429: too many calls in this second."""
    return gateway(429, "throttled", "Too Many Requests")


def quota_exceeded() -> Refusal:
    """429: the day's calls are used up."""
    return gateway(429, "quota_exceeded", "Limit Exceeded")
