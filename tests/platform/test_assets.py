"""Static files are built once, also by processes that start together."""

import time
from pathlib import Path

import pytest

from portal.web.assets import Assets
from tests.processes import FORK

THOSE = 3


@pytest.mark.slow("lets several processes race")
def test_of_several_that_start_at_once_one_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "assets"
    Assets(folder).build()
    (folder / "index.json").write_text('{"stamp": "of an older version", "names": {}}')
    made, go, found = FORK.Value("i", 0), FORK.Event(), FORK.Queue()
    fill = Assets._fill

    def slowly(assets: Assets, fresh: Path, stamp: str) -> None:
        with made.get_lock():
            made.value += 1
        time.sleep(0.3)
        fill(assets, fresh, stamp)

    def build() -> None:
        go.wait(30)
        built = Assets(folder).build()
        found.put([(folder / name).exists() for name in built.names.values()])

    monkeypatch.setattr(Assets, "_fill", slowly)
    processes = [FORK.Process(target=build, daemon=True) for _turn in range(THOSE)]
    for process in processes:
        process.start()
    go.set()
    answers = [found.get(timeout=60) for _process in processes]
    assert all(answer and all(answer) for answer in answers)
    assert made.value == 1
    assert not list(tmp_path.glob(".assets-*"))


def test_who_may_only_read_finds_what_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "assets"
    names = Assets(folder).build().names
    (tmp_path / ".assets.lock").unlink()
    assert Assets(folder).build().names == names
    assert not (tmp_path / ".assets.lock").exists()
