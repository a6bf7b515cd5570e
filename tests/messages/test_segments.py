"""Letters and parts of text messages."""

import pytest

from portal.messages.segments import fitted, is_plain, size


@pytest.mark.parametrize(
    ("text", "plain", "units", "parts"),
    [
        ("a" * 160, True, 160, 1),
        ("a" * 161, True, 161, 2),
        ("a" * 306, True, 306, 2),
        ("a" * 307, True, 307, 3),
        ("€" * 80, True, 160, 1),
        ("a" + "€" * 80, True, 161, 2),
        # An escaped letter is not torn in two: the first part holds 152, the third the last one.
        ("€" * 76 + "a" + "€" * 77, True, 307, 3),
        ("ñ¿¡éü" * 32, True, 160, 1),
        ("í" * 70, False, 70, 1),
        ("í" * 71, False, 71, 2),
        ("í" * 135, False, 135, 3),
        ("🩹" * 35, False, 70, 1),
        # Neither is a letter of two units: 33 of them in a part.
        ("🩹" * 67, False, 134, 3),
        ("", True, 0, 1),
    ],
)
def test_a_text_travels_in_as_many_parts_as_phones_count(
    text: str, plain: bool, units: int, parts: int
) -> None:
    found = size(text)
    assert (found.plain, found.units, found.parts) == (plain, units, parts)


def test_accents_that_phones_lack_are_left_out_and_no_letter_else() -> None:
    assert fitted("Su visita quedó registrada: mañana, a las  9.\nSí, el año que viene ¿sí?") == (
        "Su visita quedo registrada: mañana, a las 9. Si, el año que viene ¿si?"
    )
    assert fitted("“Don’t” – wait…") == '"Don\'t" - wait...'
    # Written with a mark of its own, it is one letter all the same.
    assert fitted("espan\u0303ol") == "español"


def test_a_text_that_needs_unicode_all_the_same_keeps_every_letter() -> None:
    text = "Está en 診療所, José"
    assert fitted(text) == text
    assert not is_plain(text)
