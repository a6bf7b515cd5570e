"""The platform's own contributions, in the same form as any module's. It cannot be switched off."""

from datetime import timedelta

from portal.access.profiles import EVERYONE, Profile
from portal.i18n import _l
from portal.module import Capability, Check, Fill, Job, Lookup, MessageKind, Module

ADMINISTRATORS = frozenset({Profile.ADMINISTRATOR})

module = Module(
    name="platform",
    title="Platform",
    blueprint=(
        "portal.signing_in.views:blueprint",
        "portal.signing_in.link_views:blueprint",
        "portal.signing_in.session_views:blueprint",
        "portal.signing_in.setup_views:blueprint",
        "portal.front_door.views:blueprint",
        "portal.web.health:blueprint",
        "portal.web.metrics:blueprint",
        "portal.lookups.views:blueprint",
        "portal.listviews.views:blueprint",
        "portal.wizards.pages:blueprint",
    ),
    models="portal.models",
    messages=(
        MessageKind("welcome"),
        MessageKind("password_reset"),
        MessageKind("password_changed"),
        MessageKind("location_added"),
        MessageKind("email_changed"),
        MessageKind("data_fault"),
    ),
    channels=("portal.messages.smtp:EMAIL", "portal.messages.sms:SMS"),
    words="portal.words:WORDS",
    capabilities=(
        Capability(name="portal.use", title=_l("Sign in and use the portal"), profiles=EVERYONE),
        Capability(
            name="messages.manage", title=_l("Read and mend messages"), profiles=ADMINISTRATORS
        ),
        Capability(name="jobs.manage", title=_l("See and start jobs"), profiles=ADMINISTRATORS),
        Capability(name="audit.read", title=_l("Search the audit trail"), profiles=ADMINISTRATORS),
        Capability(name="refusals.read", title=_l("See what was refused"), profiles=ADMINISTRATORS),
    ),
    commands=(
        "portal.audit.commands:audit",
        "portal.catalog.commands:catalog",
        "portal.accounts.commands:users",
        "portal.places.commands:locations",
        "portal.messages.commands:mail",
        "portal.messages.commands:texts",
    ),
    checks=(
        Check(name="pages", title="The pages of the database", function="portal.checks:pages"),
        Check(name="database", title="The database", function="portal.checks:database"),
        Check(name="files", title="Who may read the files", function="portal.checks:files"),
        Check(name="audit", title="The audit trail", function="portal.audit.verify:faults"),
        Check(
            name="guards",
            title="Triggers and constraints of the database",
            function="portal.audit.guards:faults",
        ),
        Check(
            name="lists.counts",
            title="The row counts of lists",
            function="portal.listviews.checks:counts",
        ),
        Check(
            name="lists.search",
            title="The search indexes of lists",
            function="portal.listviews.checks:searching",
        ),
        Check(name="messages", title="The outbox", function="portal.messages.queries:faults"),
    ),
    # `front.links`: on the pages before signing in; functions without an argument give label and
    # address as `{"label": …, "href": …}`, or None.
    slots=("records.page", "page.help", "front.links"),
    fills=(
        Fill(
            slot="home.cards",
            function="portal.wizards.offers:on_home",
            template="wizards/_home_card.html",
            capability="portal.use",
            order=10,
        ),
        Fill(
            slot="home.cards",
            function="portal.jobs.contributions:silence_card",
            template="jobs/_silence_card.html",
            capability="jobs.manage",
            order=5,
        ),
        Fill(
            slot="home.cards",
            function="portal.backup.alarms:card",
            template="faults/_card.html",
            capability="jobs.manage",
            order=1,
        ),
    ),
    lookups=(
        Lookup(
            name="products",
            function="portal.catalog.queries:look_up_products",
            find="portal.catalog.queries:find_product_choice",
            capability="portal.use",
        ),
    ),
    jobs=(
        Job(
            name="messages.forget_contents",
            title=_l("Wipe the contents of old messages"),
            function="portal.messages.upkeep:forget_contents",
            every=timedelta(days=1),
        ),
        Job(
            name="imports.take_in",
            title=_l("Import files that were uploaded"),
            function="portal.imports.jobs:take_in",
            every=timedelta(seconds=15),
        ),
        Job(
            name="imports.forget_files",
            title=_l("Delete files of finished imports"),
            function="portal.imports.jobs:forget_old",
            every=timedelta(hours=12),
        ),
        Job(
            name="files.sweep",
            title=_l("Delete files that nobody needs"),
            function="portal.files.services:sweep",
            every=timedelta(hours=12),
        ),
        Job(
            name="audit.anchor",
            title=_l("Verify the audit trail and move its anchor"),
            function="portal.audit.verify:daily",
            every=timedelta(days=1),
        ),
        Job(
            name="audit.move_anchor",
            title=_l("Move the audit trail's anchor"),
            function="portal.audit.verify:move_anchors",
            every=timedelta(minutes=10),
        ),
        Job(
            name="platform.check",
            title=_l("Check all data"),
            function="portal.checks:nightly",
            every=timedelta(days=1),
        ),
        Job(
            name="platform.tell_faults",
            title=_l("Tell the administrators what is wrong with the data"),
            function="portal.backup.alarms:tell",
            every=timedelta(minutes=5),
        ),
        Job(
            name="jobs.trim",
            title=_l("Trim the run log"),
            function="portal.jobs.runner:trim",
            every=timedelta(hours=1),
        ),
        Job(
            name="platform.forget_operations",
            title=_l("Forget old form ids"),
            function="portal.submissions:forget_old",
            every=timedelta(hours=6),
        ),
        Job(
            name="people.forget",
            title=_l("Forget old attempts, links and sessions"),
            function="portal.signing_in.forgetting:forget_old",
            every=timedelta(hours=6),
        ),
        Job(
            name="refusals.forget",
            title=_l("Forget old refusals"),
            function="portal.refusals.services:forget_old",
            every=timedelta(hours=1),
        ),
        Job(
            name="lists.forget_words",
            title=_l("Forget what private lists were searched for"),
            function="portal.listviews.services:forget_words",
            every=timedelta(hours=6),
        ),
        Job(
            name="platform.forget_drafts",
            title=_l("Forget drafts untouched for 30 days"),
            function="portal.drafts:forget_old",
            every=timedelta(hours=6),
        ),
        Job(
            name="platform.forget_refused_pages",
            title=_l("Forget the pages of refused forms"),
            function="portal.refused_pages:forget_old",
            every=timedelta(minutes=10),
        ),
    ),
)
