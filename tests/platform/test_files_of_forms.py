"""Which pages ask for the files that only forms need."""

import pytest

from portal.web.assets import needed_by

BUTTON = (
    '<form method="post" action="/x"><input type="hidden" name="csrf_token" value="t">'
    '<button type="submit">Go</button></form>'
)


@pytest.mark.parametrize(
    "html",
    [
        "<p>We look at the vial for hours.</p>",
        BUTTON * 3,
        f'{BUTTON}<input type="text">',
        '<form class="form" role="search" method="post"><input name="q"></form>',
        '<form method="post" data-again><input name="q"></form>',
        '<form action="/list"><select name="view"></select></form>',
    ],
)
def test_a_page_without_a_form_to_fill_in_asks_for_nothing(html: str) -> None:
    assert needed_by(html) == []


@pytest.mark.parametrize(
    "html",
    [
        f'{BUTTON}<form method="post"><p>Why?</p><textarea name="why"></textarea></form>',
        '<form class="form" method="post" novalidate><input id="a" name="a" type="text"></form>',
        '<form method="post"><input type="hidden" name="a"><select name="b"></select></form>',
        '<main id="wizard"><a href="/change" hx-get="/change">Change</a></main>',
    ],
)
def test_a_form_to_fill_in_asks_for_the_script(html: str) -> None:
    assert needed_by(html) == ["js/forms.js"]


@pytest.mark.parametrize("name", ["look", "cal", "f full lots", "vial full"])
def test_what_is_styled_asks_for_the_style_sheet(name: str) -> None:
    assert needed_by(f'<p class="card">x</p><div class="{name}">x</div>') == ["css/forms.css"]


def test_a_record_asks_for_both_for_its_pens_and_other_tabs() -> None:
    assert needed_by('<div id="record" class="stack">') == ["css/forms.css", "js/forms.js"]
