"""What the module's audited actions and kinds of records are called."""

from portal.i18n import _l

WORDS = {
    "schedule": _l("Appointment Scheduling"),
    "slot": _l("Appointment time"),
    "schedule.changed": _l("Appointment scheduling changed"),
    "schedule.day_set": _l("Closure or special day entered"),
    "schedule.day_cleared": _l("Closure or special day removed"),
    "slot.overbooked": _l("Appointment time booked beyond its places"),
}
