"""The web server as `manage.py up` runs it: Granian, with Patchbay loaded before it forks its processes.

They share what was loaded: each but the first costs neither the time nor the memory, nor does one that comes later.
"""

from granian.cli import entrypoint

if __name__ == "__main__":
    from django.urls import get_resolver

    from config.wsgi import application

    assert callable(application)
    get_resolver().url_patterns  # noqa: B018  # the whole of it, which the first request would load
    entrypoint()  # type: ignore[no-untyped-call]  # Granian types no function of its command line
