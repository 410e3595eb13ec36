"""What programs see of this floor: jobs and their rows, bulk writes, our copy, webhooks, and the day's calls."""

from ninja import Router

from syncjobs.api import bulk, jobs, mirror, quota, webhookdeliveries, webhooks

router = Router(tags=["Jobs"])
for part in (bulk, jobs, mirror, quota, webhooks, webhookdeliveries):
    router.add_router("", part.router)
