"""What onboarding shows on the help desk's pages."""

from typing import Any

from blueprints.helpdesk.models import Case, CaseFile
from blueprints.helpdesk.topics import TopicGroup
from blueprints.onboarding.kinds import KINDS
from blueprints.onboarding.queries import upload_of_file
from blueprints.onboarding.services import may_be_processed
from blueprints.onboarding.staging import staged_of
from portal.access.scope import Scope
from portal.db import session


def of_attachment(scope: Scope, file: CaseFile) -> dict[str, Any] | None:
    """What may be done with an attachment: process it, or see what became of it."""
    case = session().get_one(Case, file.case_id)
    if case.topic not in KINDS or file.by_id is None:
        return None
    upload = upload_of_file(file.id)
    if upload is None and not (scope.can("onboarding.process") and may_be_processed(case, file)):
        return None
    staged = staged_of(upload.run_id) if upload and scope.can("onboarding.process") else None
    return {"file": file, "upload": upload, "staged": staged}


def of_form(_scope: Scope, group: TopicGroup) -> dict[str, Any] | None:
    """The blank templates of the topics that take files."""
    templates = [
        (topic.name, KINDS[topic.key].template_endpoint)
        for topic in group.topics
        if topic.key in KINDS
    ]
    return {"templates": templates} if templates else None
