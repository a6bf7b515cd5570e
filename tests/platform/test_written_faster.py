"""What the portal writes by a shorter way than the libraries it comes from: the same as theirs."""

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from markupsafe import Markup
from wtforms.widgets import Input, html_params

from portal.i18n import translated, translated_plural
from portal.web.attributes import attributes

NAMES = st.from_regex(r"(data_|aria_|)[a-z]{1,5}(_[a-z]{1,5})?_?", fullmatch=True)
TEXTS = st.text("a\"'<>&é{} %", max_size=8)
VALUES = st.one_of(TEXTS, TEXTS.map(Markup), st.integers(), st.booleans(), st.none())


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_attributes_are_written_as_by_wtforms(given: dict[str, object]) -> None:
    assert attributes(**given) == html_params(**given)
    assert isinstance(attributes(**given), Markup)


def test_inputs_write_their_attributes_so(app: Flask) -> None:
    assert Input.html_params is attributes


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize(
    "words",
    [
        "{{ _('Plain & <b>') }}",
        "{{ _('100 %% sure') }}",
        "{{ _('Hello %(name)s!', name='<i>' ~ '&amp;') }}",
        "{{ _('Hello %(name)s!', name=bold) }}",
        "{{ gettext('Hello %(name)s, %%', name=7) }}",
        "{{ ngettext('%(num)s place', '%(num)s places', 1) }}",
        "{{ ngettext('%(num)s place', '%(num)s places', 2, num='two') }}",
        "{{ ngettext('one of %(name)s', 'some of %(name)s', 3, name='<x>') }}",
        "{{ ngettext('100 %%', 'more', 1) }}",
        "{{ _('Plain') ~ '<b>' }}",
        "{% trans name='<i>' %}Hello {{ name }}{% endtrans %}",
    ],
)
def test_texts_of_templates_are_written_as_by_jinja(app: Flask, words: str, escaped: bool) -> None:
    theirs = Environment(extensions=["jinja2.ext.i18n"], autoescape=escaped)
    theirs.install_gettext_callables(  # type: ignore[attr-defined]
        translated, translated_plural, newstyle=True
    )
    ours = app.jinja_env.overlay(autoescape=escaped)
    with app.test_request_context():
        found, wanted = (
            each.from_string(words).render(bold=Markup("<b>x</b>")) for each in (ours, theirs)
        )
    assert found == wanted
