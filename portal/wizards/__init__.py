"""Wizards: steps as data, drafts that survive pause, time-out and sign-out (SPEC B5, A1).

ADD = Wizard(
    name="inventory.add",
    title=_l("New Vaccine Inventory"),
    capability="inventory.add",
    steps=(
        Step("vaccine", _l("Vaccine"), VaccineForm),
        Step("shipment", _l("Shipment"), ShipmentForm, "inventory/_shipment.html"),
        review_step(_l("Review")),
    ),
    finish=add_finished,
    finish_label=_l("Save"),
    finish_buttons=(FinishButton("new", _l("Save & New")),),
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
