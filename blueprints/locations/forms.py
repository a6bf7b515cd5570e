"""Forms of the account page: the contacts, one at a time."""

from email_validator import EmailNotValidError, validate_email
from wtforms import Field, StringField, ValidationError
from wtforms import Form as PlainForm
from wtforms.validators import Length

from portal.i18n import _, _l
from portal.web.forms import Form


def is_address(_form: PlainForm, field: Field) -> None:
    """Refuse what cannot be an e-mail address; blank is allowed."""
    if not field.data:
        return
    try:
        validate_email(field.data, check_deliverability=False)
    except EmailNotValidError as error:
        raise ValidationError(_("Enter an e-mail address such as name@example.org.")) from error


class CoordinatorNameForm(Form):
    """The primary vaccine coordinator's name."""

    coordinator_name = StringField(_l("Primary Vaccine Coordinator"), [Length(max=120)])


class CoordinatorEmailForm(Form):
    """Where the primary vaccine coordinator is told of shipments."""

    coordinator_email = StringField(
        _l("Primary Vaccine Coordinator’s e-mail"), [Length(max=254), is_address]
    )


class CoordinatorPhoneForm(Form):
    """The primary vaccine coordinator's phone."""

    coordinator_phone = StringField(_l("Primary Vaccine Coordinator’s phone"), [Length(max=32)])


class BackupNameForm(Form):
    """The backup vaccine coordinator's name."""

    backup_name = StringField(_l("Backup Vaccine Coordinator"), [Length(max=120)])


class BackupEmailForm(Form):
    """Where the backup vaccine coordinator is told of shipments."""

    backup_email = StringField(
        _l("Backup Vaccine Coordinator’s e-mail"), [Length(max=254), is_address]
    )


class BackupPhoneForm(Form):
    """The backup vaccine coordinator's phone."""

    backup_phone = StringField(_l("Backup Vaccine Coordinator’s phone"), [Length(max=32)])
