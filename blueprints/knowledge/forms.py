"""The form that an article is written in."""

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import Length

from blueprints.knowledge.words import AUDIENCES, LANGUAGE_NAMES, SHIPPED, THEMES
from portal.i18n import _l
from portal.web.forms import Form, Required


class ArticleForm(Form):
    """An article that is changed."""

    title = StringField(_l("Title"), [Required(), Length(max=120)])
    theme = SelectField(_l("Theme"), [Required()], choices=list(THEMES.items()))
    audience = SelectField(
        _l("Who can read it"), [Required()], choices=list(AUDIENCES.items()), default=SHIPPED
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

    language = SelectField(_l("Language"), [Required()], choices=list(LANGUAGE_NAMES.items()))
    audience = SelectField(
        _l("Who can read it"),
        [Required()],
        choices=[(key, label) for key, label in AUDIENCES.items() if key != SHIPPED],
        default="everyone",
    )
