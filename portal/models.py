"""All tables of the platform, imported once so that migrations and checks know them."""

from portal.audit.models import AuditEntry, AuditHead
from portal.catalog.models import Product, ProductFacts, ProductPackage
from portal.drafts import Draft
from portal.files.models import StoredFile
from portal.imports.models import ImportError, ImportPart, ImportRun
from portal.jobs.models import JobRun
from portal.links import MailedLink
from portal.listviews.models import ListPin, RecentView, RowCount
from portal.messages.models import ChannelState, ChannelStop, Message, MessageAttachment
from portal.people.models import User, UserLocation, UserSession
from portal.places.models import Location, Organization
from portal.refusals.models import Refusal
from portal.refused_pages import RefusedPage
from portal.submissions import Operation
from portal.throttle import Attempt

__all__ = [
    "AuditEntry",
    "AuditHead",
    "ImportError",
    "ImportPart",
    "ImportRun",
    "JobRun",
    "ChannelState",
    "ChannelStop",
    "Message",
    "MessageAttachment",
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
    "RefusedPage",
    "RowCount",
    "StoredFile",
    "User",
    "UserLocation",
    "UserSession",
]
