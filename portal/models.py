"""All tables of the platform, imported once so that migrations and checks know them."""

from portal.audit.models import AuditEntry, AuditHead
from portal.catalog.models import Product, ProductFacts, ProductPackage
from portal.jobs.models import JobRun
from portal.listviews.models import ListPin, RecentView, RowCount
from portal.messages.models import MailServer, Message
from portal.operations import Operation
from portal.people.models import Attempt, MailedLink, User, UserLocation, UserSession
from portal.places.models import Location, Organization
from portal.refusals.models import Refusal
from portal.wizards.models import Draft

__all__ = [
    "AuditEntry",
    "AuditHead",
    "JobRun",
    "MailServer",
    "Message",
    "Attempt",
    "Draft",
    "ListPin",
    "Location",
    "MailedLink",
    "Operation",
    "Organization",
    "Product",
    "ProductFacts",
    "ProductPackage",
    "RecentView",
    "Refusal",
    "RowCount",
    "User",
    "UserLocation",
    "UserSession",
]
