"""What programs see of this floor: jobs and their rows, bulk writes, and the day's calls."""

from ninja import Router

from syncjobs.api import bulk, jobs, quota

router = Router(tags=["Jobs"])
for part in (bulk, jobs, quota):
    router.add_router("", part.router)
