"""The wires: settings, addresses, the API, Celery, services of a first run."""
