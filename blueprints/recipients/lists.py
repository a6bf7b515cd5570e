"""The list views of the `Recipient` tab: the people of the present location."""

from blueprints.recipients.models import RecipientLocation
from blueprints.recipients.rules import DoseStatus
from blueprints.recipients.words import DOSE_STATUS
from portal.i18n import Label, _l
from portal.listviews.definition import Column, Filter, ListDefinition, Tone


def status_label(status: str) -> Label:
    """The guides' words for a dose status."""
    return DOSE_STATUS[DoseStatus(status)]


def status_tone(status: str) -> Tone:
    """The color of a dose status."""
    tones: dict[DoseStatus, Tone] = {
        DoseStatus.REGISTERED: "neutral",
        DoseStatus.DOSE_2_ADMINISTERED: "success",
    }
    return tones.get(DoseStatus(status), "info")


RECIPIENTS = ListDefinition(
    name="recipients",
    title=_l("Recipient"),
    all_label=_l("All Recipients"),
    model=RecipientLocation,
    columns=(
        Column(key="last", label=_l("Last Name"), attribute=RecipientLocation.last_name),
        Column(key="first", label=_l("First Name"), attribute=RecipientLocation.first_name),
        Column(
            key="born",
            label=_l("Date of Birth"),
            attribute=RecipientLocation.birth_date,
            kind="date",
            personal=True,
        ),
        Column(
            key="status",
            label=_l("Recipient Dose Status"),
            attribute=RecipientLocation.dose_status,
            kind="status",
            labels=status_label,
            tone=status_tone,
        ),
    ),
    default_sort="last",
    endpoint="recipients.index",
    record_endpoint="recipients.record",
    capability="recipients.view",
    scope_column=RecipientLocation.location_id,
    leads_to=RecipientLocation.recipient_id,
    subject="recipient",
    count="counter",
    private=True,
    filters=(
        Filter(
            key="status",
            label=_l("Recipient Dose Status"),
            where=lambda _scope, status: (RecipientLocation.dose_status == status,),
            kind="choice",
            choices=lambda: {
                "": _l("All"),
                **{str(status): status_label(status) for status in DoseStatus},
            },
        ),
    ),
    empty_title=_l("No recipients yet"),
    empty_text=_l("Register a recipient, or search for one by last name and date of birth."),
)
