"""Codes and quantities as suppliers and spreadsheets write them.

Pure functions: a cell's value in, the normal form out. A value that cannot be understood raises
`Invalid` with a sentence that says what to enter; nothing is guessed. Cells may be text (CSV) or
whatever type Excel made of what was typed (int, float, bool, datetime).

Understood values are remembered (a supplier's file repeats its few products, dates and PINs).
Refusals are not: their sentence depends on the reader's language.
"""

import re
from functools import lru_cache

from portal.errors import Invalid
from portal.formats.dates import ParsedDate as ParsedDate
from portal.formats.dates import parse_date as parse_date
from portal.formats.identifiers import has_lines
from portal.formats.identifiers import number_key as number_key
from portal.formats.identifiers import parse_code as parse_code
from portal.formats.texts import DASHES, LONGEST, REMEMBERED, ShownNumber, clean, is_whole
from portal.formats.texts import parse_text as parse_text
from portal.i18n import _

# No clinic handles more at once: a larger number is a lot or a code in the wrong field.
MOST_DOSES = 1_000_000

# GS1 General Specifications, table 7.11-1 (character set 82), and the space people type.
_LOT = re.compile(r"""[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z ]{1,20}""")
_LOT_LENGTH = 20


# --- NDC -----------------------------------------------------------------------------------------

_NDC_SHAPES = {(5, 4, 2), (4, 4, 2), (5, 3, 2), (5, 4, 1)}
_NDC_FIRST_WORD = re.compile(r"ndc\s*[#:]*\s*", re.IGNORECASE)


def normalise_ndc(value: object) -> str:
    """The National Drug Code in 11 digits with hyphens, 5-4-2: `59267-1000-02`.

    From 11 digits with or without hyphens, or the 10 digits of the label with hyphens (4-4-2,
    5-3-2, 5-4-1), whose short part gets the leading zero. Ten digits without hyphens fit several
    codes: see `ndc_candidates`. Raises `Invalid`.

    Source: 21 CFR 207.33 (the three 10-digit forms); 45 CFR 162.1002 and CMS billing guidance
    (11 digits, 5-4-2).
    """
    candidates = ndc_candidates(value)
    if len(candidates) > 1:
        raise Invalid(
            _(
                "This NDC fits several products. Enter it with its hyphens, "
                "for example 59267-1000-02."
            )
        )
    return candidates[0]


def ndc_candidates(value: object) -> tuple[str, ...]:
    """All 5-4-2 codes that `value` can mean: one if certain, three for ten digits run together.

    Seven to nine digits are taken for a code whose leading zeros a spreadsheet dropped (labeller
    00006 becomes 6). Match them against the catalogue; raises `Invalid` if it is no NDC at all.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = parse_text(value)
    if not isinstance(value, str) or len(value) > LONGEST:
        raise Invalid(_ndc_sentence())
    return _ndc_of(value)


@lru_cache(REMEMBERED)
def _ndc_of(text: str) -> tuple[str, ...]:
    cleaned = _NDC_FIRST_WORD.sub("", clean(text), count=1).translate(DASHES)
    parts = tuple(part for part in re.split(r"[ -]+", cleaned) if part)
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise Invalid(_ndc_sentence())
    if len(parts) == 1:
        return _ndc_from_digits(parts[0])
    if tuple(map(len, parts)) not in _NDC_SHAPES:
        raise Invalid(_ndc_sentence())
    labeller, product, package = parts
    return (f"{labeller:0>5}-{product:0>4}-{package:0>2}",)


def _ndc_from_digits(digits: str) -> tuple[str, ...]:
    if len(digits) == 11:
        return (f"{digits[:5]}-{digits[5:9]}-{digits[9:]}",)
    if not 7 <= len(digits) <= 10 or not digits.strip("0"):
        raise Invalid(_ndc_sentence())
    ten = digits.zfill(10)
    return tuple(
        dict.fromkeys(
            (
                f"0{ten[:4]}-{ten[4:8]}-{ten[8:]}",
                f"{ten[:5]}-0{ten[5:8]}-{ten[8:]}",
                f"{ten[:5]}-{ten[5:9]}-0{ten[9:]}",
            )
        )
    )


def _ndc_sentence() -> str:
    return _("Enter the NDC as 11 digits, 5-4-2, for example 59267-1000-02.")


# --- lots ----------------------------------------------------------------------------------------


_LABEL = re.compile(
    r"(?:lot|batch|charge|ch\.-b\.)\s*(?:number|no\.?|nr\.?|num\.?|#|id)?\s*[:#=]"
    r"|(?:lot|batch)\s+(?:(?:number|no\.?|#|id)\s+)?(?=\S*[0-9])|\(10\)",
    re.IGNORECASE,
)
_BETWEEN_LOTS = re.compile(r"[;,]|\s(?:and|or)\s", re.IGNORECASE)
_MAY_BE_BETWEEN_LOTS = re.compile(r"[/&+ ]+")
# "EN 6201" is one lot; two parts of which each could be a lot by itself may be two.
_SHORTEST_LOT = 5


def normalise_lot(value: object) -> str:
    """The lot number as shown: outer spaces gone, inner ones collapsed, case as printed.

    Refuses what is no lot number or more than one: placeholders, labels, several lots.

    Source: GS1 General Specifications, AI (10) batch or lot: up to 20 characters of set 82.
    Raises `Invalid`.
    """
    if isinstance(value, str) and len(value) <= LONGEST and has_lines(value):
        raise Invalid(_several_lots())
    text = parse_code(value)
    if not text:
        raise Invalid(_lot_sentence())
    if _LABEL.match(text):
        raise Invalid(_("Enter the lot number alone, without a word or sign before it."))
    if _BETWEEN_LOTS.search(text) or _may_be_several(text):
        raise Invalid(_several_lots())
    if " (" in text:
        raise Invalid(_("Enter the lot number alone, without a remark in brackets."))
    if not _LOT.fullmatch(text):
        if len(text) > _LOT_LENGTH:
            raise Invalid(_("A lot number has at most 20 characters."))
        raise Invalid(_lot_sentence())
    return text


def _may_be_several(text: str) -> bool:
    parts = _MAY_BE_BETWEEN_LOTS.split(text)
    return len(parts) > 1 and all(
        len(part) >= _SHORTEST_LOT and any(map(str.isdigit, part)) for part in parts
    )


def _several_lots() -> str:
    return _(
        "This may be more than one lot number. Enter one lot in each row, with its own quantity."
    )


def _lot_sentence() -> str:
    return _(
        "Enter the lot number as printed on the package: letters, digits and signs such as "
        "- / . only, for example EL9262."
    )


def lot_key(lot: str) -> str:
    """What two spellings of one lot number have in common: upper case, no spaces.

    The space is not in GS1's character set, so it can never tell two lots apart.
    """
    return "".join(lot.split()).upper()


# Letters, and the digit that each is taken for.
_LOOK_ALIKE = str.maketrans("ODQILZSGB", "000112568")


def look_alike_key(lot: str) -> str:
    """What lot numbers have in common that one may be a misreading of the other.

    O, D and Q become 0, I and L 1, Z 2, S 5, G 6 and B 8: letters that ISMP names as taken for
    digits. Signs are left out, since people type `EL-9262` for EL9262. Digits are never taken for
    each other: a maker's next lot differs in one digit. Two lots may share a key, so it only ever
    asks a question; `lot_key` says what is the same.

    Source: ISMP, Misidentification of alphanumeric symbols.
    """
    return "".join(filter(str.isalnum, lot_key(lot))).translate(_LOOK_ALIKE)


# --- Provider PIN --------------------------------------------------------------------------------


def parse_pin(value: object, prefix: str = "NCA") -> str:
    """The Provider PIN: `prefix` and six digits, `NCA650001`.

    Six bare digits get the prefix. A number (Excel drops leading zeros) is filled up to six
    digits; text is not, since a missing digit may belong anywhere. Raises `Invalid`.
    """
    if isinstance(value, float) and is_whole(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if 0 < value < 1_000_000:
            return f"{prefix}{value:06d}"
    elif isinstance(value, str) and len(value) <= LONGEST:
        return _pin_of(value, prefix)
    raise Invalid(_pin_sentence(prefix))


@lru_cache(REMEMBERED)
def _pin_of(text: str, prefix: str) -> str:
    digits = clean(text).translate(DASHES)
    if digits[: len(prefix)].upper() == prefix.upper():
        digits = digits[len(prefix) :].lstrip(" -")
    if len(digits) == 6 and digits.isascii() and digits.isdigit():
        return prefix + digits
    raise Invalid(_pin_sentence(prefix))


def _pin_sentence(prefix: str) -> str:
    return _(
        "Enter the Provider PIN as %(prefix)s and six digits, for example %(prefix)s650001.",
        prefix=prefix,
    )


# --- quantities ----------------------------------------------------------------------------------

_QUANTITY = re.compile(r"(?P<whole>[0-9]{1,7}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.0{1,2})?")


def parse_quantity(value: object) -> int:
    """A count of doses, 1 to 1,000,000: `975`, `1,000`, `975.0`.

    `1.000` is refused: half the world means a thousand by it. Raises `Invalid`.
    """
    number = 0
    if isinstance(value, str):
        number = _quantity_of(value) if len(value) <= LONGEST else 0
    elif isinstance(value, float):
        number = int(value) if is_whole(value) and _is_shown_whole(value) else 0
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    if number <= 0:
        raise Invalid(_quantity_sentence())
    if number > MOST_DOSES:
        raise Invalid(_("A quantity above 1,000,000 can't be right. Check the number of doses."))
    return number


def _is_shown_whole(value: float) -> bool:
    """Whether a cell shows the number itself: not 1E+05, 1.2 thousand or 97500%."""
    if not isinstance(value, ShownNumber):
        return True
    digits = re.sub(r"[^0-9]", "", re.sub(r"\.0+(?![0-9])", "", value.shown))
    return digits.lstrip("0") == str(int(value)) and not re.search("[%E]", value.shown)


@lru_cache(REMEMBERED)
def _quantity_of(text: str) -> int:
    match = _QUANTITY.fullmatch(clean(text))
    if match is None:
        raise Invalid(_quantity_sentence())
    return int(match["whole"].replace(",", ""))


def _quantity_sentence() -> str:
    return _("Enter a whole number of doses, 1 or more, for example 975.")
