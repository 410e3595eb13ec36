"""A data folder: one holder, secrets made once, files that appear whole."""

import concurrent.futures
import json
import stat
import time

import pytest

from config.embedded import EmbeddedError, datafolder


def test_secrets_are_made_once_and_for_the_owner_only(tmp_path):
    folder = datafolder.prepare(tmp_path / "data")
    first = datafolder.load_secrets(folder)

    assert datafolder.load_secrets(folder) == first
    assert len(set(first.values())) == len(first)
    assert len(first["secret_key"]) >= 50
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
    (folder / "secrets.json").write_text("torn")
    with pytest.raises(EmbeddedError, match="cannot be read"):
        datafolder.load_secrets(folder)


def test_two_processes_never_hold_a_folder(tmp_path):
    def take() -> bool:
        with datafolder.locked(tmp_path / "up.lock", wait=False) as taken:
            time.sleep(0.2)
            return taken

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        assert sorted(future.result() for future in [threads.submit(take) for _ in range(4)]) == [
            False
        ] * 3 + [True]


def test_an_unwritable_folder_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(
        EmbeddedError, match=r"^The data folder .* cannot be written \(.*\); name another with --data\.$"
    ):
        datafolder.prepare(tmp_path / "file" / "data")


def test_a_private_file_appears_whole(tmp_path):
    datafolder.write_private_json(tmp_path / "ready.json", {"url": "http://127.0.0.1:1"})

    assert json.loads((tmp_path / "ready.json").read_text()) == {"url": "http://127.0.0.1:1"}
    assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["ready.json"]
