"""A stand-in for Constant Contact's V3 API: stateful, strict and quick.

It knows nothing of the product and shares no code with the product's client: both are written against the
same published facts. `app.Simulator` is the whole of it as one synchronous function from a request to a
response; `server` puts it on a socket, `wsgi` into a test's own process.
"""
