"""Files made to hurt the server (notes/reliability.md M5, UP-1, UP-2): refused, within bounds."""

import io
import json
import random
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from blueprints.shipments.sheets import COLUMNS
from portal.sheets.columns import header_test
from portal.sheets.limits import Limits
from portal.sheets.reader import SheetError, open_table
from tests.effort import amount, seed, some
from tests.sheets import builders
from tests.sheets.builders import HEADER, ROW

ROOT = Path(__file__).parents[2]
MOST_KIB = 150 * 1024
MUTANTS = amount(short=45, full=600)
RECOGNISE = header_test(COLUMNS)


def probe(path: Path) -> dict[str, object]:
    """Open `path` in a process of its own; the bounds hold whatever the outcome."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.sheets.probe", str(path)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    result: dict[str, object] = json.loads(done.stdout)
    assert result["openpyxl_in_server"] is False
    server, child = result["server_kib"], result["child_kib"]
    assert isinstance(server, int)
    assert isinstance(child, int)
    assert server + child < MOST_KIB
    return result


BOMBS = [
    (builders.ten_million_strings, "strings_bytes"),
    (builders.huge_inline_string, "memory"),
    (builders.ten_million_cells, "unpacked_bytes"),
    (builders.sparse_cell, "header"),
    (builders.lying_directory, "lying"),
    (builders.many_members, "members"),
    (builders.nested_zip, "archive"),
    (builders.nested_entities, "dtd"),
]
# For the reasons that those above have, too.
MORE_BOMBS = [
    (builders.huge_string, "strings_bytes"),
    (builders.cells_in_one_row, "memory"),
    (builders.million_columns, "memory"),
    (builders.many_sheets, "header"),
]


@pytest.mark.parametrize(("build", "why"), BOMBS + some(MORE_BOMBS, short=0))
def test_bombs_are_refused(tmp_path: Path, build: Callable[[Path], Path], why: str) -> None:
    result = probe(build(tmp_path / "bomb.xlsx"))
    assert result["reason"] == why
    assert len(str(result["message"])) > 40


@pytest.mark.parametrize(
    "build", some([builders.just_allowed_strings, builders.endless_blank_rows], short=1)
)
def test_what_the_limits_just_allow_stays_within_memory(
    tmp_path: Path, build: Callable[[Path], Path]
) -> None:
    assert probe(build(tmp_path / "large.xlsx"))["reason"] is None


def test_endless_work_ends_by_processor_time(tmp_path: Path) -> None:
    path = builders.endless_blank_rows(tmp_path / "slow.xlsx")
    limits = Limits(cpu_seconds=1)
    with (
        pytest.raises(SheetError) as caught,
        open_table(path, filename="x", recognise=RECOGNISE, limits=limits) as table,
    ):
        list(table)
    assert caught.value.reason == "time"
    assert "-24" in caught.value.detail


def refused(path: Path) -> SheetError:
    with (
        pytest.raises(SheetError) as caught,
        open_table(path, filename="x", recognise=RECOGNISE) as table,
    ):
        list(table)
    return caught.value


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_external_entities_are_not_fetched(
    tmp_path: Path, listener: socket.socket, encoding: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("TOP-SECRET")
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    for target in (secret.as_uri(), url):
        error = refused(builders.external_entity(tmp_path / "xxe.xlsx", target, encoding))
        assert error.reason == "dtd"
        assert "SECRET" not in error.message + error.detail
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize(
    "name",
    ["xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml",
     "_rels/.rels", "docProps/core.xml", "xl/media/picture.png", "no-suffix"],
)  # fmt: skip
def test_definitions_in_any_part_are_refused(
    tmp_path: Path, listener: socket.socket, name: str
) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    error = refused(builders.parameter_entity(tmp_path / "dtd.xlsx", url, name))
    # Without real content types it is no workbook, before anything in it is parsed.
    assert error.reason == ("damaged" if name == "[Content_Types].xml" else "dtd")
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_nested_entities_in_shared_strings(tmp_path: Path) -> None:
    assert refused(builders.nested_entities(tmp_path / "a.xlsx", "strings")).reason == "dtd"


def test_a_definition_behind_a_long_comment(tmp_path: Path) -> None:
    before = "<!--" + "x" * 200_000 + "-->" + builders.LAUGHS
    sheet = builders.sheet_xml(builders.header_xml(), before=before)
    assert refused(builders.package(tmp_path / "a.xlsx", sheet=sheet)).reason == "dtd"


def test_the_child_inherits_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `sitecustomize` or an `openpyxl` lying about is not imported."""
    trap = tmp_path / "openpyxl.py"
    trap.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')")
    (tmp_path / "sitecustomize.py").write_text(trap.read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    path = tmp_path / "a.xlsx"
    path.write_bytes(builders.workbook([HEADER, ROW]))
    with open_table(path, filename="x", recognise=RECOGNISE) as table:
        assert list(table) == [(2, ROW)]
    assert not (tmp_path / "sprung").exists()


def _mutants(drawn: int, count: int) -> Iterator[bytes]:
    """Decent files with bytes flipped, cut, doubled; in the archive or inside one of its parts."""
    luck = random.Random(drawn)
    book = builders.workbook([HEADER, *[ROW] * 30])
    text = ("\r\n".join(",".join(row) for row in [HEADER, *[ROW] * 30]) + "\r\n").encode()
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for number in range(count):
        if number % 3 == 0:
            yield _mutated(text, luck)
        elif number % 3 == 1:
            yield _mutated(book, luck)
        else:
            name = luck.choice(list(parts))
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                for part, content in parts.items():
                    archive.writestr(part, _mutated(content, luck) if part == name else content)
            yield out.getvalue()


def _mutated(content: bytes, luck: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(luck.randint(1, 6)):
        at = luck.randrange(len(changed))
        match luck.randrange(5):
            case 0:
                changed[at] = luck.randrange(256)
            case 1:
                del changed[at : at + luck.randrange(1, 40)]
            case 2:
                changed[at:at] = changed[at : at + luck.randrange(1, 200)]
            case 3:
                changed[at:at] = luck.choice([b"\0", b'"', b"\xff\xfe", b"<!--", b"&x;", b"99999"])
            case _:
                changed = changed[: max(at, 1)]
    return bytes(changed)


def test_mutants_raise_nothing_but_sheet_errors(tmp_path: Path) -> None:
    def run(numbered: tuple[int, bytes]) -> str:
        number, content = numbered
        path = tmp_path / str(number)
        path.write_bytes(content)
        try:
            with open_table(path, filename="x", recognise=RECOGNISE) as table:
                for row_number, cells in table:
                    assert row_number > table.header_row
                    assert len(cells) <= Limits().columns + 1
        except SheetError as error:
            return error.reason
        return "read"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(run, enumerate(_mutants(seed(20210630), MUTANTS))))
    assert len(outcomes) == MUTANTS
    assert {"read", "damaged"} <= set(outcomes)
