"""A picture of the code: what is found in it goes the way of a scanned code (SPEC D10)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, cast

from wtforms import Form

from blueprints.inventory.adding import scan
from blueprints.inventory.forms import DeliveryForm
from portal.access.scope import Scope
from portal.catalog import gs1
from portal.catalog.gs1 import Reading
from portal.errors import Invalid
from portal.i18n import _
from portal.pictures.reader import PictureError, offered, read_codes
from portal.web.forms import Question, pictured
from portal.wizards.definition import Answers

PHOTO = "photo"
FOUND = "found"
LINE_END = re.compile(r"[\r\n]+")


@dataclass(frozen=True)
class Picture:
    """What was found in a picture: codes as a scanner would type them, or why there is none."""

    codes: tuple[str, ...] = ()
    refusal: str = ""


def read_files(files: Mapping[str, BinaryIO]) -> dict[str, object]:
    """Find the codes in a picture that was sent, where pictures can be read."""
    file = files.get(PHOTO)
    if file is None or not offered():
        return {}
    try:
        codes = read_codes(file)
    except PictureError as error:
        return {PHOTO: Picture(refusal=error.message)}
    texts = (gs1.in_brackets(code.text) if code.gs1 else code.text for code in codes)
    return {PHOTO: Picture(tuple(pictured(LINE_END.sub(" ", text)) for text in texts))}


def offer(_scope: Scope, form: Form, _answers: Answers) -> None:
    """Leave out the field for a picture where none can be read."""
    if not offered():
        del form[PHOTO]


def fill_in(scope: Scope, form: Form, answers: Answers, pressed: str) -> bool:
    """As `scan.fill_in`; the code of a picture is put into the field `Scan` first."""
    delivery = cast(DeliveryForm, form)
    scan.gather(delivery)
    code = _code(scope, delivery, pressed)
    if code is None:
        return True
    if code:
        scan.fill(delivery.scan, code)
    return scan.fill_in(scope, form, answers, pressed)


def _code(scope: Scope, form: DeliveryForm, pressed: str) -> str | None:
    """The code that a picture gives; empty if there is none to be read, or if one was typed that
    goes before it. None leaves a refusal or a question beside the field."""
    photo = form.photo if PHOTO in form else None
    if photo and photo.data and (pressed == PHOTO or not form.scan.data):
        photo.errors = [photo.data.refusal] if photo.data.refusal else []
        return None if photo.errors else _only(scope, form, photo.data.codes)
    if photo and pressed == PHOTO:
        photo.errors = photo.errors or [_("Take a picture first, then press “Read picture”.")]
        return None
    if form.scan.data:
        return ""
    if photo and photo.errors:  # only its name has come
        return None
    answer = form.scan.answer(FOUND)
    codes = form.scan.answer(f"{FOUND}_again").replace("\r", "").split("\n")
    if answer or not pressed or not any(codes):
        return answer
    return _only(scope, form, codes[: gs1.MOST_READINGS])


# --- several codes in one picture ----------------------------------------------------------------


def _only(scope: Scope, form: DeliveryForm, codes: Sequence[str]) -> str | None:
    """The only one of `codes` that counts; of several it is asked which, and the answer is None."""
    read = {code: _readings(code, scope.today()) for code in codes}
    # Those that say nothing of a package are told of only if there is no other.
    different = _different(read) or codes[:1]
    if len(different) == 1:
        return different[0]
    readings = [read[code][0] for code in different]
    choices = list(zip(different, different, strict=True))
    if all(len(read[code]) == 1 for code in different):
        choices = list(zip(different, scan.described(scope, form, readings), strict=True))
        if whole := _joined(readings):
            choices.insert(0, (whole.bracketed(), _("All of them together")))
    text = _("There are several codes in the picture. Which one is it?")
    form.scan.asked.append(Question(FOUND, text, tuple(choices), again="\n".join(different)))
    return None


def _readings(code: str, day: date) -> tuple[Reading, ...]:
    try:
        return gs1.read(code, today=day)
    except Invalid:
        return ()


def _different(read: Mapping[str, Sequence[Reading]]) -> list[str]:
    """The codes that have readings, without those that say no more than another does."""

    def clearest_and_fullest(code: str) -> tuple[int, int]:
        return len(read[code]), -len(read[code][0].bracketed())

    kept: dict[str, Sequence[Reading]] = {}
    for code in sorted((code for code in read if read[code]), key=clearest_and_fullest):
        known = [reading for readings in kept.values() for reading in readings]
        if not any(own.is_within(other) for own in read[code] for other in known):
            kept[code] = read[code]
    return [code for code in read if code in kept]


def _joined(readings: Sequence[Reading]) -> Reading | None:
    whole: Reading | None = Reading()
    for reading in readings:
        whole = whole.joined(reading) if whole else None
    return whole
