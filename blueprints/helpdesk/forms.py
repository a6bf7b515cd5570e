"""Forms of the help desk."""

from typing import Any

from flask_wtf.file import MultipleFileField
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from blueprints.helpdesk.rules import LONGEST_SUBJECT
from blueprints.helpdesk.topics import TopicField, TopicGroup
from portal.i18n import _l
from portal.web.forms import Form, Required

FILES = {"accept": ".pdf,.png,.jpg,.jpeg,.gif,.webp,.heic,.tif,.tiff,.txt,.csv,.xlsx,.docx"}


class RegisterForm(Form):
    """`Register`."""

    first_name = StringField(
        _l("First Name"), [Required(), Length(max=80)], render_kw={"autocomplete": "given-name"}
    )
    last_name = StringField(
        _l("Last Name"), [Required(), Length(max=80)], render_kw={"autocomplete": "family-name"}
    )
    email = StringField(
        _l("Business E-mail"),
        [Required(), Length(max=254)],
        render_kw={"autocomplete": "email", "inputmode": "email", "autocapitalize": "none"},
    )
    code = StringField(
        _l("Registration Code"),
        [Required(), Length(max=40)],
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )


class CaseForm(Form):
    """A new case. `of_group` adds the fields of its topics."""

    topic = SelectField(_l("Topic"), [Required()], validate_choice=False)
    subject = StringField(_l("Subject"), [Required(), Length(max=LONGEST_SUBJECT)])
    description = TextAreaField(_l("Description"), [Required()], render_kw={"rows": 6})
    location = SelectField(_l("Location"), validate_choice=False)
    about = StringField(validators=[Length(max=60)])
    files = MultipleFileField(_l("Attachments"), render_kw=FILES)

    @property
    def own(self) -> "list[tuple[TopicField, Any]]":
        """The fields of the topic's own, as declared and as built."""
        return [(each, self[f"own_{each.key}"]) for each in self.declared]

    declared: tuple[TopicField, ...] = ()


def case_form(group: TopicGroup) -> type[CaseForm]:
    """The form of a group of topics."""
    made: dict[str, Any] = {"declared": group.fields}
    if group.direct:
        # What is attached says it all; an empty subject becomes the name of the topic.
        made["subject"] = StringField(_l("Subject"), [Length(max=LONGEST_SUBJECT)])
        made["description"] = TextAreaField(_l("Description"), render_kw={"rows": 4})
    for each in group.fields:
        kind = TextAreaField if each.kind == "area" else StringField
        made[f"own_{each.key}"] = kind(each.label)
    return type("CaseFormOfGroup", (CaseForm,), made)


class CommentForm(Form):
    """A comment that everybody in the case sees."""

    text = TextAreaField(_l("Comment"), [Required()], render_kw={"rows": 4})
    files = MultipleFileField(_l("Attachments"), render_kw=FILES)


class AnswerForm(CommentForm):
    """What an agent writes in a case."""

    internal = BooleanField(_l("Internal note: only staff can see it"))
    asks = BooleanField(_l("Wait for the requester’s answer"))
    seen = StringField(validators=[Length(max=20)])


class NotesForm(Form):
    """How a case was resolved."""

    notes = TextAreaField(_l("Resolution Notes"), [Required()], render_kw={"rows": 4})


class AssignForm(Form):
    """To whom the case is given."""

    assignee = SelectField(_l("Assigned To"), validate_choice=False)


class MergeCaseForm(Form):
    """The case that says the same."""

    into = StringField(_l("Case Number"), [Required(), Length(max=20)])


class RemedyForm(Form):
    """Why a remedy is carried out."""

    reason = TextAreaField(_l("Reason"), [Required(), Length(max=200)], render_kw={"rows": 2})


class RefuseProposalForm(Form):
    """Why a proposal is refused."""

    reason = TextAreaField(_l("Reason"), [Required(), Length(max=200)], render_kw={"rows": 2})


class SettleForm(Form):
    """Nothing to fill in: pressing the button is the answer."""
