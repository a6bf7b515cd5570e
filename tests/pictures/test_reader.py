"""Reading codes in pictures: good ones, bad ones, and those made to hurt the server."""

import io
import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from zxingcpp import BarcodeFormat

from portal.isolation.parent import Places
from portal.pictures import reader
from portal.pictures.reader import Code, PictureError, PictureLimits, read_codes
from tests.effort import amount, seed
from tests.house.source import ROOT
from tests.pictures.builders import WHITE, claimed_png, jpeg, png, sheet, symbol, taken

CODE = "(01)00380777273106(17)270630(10)021C21A(21)S123"
SENT = "01003807772731061727063010021C21A\x1d21S123"
MOST_KIB = 150 * 1024


def codes(content: bytes, limits: PictureLimits = PictureLimits()) -> tuple[Code, ...]:  # noqa: B008
    return read_codes(io.BytesIO(content), limits)


def reason(content: bytes, limits: PictureLimits = PictureLimits()) -> str:  # noqa: B008
    with pytest.raises(PictureError) as caught:
        codes(content, limits)
    assert len(caught.value.message) > 40
    return caught.value.reason


# --- what is found -------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [0, 17, 45, 90, 180])
def test_a_code_is_read_however_it_lies(turned: float) -> None:
    assert codes(jpeg(sheet(symbol(CODE), turned=turned))) == (Code(SENT, gs1=True),)


@pytest.mark.parametrize(
    ("kind", "text", "sent"),
    [
        (BarcodeFormat.DataMatrix, CODE, SENT),
        (BarcodeFormat.QRCode, CODE, SENT),
        (BarcodeFormat.Code128, CODE, SENT),
        (BarcodeFormat.DataBarExp, "(01)00380777273105(10)A(21)B", "010038077727310510A\x1d21B"),
    ],
)
def test_gs1_codes_of_all_kinds_are_read(kind: BarcodeFormat, text: str, sent: str) -> None:
    assert codes(png(sheet(symbol(text, kind)))) == (Code(sent, gs1=True),)


def test_a_linear_product_number_is_read() -> None:
    found = codes(png(sheet(symbol("0380777273105", BarcodeFormat.EAN13, gs1=False))))
    assert found == (Code("0380777273105", gs1=False),)


def test_a_code_without_the_sign_of_gs1_is_told_apart() -> None:
    plain = symbol("010038077727310610A", gs1=False)
    assert codes(png(sheet(plain))) == (Code("010038077727310610A", gs1=False),)


@pytest.mark.parametrize("scale", [2, 3, 6])
def test_small_blurred_and_dark_pictures_are_read(scale: int) -> None:
    picture = taken(sheet(symbol(CODE, scale=scale), turned=12), blurred=scale / 4)
    assert codes(jpeg(picture, quality=70)) == (Code(SENT, gs1=True),)


def test_a_small_code_in_a_large_photograph_is_read() -> None:
    scene = Image.new("L", (4032, 3024), 170)
    scene.paste(sheet(symbol(CODE, scale=7), turned=30), (2600, 400))
    scene = taken(scene, blurred=2)
    assert codes(jpeg(scene, quality=60)) == (Code(SENT, gs1=True),)


def test_fifty_million_pixels_are_read_smaller() -> None:
    scene = Image.new("L", (8160, 6120), 170)
    scene.paste(sheet(symbol(CODE, scale=14)), (3000, 3000))
    assert codes(jpeg(scene)) == (Code(SENT, gs1=True),)


def test_each_of_several_codes_is_told_once() -> None:
    other = "(01)00380777273106(10)039K20A"
    found = codes(png(sheet(symbol(CODE), symbol(other), symbol(CODE))))
    assert {code.text for code in found} == {SENT, "010038077727310610039K20A"}
    assert len(found) == 2


def test_a_shelf_full_of_codes_is_cut_short() -> None:
    many = [symbol(f"(01)00380777273106(21){number}", scale=3) for number in range(9)]
    found = codes(png(sheet(*many)), replace(PictureLimits(), codes=4))
    assert len(found) == 4


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK", "I;16"])
def test_every_way_to_write_colours_is_understood_or_refused(mode: str) -> None:
    made = io.BytesIO()
    picture = sheet(symbol(CODE)).convert("I" if mode == "I;16" else mode)
    picture = picture.point(lambda grey: grey * 257).convert(mode) if mode == "I;16" else picture
    picture.save(made, "JPEG" if mode == "CMYK" else "PNG")
    assert codes(made.getvalue()) == (Code(SENT, gs1=True),)


# --- what is refused -----------------------------------------------------------------------------


def test_a_picture_without_a_code() -> None:
    assert reason(jpeg(Image.new("L", (800, 600), WHITE))) == "none"
    grain = Image.frombytes("L", (800, 600), random.Random(3).randbytes(480_000))
    assert reason(png(grain)) == "none"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<!doctype html><title>code.jpg</title>",
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
        b"RIFF\x24\x00\x00\x00WEBPVP8 ",
        b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) run",
        b"PK\x03\x04",
    ],
    ids=["empty", "svg", "html", "gif", "heic", "webp", "postscript", "zip"],
)
def test_only_jpeg_and_png_are_opened_whatever_the_name(content: bytes) -> None:
    assert reason(content) == "kind"


def test_damaged_pictures() -> None:
    whole = jpeg(sheet(symbol(CODE)))
    assert reason(whole[: len(whole) // 2]) == "damaged"
    assert reason(whole[:20]) == "damaged"
    assert reason(png(sheet(symbol(CODE)))[:200]) == "damaged"


def test_a_file_that_is_too_large() -> None:
    assert reason(jpeg(sheet(symbol(CODE))) + bytes(PictureLimits().file_bytes)) == "file_bytes"


def progressive(width: int, height: int, **options: int) -> bytes:
    """A white picture of a camera that comes in layers, each of which must be kept."""
    return jpeg(Image.new("L", (width, height), WHITE), progressive=True, **options)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda: claimed_png(50_000, 50_000, colour=0, rows=100), "pixels"),
        (lambda: claimed_png(2_000_000_000, 1, colour=0, rows=0), "pixels"),
        (lambda: claimed_png(7_000, 7_000, colour=6, rows=7_000), "memory"),
        (lambda: progressive(8000, 6000), "pixels"),
        (lambda: claimed_png(4_000, 3_000, colour=6, rows=3_000), "none"),
        (lambda: progressive(3500, 3500, subsampling=0), "none"),
    ],
    ids=["bomb", "long", "colours", "progressive", "just-allowed", "just-allowed-progressive"],
)
def test_bombs_stay_within_bounds(tmp_path: Path, made: Callable[[], bytes], why: str) -> None:
    content = made()
    assert len(content) < 1024 * 1024
    path = tmp_path / "bomb"
    path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "tests.pictures.probe", str(path)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    result = json.loads(done.stdout)
    assert result["reason"] == why
    assert result["server_kib"] + result["child_kib"] < MOST_KIB
    assert result["libraries_in_server"] == []


def test_mutants_raise_nothing_but_picture_errors() -> None:
    luck = random.Random(seed(20210630))
    small = sheet(symbol(CODE, scale=3))
    whole = (jpeg(small), png(small), jpeg(small, progressive=True))
    outcomes = set()
    for number in range(amount(short=21, full=200)):
        content = bytearray(whole[number % 3])
        for _change in range(luck.randint(1, 5)):
            at = luck.randrange(len(content))
            content[at : at + luck.randint(0, 3)] = luck.randbytes(luck.randint(0, 3))
        try:
            outcomes.add(str(len(codes(bytes(content)))))
        except PictureError as error:
            outcomes.add(error.reason)
    assert {"1", "damaged"} <= outcomes
    assert not {"memory", "time"} & outcomes


# --- the child -----------------------------------------------------------------------------------


def frame(message: object) -> str:
    """A script that says only this."""
    content = json.dumps(message).encode()
    sent = len(content).to_bytes(4, "big") + content
    return f"import sys; sys.stdout.buffer.write({sent!r})"


def test_a_child_that_dies_hangs_or_talks_nonsense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "child.py"
    monkeypatch.setattr(reader, "CHILD", child)
    for code, why in (
        (f"import os; os.kill(os.getpid(), {signal.SIGSEGV})", "memory"),
        (f"import os; os.kill(os.getpid(), {signal.SIGXCPU})", "time"),
        ("raise SystemExit(0)", "memory"),
        ("print('\\xff\\xff\\xff\\xff')", "memory"),
        ("import time; time.sleep(60)", "time"),
        (frame(["refused", ["nonesuch", ""]]), "damaged"),
        (frame(["codes", 7]), "damaged"),
        (frame(["codes", [["A"]]]), "damaged"),
        (frame(["codes", []]), "none"),
    ):
        child.write_text(code)
        patience = 1.0 if "sleep" in code else 30.0
        assert reason(b"", replace(PictureLimits(), wait_seconds=patience)) == why


@pytest.mark.timeout(50)
def test_endless_work_ends_by_processor_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "child.py"
    child.write_text(
        f"import sys; sys.path.append({str(ROOT)!r})\n"
        "from portal.isolation.child import serve\n"
        "def work(file, parent, **limits):\n"
        "    while True: pass\n"
        "serve(work)\n"
    )
    monkeypatch.setattr(reader, "CHILD", child)
    assert reason(b"", replace(PictureLimits(), cpu_seconds=1, wait_seconds=100.0)) == "time"


def test_a_library_that_cannot_be_loaded_is_logged_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    child = tmp_path / "child.py"
    child.write_text(
        "import runpy, sys; sys.modules['zxingcpp'] = None\n"
        f"runpy.run_path({str(reader.CHILD)!r}, run_name='__main__')\n"
    )
    monkeypatch.setattr(reader, "CHILD", child)
    assert reason(jpeg(sheet(symbol(CODE)))) == "missing"
    assert "zxingcpp" in caplog.text


def test_one_picture_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    place = threading.BoundedSemaphore(1)
    monkeypatch.setattr(reader, "PLACES", Places(place, 0.01))
    picture = png(sheet(symbol(CODE)))
    with place:
        assert reason(picture) == "busy"
    assert codes(picture)
    assert reason(b"") == "kind"
    assert codes(picture), "a refused one gives its place back"


def test_nothing_is_kept_and_nothing_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    codes(jpeg(sheet(symbol(CODE)), comment=b"Mrs. Secret"))
    reason(jpeg(sheet(symbol(CODE)), comment=b"Mrs. Secret")[:900])
    assert os.listdir(tmp_path) == []
    assert caplog.text == ""
