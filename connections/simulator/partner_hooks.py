"""The partner's webhook subscriptions: four topics for each application.

The simulator calls nobody: a notification that would go out stands as `would_post` in the effect of its cause.
"""

from . import errors
from .call import Call
from .checks import Matching, Record, Text
from .messages import Json, Response, json_response
from .routes import PARTNER, route
from .store import Store, effect

TOPICS = {
    "1": ("tier.increase", "The account reached a higher tier"),
    "2": ("tier.decrease", "The account fell to a lower tier"),
    "3": ("account.cancel", "The account was cancelled"),
    "4": ("account.disable", "The account was disabled"),
}
_PATH = "/partner/webhooks/subscriptions"


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://")) and len(value) > 10


_BODY = Record({"hook_uri": Matching(_is_address, Text(2000, 1))}, required=("hook_uri",))


def notify(call: Call, topic: str, account_id: str) -> list[Json]:
    """The posts that an event of this topic sends to those who subscribed to it."""
    url = f"https://api.cc.email/v3/partner/accounts/{account_id}/plan"
    return [
        {"to": hooks[topic], "body": {"url": url, "api_key": key, "event_type": TOPICS[topic][0]}}
        for key, hooks in call.store.hooks.items()
        if topic in hooks
    ]


def _hooks(call: Call) -> dict[str, str]:
    return call.store.hooks.get(call.app.client_id, {})


def _show(topic: str, address: str) -> Json:
    name, description = TOPICS[topic]
    return {
        "topic_id": int(topic),
        "hook_uri": address,
        "topic_name": name,
        "topic_description": description,
    }


def _topic(topic: str) -> str:
    if topic not in TOPICS:
        raise errors.not_found("Topic")
    return topic


def _subscribed(call: Call, topic: str) -> str:
    address = _hooks(call).get(_topic(topic))
    if address is None:
        raise errors.not_found("Subscription")
    return address


@route("GET", _PATH, scope=PARTNER)
def get_hooks(call: Call) -> Response:
    """The application's subscriptions: a bare array."""
    return json_response(200, [_show(topic, address) for topic, address in sorted(_hooks(call).items())])


@route("GET", f"{_PATH}/{{topic_id}}", scope=PARTNER)
def get_hook(call: Call, topic: str) -> Response:
    """One subscription."""
    return json_response(200, _show(topic, _subscribed(call, topic)))


@route("PUT", f"{_PATH}/{{topic_id}}", scope=PARTNER)
def put_hook(call: Call, topic: str) -> Response:
    """Subscribes to a topic, or moves a subscription to another address."""
    address = call.body(_BODY)["hook_uri"]
    call.commit({"do": "hook.save", "app": call.app.client_id, "topic": _topic(topic), "address": address})
    return json_response(200, {"topic_id": int(topic), "hook_uri": address})


@route("DELETE", f"{_PATH}/{{topic_id}}", scope=PARTNER)
def delete_hook(call: Call, topic: str) -> Response:
    """Ends a subscription."""
    _subscribed(call, topic)
    call.commit({"do": "hook.save", "app": call.app.client_id, "topic": topic, "address": None})
    return Response(204)


@route("POST", f"{_PATH}/{{topic_id}}/tests", scope=PARTNER)
def test_hook(call: Call, topic: str) -> Response:
    """Sends a notification with example data to the subscription's address."""
    address = _subscribed(call, topic)
    call.commit({"do": "hook.test", "would_post": notify(call, topic, call.account.account_id)})
    return json_response(201, _show(topic, address))


@effect("hook.save")
def _save_hook(store: Store, change: Json, at: int) -> None:
    hooks = store.hooks.setdefault(change["app"], {})
    if change["address"] is None:
        hooks.pop(change["topic"], None)
    else:
        hooks[change["topic"]] = change["address"]


@effect("hook.test")
def _test_hook(store: Store, change: Json, at: int) -> None:
    """A test changes nothing."""
