"""A broker that takes connections and never answers holds up one bell, not each."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RING = """
import django
django.setup()
import config.celery
from connections import bell
now = 0.0
for now in (0.0, 1.0, 2.0, bell.REST_SECONDS + 3.0, bell.REST_SECONDS + 4.0):
    bell.ring("syncjobs.tasks.run", clock=lambda: now)
    print("rang", now, flush=True)
"""


def test_a_silent_broker_is_tried_once_and_then_left_alone_for_a_while(tmp_path):
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def listen():
            kept = []
            while True:
                try:
                    connection, _ = silent.accept()
                except OSError:
                    return
                kept.append(connection)
                asked.append(connection.recv(4096))

        threading.Thread(target=listen, daemon=True).start()
        environment = {
            "PATH": "/usr/bin",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PATCHBAY_DATA": str(tmp_path),
            "BROKER_URL": f"redis://127.0.0.1:{silent.getsockname()[1]}/0",
        }
        done = subprocess.run(
            [sys.executable, "-c", RING],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("rang") == 5
    # Two bells were tried: the first, and the first after the rest. A client may knock more than once for each.
    assert 2 <= len(asked) <= 4
