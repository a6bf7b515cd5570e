"""The form that an article is written in."""

from collections.abc import Mapping

from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length

from blueprints.knowledge.words import AUDIENCES, LANGUAGE_NAMES, SHIPPED, THEMES
from portal.i18n import Label, _l
from portal.web.forms import Form, Required


def choices(offered: Mapping[str, Label]) -> list[SelectChoice]:
    """What a field offers, by the values."""
    return [SelectChoice(key, label) for key, label in offered.items()]


OWN = {key: label for key, label in AUDIENCES.items() if key != SHIPPED}


class ArticleForm(Form):
    """An article that is changed."""

    title = StringField(_l("Title"), [Required(), Length(max=120)])
    theme = SelectField(_l("Theme"), [Required()], choices=choices(THEMES))
    audience = SelectField(
        _l("Who can read it"), [Required()], choices=choices(AUDIENCES), default=SHIPPED
    )
    keywords = StringField(
        _l("Further words to find it by"),
        [Length(max=200)],
        description=_l("For example: box, delivery"),
    )
    text = TextAreaField(_l("Text"), [Required()], render_kw={"rows": 18})
    seen = StringField(validators=[Length(max=10)])


class NewArticleForm(ArticleForm):
    """An article of the installation's own."""

    language = SelectField(_l("Language"), [Required()], choices=choices(LANGUAGE_NAMES))
    audience = SelectField(
        _l("Who can read it"),
        [Required()],
        choices=choices(OWN),
        default="everyone",
    )
