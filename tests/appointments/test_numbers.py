"""Confirmation numbers: no typing error goes unnoticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprints.appointments.numbers import (
    ALPHABET,
    LENGTH,
    check_sign,
    new_number,
    read_number,
    spoken,
)
from portal.errors import Invalid

drawn = st.text(ALPHABET, min_size=LENGTH - 1, max_size=LENGTH - 1)


@given(drawn)
def test_a_number_is_read_however_it_is_typed(signs: str) -> None:
    number = signs + check_sign(signs)
    for text in (number, number.lower(), spoken(number), f" {spoken(number).lower()} "):
        assert read_number(text) == number


@given(drawn, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_sign_is_noticed(signs: str, place: int, sign: str) -> None:
    number = signs + check_sign(signs)
    wrong = number[:place] + sign + number[place + 1 :]
    if wrong != number:
        with pytest.raises(Invalid, match="typing error"):
            read_number(wrong)


@given(drawn, st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1))
def test_two_swapped_signs_are_noticed(signs: str, one: int, other: int) -> None:
    number = list(signs + check_sign(signs))
    if number[one] != number[other]:
        number[one], number[other] = number[other], number[one]
        with pytest.raises(Invalid, match="typing error"):
            read_number("".join(number))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nine letters and digits"),
        ("K7M-4QX", "nine letters and digits"),
        ("K7M-4QX-9T1", "no A, I, L, O or U"),
        ("OOO-000-OOO", "no A, I, L, O or U"),
    ],
)
def test_what_cannot_be_a_number_is_told_apart(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_number(text)


def test_the_example_in_the_sentence_is_a_number() -> None:
    with pytest.raises(Invalid) as refusal:
        read_number("")
    assert read_number(refusal.value.message.rstrip(".").split()[-1])


def test_numbers_are_drawn_afresh() -> None:
    made = {new_number() for _turn in range(500)}
    assert len(made) == 500
    assert {read_number(number) for number in made} == made
