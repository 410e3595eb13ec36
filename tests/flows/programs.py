"""A program of the vendor's that calls the API."""

import json

from django.conf import settings
from django.test import Client

from connections.models import QuotaPool


class Program:
    """A program of the vendor's, with a token and the id of a linked account."""

    def __init__(self, world, connection, user=None):
        self.client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])
        self.headers = {
            "Authorization": f"Bearer {world.token(user)}",
            "X-Integrated-Account-Id": str(connection.pk),
        }

    def ask(self, method, path, body=None, **headers):
        data = json.dumps(body) if isinstance(body, dict | list) else body or ""
        kind = headers.pop("content_type", "application/json")
        return self.client.generic(
            method, path, data, content_type=kind if data else "", headers={**self.headers, **headers}
        )


class Caller:
    """A program with a token alone: what it asks about it names itself."""

    def __init__(self, world, user=None, kind="test", token=None):
        self.client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])
        self.token = token or world.token(user, kind)

    def ask(self, method, path, body=None, **headers):
        data = "" if body is None else json.dumps(body)
        sent = {"Authorization": f"Bearer {self.token}", **headers}
        return self.client.generic(method, path, data, content_type="application/json", headers=sent)


def unhurried(simulator):
    """The token endpoint without its pace of one call a second: many links in one test would only wait for it."""
    simulator.ask("/_sim/switches", {"token_calls_per_second": 0}, "PUT")
    QuotaPool.objects.using("operator").update(token_calls_per_second=1000)


def bytes_of(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content
