"""What the Knowledge Base shows on other pages."""

from typing import Any

from flask import request

from blueprints.knowledge.pages import link, reader_language
from blueprints.knowledge.queries import articles_for, search
from portal.access.scope import Scope

MOST_OFFERED = 3


def help_link(_scope: Scope, _subject: object) -> dict[str, Any] | None:
    """`Help` in the head of every page, leading to the article about it."""
    endpoint = request.endpoint or ""
    return {"page": None if endpoint.startswith("knowledge.") else endpoint or None}


def on_help(_scope: Scope, _subject: object) -> dict[str, Any]:
    """The way to the Knowledge Base on `Help & Information`."""
    return {}


def offers(scope: Scope, subject: object) -> dict[str, Any] | None:
    """Up to three articles that may answer what somebody is about to ask."""
    question = str(subject or "")
    if not question.strip():
        return None
    known = articles_for(scope, reader_language())
    found = search(known, question, most=MOST_OFFERED, offering=True)
    return {"articles": [link(one) for one in found]} if found else None
