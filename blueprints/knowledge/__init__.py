"""`Knowledge Base`: short guides per task, from a nurse's point of view (SPEC H7).

The guides come with the portal, in `articles/`; what staff changed of them, and their own, is in
the database and goes first.
"""

from portal.access.profiles import EVERYONE, STAFF
from portal.i18n import _l
from portal.module import Capability, Check, Fill, Module

module = Module(
    name="knowledge",
    title="Knowledge Base",
    blueprint="blueprints.knowledge.routes:blueprint",
    models="blueprints.knowledge.models",
    capabilities=(
        Capability(
            name="knowledge.view",
            title=_l("Read the articles of the Knowledge Base that are for one's profile"),
            profiles=EVERYONE,
        ),
        Capability(
            name="knowledge.edit",
            title=_l("Edit the articles of the Knowledge Base, see all of them"),
            profiles=STAFF,
        ),
    ),
    fills=(
        Fill(
            slot="page.help",
            function="blueprints.knowledge.contributions:help_link",
            template="knowledge/_help_link.html",
            capability="knowledge.view",
        ),
        Fill(
            slot="home.help",
            function="blueprints.knowledge.contributions:on_help",
            template="knowledge/_on_help.html",
            capability="knowledge.view",
            order=50,
        ),
        Fill(
            slot="helpdesk.offers",
            function="blueprints.knowledge.contributions:offers",
            template="knowledge/_offers.html",
            capability="knowledge.view",
        ),
    ),
    words="blueprints.knowledge.words:WORDS",
    checks=(
        Check(
            name="knowledge.articles",
            title="The articles of the Knowledge Base",
            function="blueprints.knowledge.checks:articles",
        ),
    ),
    practice="blueprints.knowledge.practice:diary",
)
