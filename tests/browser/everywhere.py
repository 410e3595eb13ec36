"""A workspace with a row in every table and a person of every role; runs inside the Patchbay that is tested.

Prints, as JSON, the people by their role and the ids that addresses name. No job here is due.
"""

import json
from typing import Any

from tests.browser.newcomers import signed_in
from tests.house.furnish import furnish
from tests.world import World, confirm


def build() -> None:
    """Make it and print where it is."""
    from connections import tenancy
    from connections.models import Membership, User
    from connections.people import accounts

    # Addresses of their own: other scenes may have been made in the same Patchbay.
    people: dict[str, Any] = {
        role: User.objects.create_user(f"{role}@everywhere.example") for role in Membership.Role.values
    }
    tenant = accounts.open_workspace(people["owner"], "Everywhere Software")
    with tenancy.acting_for(tenant.pk):
        for role in set(people) - {"owner"}:
            Membership.objects.create(tenant=tenant, user=people[role], role=role)
    world = World(people["owner"], people["viewer"], None, tenant, None)
    ids = furnish(world, people["owner"], "everywhere")
    for person in people.values():
        confirm(person)
    found = {role: signed_in(person) for role, person in people.items()}
    print(json.dumps({"people": found, "ids": {name: str(one) for name, one in ids.items()}}))
