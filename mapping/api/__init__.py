"""The unified API: contacts, lists, tags, users and roles in one shape, read and written at the provider.

Walk 5 of the house: a token's scope, one client call or two, translation by `mapping.unified`, the one envelope.
"""

from ninja import Router

from mapping.api import basis, catalogue, contacts, directory

router = Router(tags=["Unified"])
for part in (contacts, catalogue, directory, basis):
    router.add_router("", part.router)
