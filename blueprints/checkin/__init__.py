"""`Recipient Check In`: who is here today, and what became of them (SPEC G2, G14)."""

from portal.access.profiles import CLINIC, Profile
from portal.i18n import _l
from portal.module import Capability, Check, Fill, Module

module = Module(
    name="checkin",
    title="Check-in",
    requires=("recipients", "scheduling", "appointments"),
    under="appointments",
    blueprint="blueprints.checkin.routes:blueprint",
    models="blueprints.checkin.models",
    capabilities=(
        Capability(
            name="checkin.view",
            title=_l("See who is expected and who is here today"),
            profiles=CLINIC,
        ),
        Capability(
            name="checkin.handle",
            title=_l("Check recipients in"),
            profiles=frozenset({Profile.PROVIDER, Profile.MANAGER}),
        ),
    ),
    # `arrival.next`: `function(scope, arrival)` gives label, href and whether it is primary of the
    # next step of somebody who is here, or None. `arrival.row`: `function(scope, lines)` gives
    # {"notes": …, "ways": …}, by the ids of arrivals what is said of them on the list, and label
    # and address of where they go on from it; asked once a list, and each may be missing.
    # `today.cards` and `today.sections` are parts of the page `Today at This Clinic`; their
    # subject is the `day.DayList`.
    slots=("arrival.next", "arrival.row", "today.cards", "today.sections"),
    fills=(
        Fill(
            slot="home.cards",
            function="blueprints.checkin.contributions:home_list",
            template="checkin/_home_list.html",
            capability="checkin.view",
            order=1,
        ),
        Fill(
            slot="appointment.menu",
            function="blueprints.checkin.contributions:row_menus",
            template="",
            capability="checkin.handle",
        ),
        Fill(
            slot="appointment.actions",
            function="blueprints.checkin.contributions:appointment_actions",
            template="checkin/_link.html",
            capability="checkin.handle",
            order=10,
        ),
        Fill(
            slot="recipient.actions",
            function="blueprints.checkin.contributions:recipient_actions",
            template="checkin/_link.html",
            capability="checkin.handle",
            order=20,
        ),
    ),
    settings="blueprints.checkin.settings:CheckInSettings",
    checks=(
        Check(
            name="checkin.arrivals",
            title="Check-ins are for appointments of the same recipient and location",
            function="blueprints.checkin.checks:arrivals",
        ),
    ),
    words="blueprints.checkin.words:WORDS",
    practice="blueprints.checkin.practice:diary",
)
