"""What modules offer to whoever works on a case about one of their records (SPEC H8).

A case carries a record of any module. A module that fills `case.record` says what it is, one that
fills `case.remedies` what can be done about it: its function returns `{"remedies": […]}`. The case
asks for the reason, carries a remedy out once, and notes it on both sides.

Some remedies need more than the reason, and a second person where much hangs on them: such a
`Remedy` has a `form` and a `plan`, and whoever works on the case then proposes what somebody else
confirms or refuses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# What was done, or will be, in plain words: asked once for each reader, in the reader's language.
Said = Callable[[], str]


@dataclass(frozen=True)
class Carried:
    """The record that a case carries, or will: its kind and its id. Modules that fill `case.record`
    or `helpdesk.topic` are given this, or the case itself, which has the same two fields."""

    about_kind: str | None
    about_id: int | None


@dataclass(frozen=True, kw_only=True)
class RemedyPlan:
    """What a remedy will do with what was filled in, the record kept from others.

    said: what will happen, also for the requester. based_on: what the record is like now; a
    proposal that was made of another one is out of date. second: why somebody else has to confirm
    it; None if nobody has to. perform: does it, with the reason and, where somebody else
    confirmed it, who had proposed it.
    """

    said: Said
    based_on: str
    second: Said | None
    perform: Callable[[str, int | None], Said]


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """Something that can be done about a record.

    name: unique over all modules, as "appointments.cancel". label: the words on its button.
    text: what will happen, in a sentence. perform: does it with the reason that was given, within
    the running unit of work, and gives what was done in plain words, also for the requester. It
    raises a `PortalError` if it cannot be done any more. why_not: why it cannot be done now; then
    there is no button.

    A remedy that needs more than the reason has, in place of `perform`, a `form` (with the fields
    of its own, `reason`, and `answers()` for what is kept of them) and a `plan`, which locks the
    record and says what will happen. `location_id` is where the record is, whose managers may
    confirm; `based_on` what the record is like now.
    """

    name: str
    label: str
    text: str
    perform: Callable[[str], Said] | None = None
    why_not: str = ""
    form: Callable[..., Any] | None = None
    plan: Callable[[Mapping[str, str]], RemedyPlan] | None = None
    location_id: int | None = None
    based_on: str = ""
