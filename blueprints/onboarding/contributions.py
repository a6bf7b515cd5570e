"""What onboarding shows on the help desk's pages."""

from typing import Any

from flask import url_for

from blueprints.helpdesk.models import Case, CaseFile
from blueprints.helpdesk.topics import TopicGroup
from blueprints.onboarding.importing import RECIPIENTS, USERS
from blueprints.onboarding.kinds import KINDS
from blueprints.onboarding.queries import upload_ids_of, upload_of_file
from blueprints.onboarding.services import may_be_processed
from blueprints.onboarding.staging import staged_of
from portal.access.scope import Scope
from portal.db import session
from portal.i18n import _
from portal.imports.queries import list_unfinished

FILES_SHOWN = 3


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


def files_card(scope: Scope, _subject: object) -> dict[str, Any] | None:
    """The files of cases that did not go in whole lately; nothing if there are none."""
    runs = list_unfinished([USERS, RECIPIENTS], scope, most=FILES_SHOWN + 1)
    if not runs:
        return None
    shown = runs[:FILES_SHOWN]
    uploads = upload_ids_of([run.id for run in shown])
    return {
        "name": "onboarding-files",
        "title": _("Bulk upload files to check"),
        "runs": [
            (run, url_for("onboarding.upload", upload_id=uploads[run.id]))
            for run in shown
            if run.id in uploads
        ],
        "more": len(runs) > FILES_SHOWN,
    }


def of_form(_scope: Scope, group: TopicGroup) -> dict[str, Any] | None:
    """The blank templates of the topics that take files."""
    templates = [
        (topic.name, KINDS[topic.key].template_endpoint)
        for topic in group.topics
        if topic.key in KINDS
    ]
    return {"templates": templates} if templates else None
