"""Routes of `Wastage` and `Return`."""

from flask import Blueprint

from blueprints.wastage.wizards import RETURN, WASTAGE

blueprint = Blueprint("wastage", __name__, url_prefix="/vaccine-inventory")

WASTAGE.register(blueprint, "/wastage", "wastage")
RETURN.register(blueprint, "/return", "giving_back")
