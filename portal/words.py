"""What the platform's kinds of messages, audited actions and kinds of records are called."""

from portal.i18n import _l

WORDS = {
    # Kinds of messages
    "welcome": _l("Invitation"),
    "password_reset": _l("Link for a new password"),
    "password_changed": _l("Password changed"),
    "location_added": _l("Another location"),
    "email_changed": _l("E-mail address changed"),
    # Kinds of records
    "user": _l("User"),
    "location": _l("Location"),
    "organization": _l("Organization"),
    "message": _l("Message"),
    "job_run": _l("Job"),
    "audit_entry": _l("Audit trail entry"),
    "instance": _l("Installation"),
    "refusals": _l("Refusals"),
    # Actions
    "user.added": _l("User added"),
    "user.invited": _l("User invited again"),
    "user.registered": _l("Registration completed"),
    "user.corrected": _l("Name or e-mail address corrected"),
    "user.profile_changed": _l("Profile changed"),
    "user.locations_changed": _l("Locations of a user changed"),
    "user.deactivated": _l("User deactivated"),
    "user.reactivated": _l("User reactivated"),
    "user.adding_met_account": _l("Adding a user met an account that exists"),
    "user.password_changed": _l("Password changed by the user"),
    "user.password_reset": _l("New password chosen by a mailed link"),
    "user.reset_asked": _l("Link for a new password asked for"),
    "user.signed_in": _l("Signed in"),
    "user.session_ended": _l("Session ended by the user"),
    "user.other_sessions_ended": _l("All other sessions ended by the user"),
    "user.sign_in_failed": _l("Signing in failed"),
    "user.sign_in_throttled": _l("Signing in stopped after too many attempts"),
    "organization.added": _l("Organization added"),
    "location.added": _l("Location added"),
    "message.tried_again": _l("Message tried again"),
    "message.all_tried_again": _l("All waiting messages tried again"),
    "message.cancelled": _l("Message cancelled"),
    "job.asked_for": _l("Job started by hand"),
    "instance.restored": _l("Installation restored from a backup"),
}
