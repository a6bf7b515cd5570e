"""`Appointments`: who comes when, for which dose (SPEC G3 to G8).

Slots are claimed and given back through `blueprints.scheduling.services`; an appointment is the
row that a claimed place belongs to.
"""

from datetime import timedelta

from portal.access.profiles import CLINIC, MANAGERS, Profile
from portal.i18n import _l
from portal.module import Capability, Check, Fill, Job, MessageKind, Module, Tab, Visit

STAFF = frozenset({Profile.AGENT, Profile.ADMINISTRATOR})

module = Module(
    name="appointments",
    title="Appointments",
    requires=("recipients", "scheduling"),
    blueprint=(
        "blueprints.appointments.routes:blueprint",
        "blueprints.appointments.visitor_views:blueprint",
        "blueprints.appointments.public_views:blueprint",
    ),
    models="blueprints.appointments.models",
    lists=("blueprints.appointments.lists:APPOINTMENTS",),
    capabilities=(
        Capability(
            name="appointments.view",
            title=_l("See appointments"),
            profiles=CLINIC | STAFF,
        ),
        Capability(
            name="appointments.handle",
            title=_l("Schedule, change and cancel appointments"),
            profiles=frozenset({Profile.PROVIDER, Profile.MANAGER}),
        ),
        Capability(
            name="appointments.invite",
            title=_l("Invite recipients to book"),
            profiles=frozenset({Profile.PROVIDER, Profile.MANAGER, Profile.AGENT}),
        ),
        Capability(
            name="appointments.overbook",
            title=_l("Book appointments beyond the places of a time"),
            profiles=MANAGERS,
        ),
        Capability(
            name="appointments.cancel_second",
            title=_l("Cancel appointments for second doses"),
            profiles=frozenset({Profile.AGENT}),
        ),
    ),
    tabs=(
        Tab(
            label=_l("Appointments"),
            endpoint="appointments.index",
            capability="appointments.view",
            icon="calendar",
            order=14,
        ),
    ),
    # `appointment.menu`: `function(scope, rows)` gives {"links": …}, for each row of a page of the
    # list the `Action`s that its menu has, too; asked once a page.
    slots=(
        "appointment.actions",
        "appointment.menu",
        "appointment.record",
        "appointment.related",
    ),
    fills=(
        Fill(
            slot="recipient.actions",
            function="blueprints.appointments.contributions:recipient_actions",
            template="appointments/_recipient_actions.html",
            capability="appointments.handle",
            order=10,
        ),
        Fill(
            slot="recipient.actions",
            function="blueprints.appointments.contributions:recipient_invitation",
            template="appointments/_invite.html",
            capability="appointments.invite",
            order=40,
        ),
        Fill(
            slot="recipient.together",
            function="blueprints.appointments.inviting:together",
            template="",
            capability="appointments.invite",
        ),
        Fill(
            slot="recipient.reached",
            function="blueprints.appointments.telling:promise_anew",
            template="",
            capability="appointments.view",
        ),
        Fill(
            slot="recipient.related",
            function="blueprints.appointments.contributions:of_recipient_page",
            template="appointments/_of_recipient.html",
            capability="appointments.view",
            order=10,
        ),
        Fill(
            slot="front.links",
            function="blueprints.appointments.contributions:front_link",
            template="",
            capability="portal.use",
        ),
        Fill(
            slot="schedule.public",
            function="blueprints.appointments.contributions:public_address",
            template="appointments/_public_address.html",
            capability="appointments.view",
        ),
        Fill(
            slot="schedule.conflicts",
            function="blueprints.appointments.contributions:conflicts",
            template="appointments/_conflicts.html",
            capability="appointments.view",
        ),
        Fill(
            slot="home.cards",
            function="blueprints.appointments.contributions:call_card",
            template="appointments/_call_card.html",
            capability="appointments.handle",
            order=15,
        ),
        Fill(
            slot="home.cards",
            function="blueprints.appointments.contributions:twice_card",
            template="appointments/_twice_card.html",
            capability="appointments.handle",
            order=16,
        ),
        Fill(
            slot="schedule.promises",
            function="blueprints.appointments.contributions:promises",
            template="",
            capability="appointments.view",
        ),
        Fill(
            slot="schedule.lapsed",
            function="blueprints.appointments.contributions:lapsed",
            template="",
            capability="appointments.view",
        ),
        Fill(
            slot="case.record",
            function="blueprints.appointments.contributions:of_case",
            template="helpdesk/_record.html",
            capability="appointments.view",
        ),
        Fill(
            slot="helpdesk.topic",
            function="blueprints.appointments.cases:request_about",
            template="helpdesk/_filled.html",
            capability="appointments.view",
        ),
        Fill(
            slot="case.remedies",
            function="blueprints.appointments.cases:remedies",
            template="helpdesk/_remedies.html",
            capability="appointments.cancel_second",
        ),
    ),
    jobs=(
        Job(
            name="appointments.let_go",
            title=_l("Free places that were held too long"),
            function="blueprints.appointments.jobs:let_go",
            every=timedelta(minutes=1),
        ),
    ),
    settings="blueprints.appointments.settings:AppointmentSettings",
    messages=(
        MessageKind(
            "appointment_booked",
            channels=("email", "sms"),
            still_true="blueprints.appointments.telling:still_to_come",
            still_reaches="blueprints.appointments.telling:still_reaches",
        ),
        MessageKind(
            "appointment_changed",
            channels=("email", "sms"),
            still_true="blueprints.appointments.telling:still_to_come",
            still_reaches="blueprints.appointments.telling:still_reaches",
        ),
        MessageKind(
            "appointment_canceled",
            channels=("email", "sms"),
            still_true="blueprints.appointments.telling:still_canceled",
            still_reaches="blueprints.appointments.telling:still_reaches",
        ),
        MessageKind(
            "appointment_invitation",
            channels=("email", "sms"),
            still_true="blueprints.appointments.inviting:still_wanted",
            still_reaches="blueprints.appointments.inviting:still_reaches",
        ),
        MessageKind(
            "appointment_reminder",
            channels=("email", "sms"),
            still_true="blueprints.appointments.telling:still_reminded",
            still_reaches="blueprints.appointments.telling:still_reaches",
        ),
        MessageKind(
            "appointment_twice",
            still_true="blueprints.appointments.telling:still_twice",
            still_reaches="blueprints.appointments.telling:still_reaches",
        ),
    ),
    visits=(
        Visit(
            name="appointment",
            endpoint="own_appointment.show",
            standing="blueprints.appointments.visiting:standing",
            find="blueprints.appointments.visiting:find",
            title=_l("Find your appointment"),
            hint=_l("Nine letters and digits, for example K7M-4QX-9TQ. It is in your message."),
        ),
        Visit(
            name="registration",
            endpoint="public_booking.places",
            standing="blueprints.appointments.booking_alone:standing",
        ),
    ),
    checks=(
        Check(
            name="appointments.places",
            title="Taken places are those of appointments",
            function="blueprints.appointments.checks:places",
        ),
        Check(
            name="appointments.status",
            title="Dose statuses agree with appointments and doses",
            function="blueprints.appointments.checks:statuses",
        ),
    ),
    words="blueprints.appointments.words:WORDS",
    practice="blueprints.appointments.practice:diary",
)
