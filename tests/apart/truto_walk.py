"""The contract's SDK as its users use it, but for base URL and key; runs in an environment of its own.

    python truto_walk.py BASE_URL KEY ACCOUNT_ID WEBHOOK_TARGET

Prints one JSON object: what each call came to.
"""

import asyncio
import json
import sys

from truto_python_sdk import TrutoApi

MODEL = "marketing-automation"


async def walk(base: str, key: str, account: str, target: str) -> dict[str, object]:
    truto = TrutoApi(key, base)
    who = {"integrated_account_id": account}
    said: dict[str, object] = {"ping": await truto.ping()}

    said["lists"] = await crud(truto, "lists", {"name": "From the SDK"}, {"name": "Renamed by the SDK"}, who)
    said["tags"] = await crud(truto, "tags", {"name": "sdk"}, {"name": "sdk-2"}, who)
    person = {
        "email": "sdk@people.example",
        "first_name": "Sue",
        "phones": [{"phone": "555-0100", "type": "home"}],
    }
    changed = {"first_name": "Susan", "update_source": "Account"}
    said["contacts"] = await crud(truto, "contacts", person, changed, who)

    pages = truto.unified_api.list(MODEL, "contacts", {**who, "limit": 2})
    said["paged"] = [one["id"] for one in await pages.to_array()]
    said["users"] = await truto.unified_api.list("user-directory", "users", dict(who)).to_array()
    said["roles"] = await truto.unified_api.list("user-directory", "roles", dict(who)).to_array()

    made = await truto.proxy_api.create("contact_lists", {"name": "By the proxy"}, who)
    said["proxy"] = {
        "listed": [
            one["list_id"] async for one in truto.proxy_api.list("contact_lists", {**who, "limit": 1})
        ],
        "made": made,
        "got": await truto.proxy_api.get("contact_lists", made["list_id"], who),
        "deleted": await truto.proxy_api.delete("contact_lists", made["list_id"], who),
    }
    said["custom"] = await truto.custom_api.get("v3/contact_lists", **who)
    said["link_token"] = await truto.link_tokens.create(
        {"tenant_id": "customer-7", "context": {"plan": "gold"}}
    )

    events = ["integrated_account:active", "sync_job_run:completed"]
    hook = await truto.webhooks.create({"target_url": target, "is_active": True, "event_types": events})
    said["webhook"] = {
        "made": hook,
        "got": await truto.webhooks.get(hook["id"]),
        "tested": await truto.webhooks.test(hook["id"]),
        "changed": await truto.webhooks.update(hook["id"], {"is_active": False}),
        "listed": [one["id"] async for one in truto.webhooks.list()],
        "deleted": await truto.webhooks.delete(hook["id"]),
    }

    said["accounts"] = [one["id"] async for one in truto.integrated_accounts.list()]
    said["account"] = await truto.integrated_accounts.get(account)
    said["context"] = await truto.integrated_accounts.update(
        account, {"context": {"branch": {"name": "North"}}}
    )
    said["account_token"] = await truto.integrated_accounts.create_integrated_account_token(account)
    said["refreshed"] = await truto.integrated_accounts.refresh_credentials(account)
    return said


async def crud(truto: TrutoApi, resource: str, new: dict, changed: dict, who: dict) -> dict[str, object]:
    api = truto.unified_api
    made = await api.create(MODEL, resource, new, who)
    found = {
        "made": made,
        "got": await api.get(MODEL, resource, made["id"], who),
        "changed": await api.update(MODEL, resource, made["id"], changed, who),
        "listed": [one["id"] for one in await api.list(MODEL, resource, {**who, "limit": 3}).to_array()],
    }
    found["deleted"] = await api.delete(MODEL, resource, made["id"], who)
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(walk(*sys.argv[1:]))))
