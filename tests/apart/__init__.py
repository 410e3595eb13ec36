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
            # By our own pip: to put one into each environment, and to compile what is never imported, takes longest.
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(half)], check=True)
            install = [sys.executable, "-m", "pip", "--python", str(half / "bin" / "python"), "install", "-q"]
            # An SDK may declare a newer Python than it needs.
            how = ["--disable-pip-version-check", "--no-compile", "--ignore-requires-python"]
            done = subprocess.run(
                [*install, *how, "-r", str(wanted)], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{wanted.name} could not be installed:\n{done.stderr[-2000:]}"
            half.rename(folder)
    return folder / "bin" / "python"
