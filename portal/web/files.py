"""Files that come with a form are read, or stored, before its transaction, which they must not
hold up; and how a stored one is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from flask import Response, after_this_request, g, request, send_file
from flask_login import current_user
from werkzeug.datastructures import CombinedMultiDict, MultiDict

from portal.access.scope import Scope
from portal.db import unit_of_work
from portal.errors import Invalid, NotFound
from portal.files.models import StoredFile
from portal.files.services import Stored, clean_name, drop, keep, path_of, store
from portal.i18n import _, ngettext
from portal.settings import current
from portal.web.context import set_scope

Read = Callable[[Mapping[str, BinaryIO]], Mapping[str, object]]


def read_uploads(read: Read, capability: str) -> Callable[..., Mapping[str, object]]:
    """For `guards.before_transaction`: what `read` makes of the files of a request, by the names
    of their fields. Nothing for users who may not use the view."""

    def prepare(**_values: object) -> Mapping[str, object]:
        files = {name: file.stream for name, file in request.files.items() if file.filename}
        who = who_may(capability) if files else None
        if who is None:
            return {}
        set_scope(who)  # decides on the language of what is said of the files
        return read(cast("Mapping[str, BinaryIO]", files))

    return prepare


def who_may(capability: str) -> Scope | None:
    """Who is asking, if they hold the capability."""
    with unit_of_work(write=False):
        who: Scope | None = getattr(current_user, "scope", None)
    return who if who is not None and who.can(capability) else None


@dataclass
class SentFile:
    """A file put down before the transaction; `named` once a row names it."""

    stored: Stored
    named: bool = False


def store_upload(area: str, capability: str, field: str = "file") -> Callable[..., SentFile | None]:
    """For `guards.before_transaction`: the file in this field of a form, stored while the database
    is free for others. None without one, and for users who may not use the view.

    The view calls `files.services.keep` and sets `named`; what is not named goes with the answer.
    """

    def prepare(**_values: object) -> SentFile | None:
        file = request.files.get(field)
        if file is None or not file.filename or who_may(capability) is None:
            return None
        sent = SentFile(store(current(), cast("BinaryIO", file.stream), area))

        @after_this_request
        def tidy(response: Response) -> Response:
            # What is named may be in the database even if the answer is an error; if it is not,
            # the file is swept up later. On a full disk it is not, and there is no time to lose.
            if not sent.named or g.get("disk_full"):
                drop(current(), sent.stored)
            return response

        return sent

    return prepare


@dataclass
class SentFiles:
    """Files put down before the transaction, each with the name it came under; or why not."""

    files: list[tuple[SentFile, str]]
    refusal: Invalid | None = None

    def kept(self) -> list[StoredFile]:
        """Name them within the running unit of work. Raises the refusal. They stay once `settle` is
        called; what named them may still be undone."""
        if self.refusal is not None:
            raise self.refusal
        return [keep(sent.stored, name=name) for sent, name in self.files]

    def settle(self) -> None:
        """What named them was not undone."""
        for sent, _name in self.files:
            sent.named = True


def store_uploads(
    area: str,
    capability: str,
    *,
    check: Callable[[Stored, str], None],
    most: int,
    most_bytes: int,
    field: str = "files",
) -> Callable[..., SentFiles]:
    """Like `store_upload`, for a field that takes several files: at most `most` of `most_bytes`
    each. `check(stored, name)` raises `Invalid` for one that is not wanted; none is kept then."""

    def prepare(**_values: object) -> SentFiles:
        found = [file for file in request.files.getlist(field) if file.filename]
        who = who_may(capability) if found else None
        if who is None:
            return SentFiles([])
        set_scope(who)  # decides on the language of what is said of the files
        sent = SentFiles([])

        @after_this_request
        def tidy(response: Response) -> Response:
            for one, _name in sent.files:
                if not one.named or g.get("disk_full"):
                    drop(current(), one.stored)
            return response

        try:
            if len(found) > most:
                raise Invalid(
                    ngettext(
                        "At most %(num)s file can be attached at once.",
                        "At most %(num)s files can be attached at once.",
                        most,
                    ),
                    field=field,
                )
            for file in found:
                name = clean_name(file.filename or "", "file")
                stored = store(current(), cast("BinaryIO", file.stream), area, most=most_bytes)
                sent.files.append((SentFile(stored), name))
                check(stored, name)
        except Invalid as refusal:
            sent.refusal = Invalid(refusal.message, field=field)
        return sent

    return prepare


def download(file: StoredFile) -> Response:
    """The file under the name it came under, to be saved and never shown by the browser. For the
    view of its owner, which loaded it through the scope. Raises `NotFound` if it was deleted."""
    path = path_of(current(), file)
    if not path.is_file():
        raise NotFound(_("This file has been deleted."))
    response = send_file(
        path, file.content_type, as_attachment=True, download_name=file.name, etag=False
    )
    del response.last_modified  # nothing is kept by browsers and proxies, so nothing is compared
    return response


def sent() -> "MultiDict[str, Any]":
    """What was sent with the form: its text, and what was made of its files."""
    made: Mapping[str, object] = g.get("prepared") or {}
    return CombinedMultiDict([MultiDict(list(made.items())), request.form])
