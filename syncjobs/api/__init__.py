"""What programs see of this floor: jobs and their rows, bulk writes, the day's calls; webhooks apart."""

from ninja import Router

from syncjobs.api import bulk, jobs, quota

router = Router(tags=["Jobs"])
for part in (bulk, jobs, quota):
    router.add_router("", part.router)
