"""The record page of an account (location), and the pens on its contacts (SPEC D9, C4)."""

from flask import url_for

from blueprints.locations.forms import (
    BackupEmailForm,
    BackupNameForm,
    BackupPhoneForm,
    CoordinatorEmailForm,
    CoordinatorNameForm,
    CoordinatorPhoneForm,
)
from blueprints.locations.queries import get_location
from blueprints.locations.services import CONTACTS, change_contact
from portal.access.scope import Scope
from portal.i18n import _, _l
from portal.places.models import Location
from portal.records.page import Fact, RecordPage, RecordTab, Section
from portal.records.views import Editor, Pen
from portal.web.forms import Form

FORMS: dict[str, type[Form]] = dict(
    zip(
        CONTACTS,
        (
            CoordinatorNameForm,
            CoordinatorEmailForm,
            CoordinatorPhoneForm,
            BackupNameForm,
            BackupEmailForm,
            BackupPhoneForm,
        ),
        strict=True,
    )
)


def location_page(scope: Scope, location: Location) -> RecordPage:
    """What the page of `location` shows."""
    return RecordPage(
        title=location.name,
        kind="location",
        subject=location,
        url=url_for("locations.account", location_id=location.id),
        pens=tuple(FORMS) if scope.can("locations.edit") else (),
        tabs=(
            RecordTab(
                "details",
                _("Details"),
                (
                    Section(
                        "account",
                        _("Account Information"),
                        facts=(
                            Fact(_("Account"), location.name),
                            Fact(_("Organization"), location.organization.name),
                            Fact(_("Provider PIN"), location.pin),
                            Fact(_("Time zone"), location.time_zone),
                        ),
                    ),
                    Section(
                        "address",
                        _("Address Information"),
                        facts=(
                            Fact(_("Street Address"), location.street),
                            Fact(_("City"), location.city),
                            Fact(_("State"), location.state),
                            Fact(_("Zip"), location.zip_code),
                            Fact(_("County"), location.county),
                            Fact(_("Phone"), location.phone),
                        ),
                    ),
                    Section(
                        "contacts",
                        _("Contact Information"),
                        facts=tuple(
                            Fact(form()[key].label.text, getattr(location, key), pen=key)
                            for key, form in FORMS.items()
                        ),
                    ),
                ),
            ),
        ),
    )


def _pen(key: str, form: type[Form]) -> Pen:
    def value(location: Location) -> str:
        return str(getattr(location, key))

    def save(scope: Scope, location: Location, typed: str) -> None:
        change_contact(scope, location, key, typed)

    return Pen(key, form, value, save)


EDITOR = Editor(
    title=_l("Contact Information"),
    capability="locations.edit",
    load=get_location,
    page=location_page,
    pens=tuple(_pen(key, form) for key, form in FORMS.items()),
)
