"""Wizards: steps as data, drafts that survive pause, time-out and sign-out (SPEC B5, A1).

ADD = Wizard(
    name="inventory.add",
    title=lazy_gettext("New Vaccine Inventory"),
    capability="inventory.add",
    steps=(
        Step("vaccine", lazy_gettext("Vaccine"), VaccineForm),
        Step("shipment", lazy_gettext("Shipment"), ShipmentForm, "inventory/_shipment.html"),
        review_step(lazy_gettext("Review")),
    ),
    finish=add_finished,
    finish_label=lazy_gettext("Save"),
    finish_buttons=(FinishButton("new", lazy_gettext("Save & New")),),
)
ADD.register(blueprint, "/add", "add")
"""

from portal.wizards.definition import (
    Answers,
    Begun,
    Done,
    FinishButton,
    Step,
    Wizard,
    confirmation_step,
    review_step,
)

__all__ = [
    "Answers",
    "Begun",
    "Done",
    "FinishButton",
    "Step",
    "Wizard",
    "confirmation_step",
    "review_step",
]
