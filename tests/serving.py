"""This process's Patchbay behind a real socket, for programs that speak HTTP themselves."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.test import override_settings


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def served() -> Iterator[str]:
    """Its address, as long as the block lasts; settings follow it."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connections

    class Handler(WSGIHandler):
        def __call__(self, environ, start_response):  # type: ignore[no-untyped-def]  # as Django's own
            try:
                yield from (answer := super().__call__(environ, start_response))
                answer.close()
            finally:
                connections.close_all()  # of this request's thread

    with make_server("127.0.0.1", 0, lambda *_: [], _Threaded, _Quiet) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        with override_settings(PUBLIC_URL=url, ALLOWED_HOSTS=["127.0.0.1"]):
            server.set_app(Handler())
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            try:
                yield url
            finally:
                server.shutdown()
                thread.join(10)
