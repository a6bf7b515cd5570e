"""What imports have left in the database."""

from flask import Flask
from sqlalchemy import func, select

from blueprints.shipments.models import Shipment
from portal.db import unit_of_work
from portal.imports.models import ImportRun


def shipments(app: Flask) -> list[Shipment]:
    with app.app_context(), unit_of_work(write=False) as session:
        found = list(session.scalars(select(Shipment).order_by(Shipment.id)))
        session.expunge_all()
        return found


def count(app: Flask, model: type) -> int:
    with app.app_context(), unit_of_work(write=False) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def numbers(run: ImportRun) -> tuple[int, int, int, int]:
    return run.added, run.updated, run.unchanged, run.failed
