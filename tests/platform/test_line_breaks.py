"""Line breaks of templates: gone from the page, but never a space that is read."""

import pytest
from flask import Flask
from jinja2 import DictLoader, Environment

from portal.web.line_breaks import LineBreaks


def rendered(source: str, name: str = "page.html", **values: object) -> str:
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[LineBreaks],
        loader=DictLoader({name: source}),
    )
    return environment.get_template(name).render(values)


def test_elements_on_lines_of_their_own_come_out_without_the_lines() -> None:
    source = """
    <ul>
      {% for one in names %}
        <li>
          {{ one }}
        </li>
      {% endfor %}
    </ul>
    """
    assert rendered(source, names=["a", "b"]) == "<ul><li>a</li><li>b</li></ul>"


def test_words_keep_their_distance() -> None:
    assert rendered("<p>\n  two\n  words\n</p>") == "<p>two words</p>"
    assert rendered("<p>{{ a }} <b>x</b> {{ a }}</p>", a="y") == "<p>y <b>x</b> y</p>"
    assert rendered('<p>\n  {{ a }}{{ " " }}\n  {{ a }}\n</p>', a="y") == "<p>y y</p>"


def test_attributes_on_lines_of_their_own_stay_apart() -> None:
    source = """<input
      name="a"
      {% if on %} checked{% endif %}
      {% for key in keys %}
        {{ key }}
      {% endfor %}
      value="b"
    >"""
    assert rendered(source, on=True, keys=["x", "y"]) == '<input name="a" checked x y value="b">'
    assert rendered(source, on=False, keys=[]) == '<input name="a" value="b">'


def test_a_quoted_value_keeps_its_words_apart() -> None:
    assert rendered('<p title="one\n  two {{ a }}\n  three">', a=1) == '<p title="one two 1 three">'


def test_what_the_browser_shows_as_it_is_stays_as_it_is() -> None:
    for tag in ("pre", "textarea"):
        source = f"<{tag}>\n a\n  b\n</{tag}>"
        assert rendered(source) == source
    assert rendered("<pre>\n</pre>\n<p>\n</p>") == "<pre>\n</pre><p></p>"


def test_what_people_entered_is_not_touched() -> None:
    assert rendered("<p>\n{{ note }}\n</p>", note="one\n  two") == "<p>one\n  two</p>"
    assert rendered("{{ 'a\n  b' }}\n<p>") == "a\n  b<p>"


def test_an_error_still_names_its_line() -> None:
    source = (
        "<p>\n  {% if one %}\n    <b\n      id={{ one }}>\n      {{ 1 // nothing }}</b>{% endif %}"
    )
    with pytest.raises(ZeroDivisionError) as failed:
        rendered(source, one=1, nothing=0)
    assert failed.traceback[-1].lineno + 1 == 5


def test_the_text_of_mails_keeps_its_lines(app: Flask) -> None:
    source = "<p>\n{{ a }}\n</p>"
    pages, mails = app.jinja_env, app.jinja_env.overlay()
    assert LineBreaks.identifier in pages.extensions
    assert "\n" not in pages.preprocess(source, "a.html").replace("{#\n#}", "")
    assert pages.preprocess(source, "a.txt") == source
    assert mails.preprocess(source, "a.html") == source
