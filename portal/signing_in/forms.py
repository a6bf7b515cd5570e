"""Forms of signing in, passwords and switching location."""

from wtforms import PasswordField, StringField
from wtforms.validators import Length

from portal.i18n import _l
from portal.signing_in.passwords import LONGEST, SHORTEST
from portal.web.forms import Form, PassingField, Required

NEW_PASSWORD_HINT = _l(
    "At least %(shortest)s characters, at most %(longest)s. Several words you can remember are "
    "best. Spaces count as characters.",
    shortest=SHORTEST,
    longest=LONGEST,
)


class SignInForm(Form):
    """`Sign In`."""

    username = StringField(
        _l("Username"),
        [Required(), Length(max=200)],
        render_kw={
            "autocomplete": "username",
            "autocapitalize": "none",
            "spellcheck": "false",
            "autofocus": True,
        },
    )
    password = PasswordField(
        _l("Password"), [Required()], render_kw={"autocomplete": "current-password"}
    )


class CountersignFields(Form):
    """Who agrees at another user's screen. Only what is sent with the last button counts."""

    countersigner = PassingField(
        _l("Username of whoever authorizes it"),
        [Length(max=200)],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    # Browsers offer to keep passwords, but not codes: this one is not of whoever works here.
    countersigner_password = PasswordField(
        _l("Their password"), render_kw={"autocomplete": "one-time-code"}
    )


class NewPasswordForm(Form):
    """A new password, chosen by the holder of a mailed link."""

    new_password = PasswordField(
        _l("New password"), [Required()], render_kw={"autocomplete": "new-password"}
    )


class ChangePasswordForm(NewPasswordForm):
    """A new password for who knows the current one."""

    current_password = PasswordField(
        _l("Current password"), [Required()], render_kw={"autocomplete": "current-password"}
    )


class ForgotPasswordForm(Form):
    """Who wants a link to choose a new password."""

    identity = StringField(
        _l("Username or e-mail address"),
        [Required(), Length(max=254)],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
