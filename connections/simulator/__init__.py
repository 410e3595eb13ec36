"""A stand-in for Constant Contact's V3 API: stateful, strict and quick.

It knows nothing of the product and shares no code with the product's client: both are written against the
same published facts. `app.Simulator` is the whole of it as one synchronous function from a request to a
response; `server` puts it on a socket, `wsgi` into a test's own process.

    front      server, wsgi, app, gateway, limits, routes, roles, faults, journal
    state      store, records, switches, clock, seeds, seed_people
    sign-in    oauth, consent, grants, device, tokens, partner_access
    people     contacts, contact_*, permissions, segments, xrefs, catalog, custom_fields, field_values
    jobs       activities, bulk, imports, import_*, exports
    account    account, automations (its own: the mails that it would send), partner, partner_*
    the rest   campaigns, campaign_sending, reports, report_*, events, social; resources, shapes, shapes_*
    control    control, control_*: what a test may see and turn
"""
