"""The WSGI application that the web server runs."""

import os
from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]  # Any: as WSGI has it


def without(names: Collection[str], inner: Application) -> Application:
    """The application, to which these never were sent.

    Granian puts the process's own variables beside the request's. One that is called as a header is would be taken
    for it: HTTP_PROXY, with a password perhaps, would go on to Constant Contact as the caller's header.
    """

    def handle(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        for name in names:
            environ.pop(name, None)
        return inner(environ, start_response)

    return handle


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = without([name for name in os.environ if name.startswith("HTTP_")], get_wsgi_application())
