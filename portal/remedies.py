"""What modules offer to whoever works on a case about one of their records (SPEC H8).

A case carries a record of any module. A module that fills `case.record` says what it is, one that
fills `case.remedies` what can be done about it: its function returns `{"remedies": […]}`. The case
asks for the reason, carries a remedy out once, and notes it on both sides.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Carried:
    """The record that a case carries, or will: its kind and its id. Modules that fill `case.record`
    or `helpdesk.topic` are given this, or the case itself, which has the same two fields."""

    about_kind: str | None
    about_id: int | None


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """Something that can be done about a record.

    name: unique over all modules, as "appointments.cancel". label: the words on its button.
    text: what will happen, in a sentence. perform: does it with the reason that was given, within
    the running unit of work, and says in plain words what was done, also for the requester. It
    raises a `PortalError` if it cannot be done any more. why_not: why it cannot be done now; then
    there is no button.
    """

    name: str
    label: str
    text: str
    perform: Callable[[str], str]
    why_not: str = ""
