"""Programs of others that the tests run against Patchbay, each in an environment of its own: none is a dependency.

python = apart.environment("truto_sdk")     # installs tests/apart/truto_sdk.txt once for these lines
subprocess.run([python, apart.HERE / "truto_walk.py", ...])
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from config.embedded import datafolder
from tests import plugin

HERE = Path(__file__).resolve().parent


def environment(name: str) -> Path:
    """The Python of a virtual environment with what `<name>.txt` lists; made once, and kept for later runs."""
    wanted = HERE / f"{name}.txt"
    folder = plugin.FOLDER / f"apart-{name}-{hashlib.sha256(wanted.read_bytes()).hexdigest()[:12]}"
    with datafolder.locked(plugin.FOLDER / f"apart-{name}.lock", wait=True):
        if not folder.exists():
            half = folder.with_name(f"{folder.name}.half")
            shutil.rmtree(half, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(half)], check=True)
            # An SDK may declare a newer Python than it needs.
            install = [
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
                "--ignore-requires-python",
            ]
            done = subprocess.run(
                [str(half / "bin" / "python"), *install, "-r", str(wanted)],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{wanted.name} could not be installed:\n{done.stderr[-2000:]}"
            half.rename(folder)
    return folder / "bin" / "python"
