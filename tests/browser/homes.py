"""Every state of Home, accounts, mapping, automations and jobs, as rows; runs inside the Patchbay that is tested.

Three workspaces: the owner's is busy and has a viewer, the stranger's is empty, and the finisher's has come to the
end of the first steps. Prints, as JSON, the people and the address of every scene. No job here is due.
"""

import json
from datetime import UTC, datetime
from typing import Any

from tests.browser.newcomers import signed_in
from tests.crowd import fill
from tests.world import World, confirm

BUSY = 60


def build() -> None:
    """Make the scenes and print where they are."""
    from connections import tenancy
    from connections.models import Membership, ProviderApp, QuotaDay, User
    from connections.people import accounts

    # Addresses of their own: other scenes may have been made in the same Patchbay.
    names = ("owner", "member", "stranger", "finisher")
    people = [User.objects.create_user(f"{name}@homes.example") for name in names]
    busy, empty, finished = (
        accounts.open_workspace(people[number], name)
        for number, name in ((0, "Busy Software"), (2, "Empty Software"), (3, "Finished Software"))
    )
    with tenancy.acting_for(busy.pk):
        Membership.objects.create(tenant=busy, user=people[1], role=Membership.Role.VIEWER)
    world = World(*people[:3], busy, empty)
    like = world.connection(name="Acme Bakery")
    fill(world.scope(), like, BUSY)
    app = ProviderApp.objects.using("operator").get(pk=like.provider_app_id)
    today = {"used": 9_412}
    QuotaDay.objects.using("operator").update_or_create(
        pool_id=app.pool_id, day=datetime.now(UTC).date(), defaults=today
    )
    _finish(people[3], finished)
    accounts.open_workspace(world.owner, "A workspace whose name is longer than a telephone is wide")
    for person in people:
        confirm(person)
    print(
        json.dumps(
            {
                "people": {name: signed_in(one) for name, one in zip(names, people, strict=True)},
                "busy": f"/w/{world.tenant.pk}/test",
                "empty": f"/w/{world.foreign.pk}",
                "finished": f"/w/{finished.pk}",
            }
        )
    )


def _finish(person: Any, tenant: Any) -> None:
    """A live account with a mapping and an import that created people; nothing needs anybody."""
    from connections import tenancy
    from connections.models import Connection, Environment, ProviderApp
    from mapping import editing
    from mapping.editing import FieldChoice
    from syncjobs.models import SyncJob

    now = datetime.now(UTC)
    app = ProviderApp.objects.using("operator").filter(tenant=None, kind="test").first()
    assert app is not None
    with tenancy.acting_for(tenant.pk):
        environment = Environment.objects.get(kind="live")
    here = {"tenant_id": tenant.pk, "environment_id": environment.pk}
    with tenancy.acting_for(tenant.pk, environment.pk):
        row = Connection.objects.create(
            **here, provider_app_id=app.pk, account_id="real", account_name="Real Bakery", status="active"
        )
        (field,) = editing.declare(row, ["Email"])
        editing.save_fields(row, [FieldChoice(field.pk, "standard:email")])
        SyncJob.objects.create(
            **here,
            connection=row,
            kind="import",
            idempotency_key="first",
            state="done",
            options={"file_name": "people.csv"},
            not_before=now,
            ended_at=now,
            accepted=10,
            created=10,
            started_by=person,
        )
