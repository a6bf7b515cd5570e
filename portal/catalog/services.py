"""Loading product facts from a CSV file; running it again changes nothing that is the same."""

import csv
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.catalog.models import Product, ProductFacts, ProductPackage
from portal.db import session
from portal.errors import Invalid
from portal.formats.codes import parse_date
from portal.searching.text import join
from portal.sequences import catch_up

PRODUCTS = Path(__file__).with_name("products.csv")

# Names by MVX code, from the CDC's list of vaccine manufacturers.
MANUFACTURERS = {
    "PFR": "Pfizer-BioNTech",
    "MOD": "Moderna",
    "JSN": "Janssen",
    "ASZ": "AstraZeneca",
    "NVX": "Novavax",
    "PMC": "Sanofi Pasteur",
}

# Those of the file without which a line says nothing, and those that hold a number.
COLUMNS = (
    *("product_key", "trade_name", "cvx", "mvx", "cpt", "ndc_unit_of_use_11"),
    *("ndc_unit_of_sale_11", "vials_per_carton", "doses_per_vial_label", "doses_per_vial_min"),
    *("doses_per_vial_max", "dose_volume_ml", "diluent_ml", "series_doses"),
    *("recommended_interval_days", "grace_days", "absolute_min_interval_days"),
    *("max_recommended_interval_days", "min_age_years", "storage_class", "frozen_storage_c"),
    *("frozen_limit", "refrigerated_limit_2_8C", "unpunctured_room_temp_limit"),
    *("after_puncture_or_dilution_limit", "us_auth_start", "us_end", "verified_by"),
    *("unverified_fields", "notes"),
)
NUMBERS = (
    *("doses_per_vial_label", "doses_per_vial_min", "doses_per_vial_max"),
    *("series_doses", "grace_days"),
)
LINE = "line in the file"


@dataclass(frozen=True)
class Loaded:
    """How many products and dated facts were added, changed, and left as they were."""

    added: int
    changed: int
    unchanged: int


def load_products(path: Path = PRODUCTS) -> Loaded:
    """Add and update products from the CSV file at `path` (one line for each dated fact).

    Lines of one presentation (same unit-of-use NDC) become one product. Products that are missing
    from the file stay: records may point to them. Raises `Invalid` naming the line that is wrong.
    """
    lines = _lines(path)
    groups: dict[str, list[dict[str, str]]] = {}
    for line in lines:
        groups.setdefault(line["ndc_unit_of_use_11"] or line["ndc_unit_of_sale_11"], []).append(
            line
        )
    catch_up(Product, ProductFacts, ProductPackage)
    known = {product.key: product for product in session().scalars(select(Product))}
    names = {product.name: key for key, product in known.items()}
    added = changed = unchanged = 0
    for key, versions in groups.items():
        other = names.setdefault(versions[0]["trade_name"], key)
        if other != key:
            raise _wrong(versions[0], f"the product with the NDC {other} has the same trade_name.")
        product = known.get(key)
        if product is None:
            product = Product(key=key, packages=[], facts=[])
            session().add(product)
            added += 1
            _fill(product, versions)
        elif _fill(product, versions):
            changed += 1
        else:
            unchanged += 1
    session().flush()
    return Loaded(added, changed, unchanged)


def _lines(path: Path) -> list[dict[str, str]]:
    """The lines of the file. Raises `Invalid` for a file or line that cannot be understood."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            lines = [
                {name: text or "" for name, text in line.items() if name}
                | {LINE: str(reader.line_num)}
                for line in reader
            ]
            columns = set(reader.fieldnames or ())
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(
            f"{path} is not a CSV file in UTF-8. Nothing was changed. In Excel, save it as "
            '"CSV UTF-8 (Comma delimited)".'
        ) from error
    if missing := [name for name in COLUMNS if name not in columns]:
        raise Invalid(
            f"These columns are missing: {', '.join(missing)}. Nothing was changed. Begin with a "
            f"copy of {PRODUCTS}."
        )
    for line in lines:
        for name in ("product_key", "trade_name"):
            if not line[name].strip():
                raise _wrong(line, f"{name} is empty.")
        if not line["ndc_unit_of_use_11"] and not line["ndc_unit_of_sale_11"]:
            raise _wrong(line, "no NDC. Fill in ndc_unit_of_use_11 or ndc_unit_of_sale_11.")
        for name in NUMBERS:
            if line[name].strip() and _whole(line[name]) is None:
                raise _wrong(line, f"{name} must begin with a number, not {line[name]!r}.")
    return lines


def _wrong(line: dict[str, str], what: str) -> Invalid:
    return Invalid(f"Line {line[LINE]}: {what} Nothing was changed.")


def _fill(product: Product, versions: list[dict[str, str]]) -> bool:
    """Give `product` what its lines say; True if anything was different before."""
    first = versions[0]
    manufacturer = MANUFACTURERS.get(first["mvx"], first["mvx"])
    changed = _set(
        product,
        name=first["trade_name"],
        manufacturer=manufacturer,
        cvx=first["cvx"],
        mvx=first["mvx"],
        cpt=first["cpt"],
        orderable=any(line["us_auth_start"] for line in versions),
        vaccine_group=first.get("vaccine_group") or "",
        interchangeable_with=first.get("interchangeable_with") or "",
        cap_color=first.get("cap_color") or "",
        search=join([first["trade_name"], manufacturer, first["cvx"], *_ndcs(first)]),
    )
    changed |= _fill_packages(product, first)
    by_key = {facts.key: facts for facts in product.facts}
    for line in versions:
        facts = by_key.get(line["product_key"])
        if facts is None:
            facts = ProductFacts(key=line["product_key"])
            product.facts.append(facts)
            changed = True
        changed |= _set(facts, **_facts(line))
    return changed


def _ndcs(line: dict[str, str]) -> list[str]:
    codes = [line["ndc_unit_of_use_11"], *line["ndc_unit_of_sale_11"].split("|")]
    return [code for ndc in codes if ndc for code in (ndc, ndc.replace("-", ""))]


def _fill_packages(product: Product, line: dict[str, str]) -> bool:
    wanted: dict[str, tuple[str, int | None]] = {}
    if line["ndc_unit_of_use_11"]:
        wanted[line["ndc_unit_of_use_11"]] = ("use", None)
    cartons = line["vials_per_carton"].split("|")
    for ndc, vials in zip(line["ndc_unit_of_sale_11"].split("|"), cartons, strict=False):
        if ndc:
            wanted[ndc] = ("sale", _whole(vials))
    changed = False
    packages = {package.ndc: package for package in product.packages}
    for ndc, (kind, count) in wanted.items():
        package = packages.get(ndc)
        if package is None:
            package = ProductPackage(ndc=ndc)
            product.packages.append(package)
            changed = True
        changed |= _set(package, kind=kind, vials_per_carton=count)
    return changed


def _facts(line: dict[str, str]) -> dict[str, Any]:
    return {
        "valid_from": _day(line, "us_auth_start"),
        "valid_to": _day(line, "us_end"),
        "doses_per_vial": _whole(line["doses_per_vial_label"]),
        "doses_per_vial_least": _whole(line["doses_per_vial_min"]),
        "doses_per_vial_most": _whole(line["doses_per_vial_max"]),
        "dose_volume_ml": line["dose_volume_ml"],
        "diluent_ml": line["diluent_ml"],
        "series_doses": _whole(line["series_doses"]),
        "recommended_interval_days": line["recommended_interval_days"],
        "grace_days": _whole(line["grace_days"]),
        "absolute_min_interval_days": line["absolute_min_interval_days"],
        "max_recommended_interval_days": line["max_recommended_interval_days"],
        "min_age_years": line["min_age_years"],
        "max_age_years": line.get("max_age_years") or "",
        "storage_class": line["storage_class"],
        "frozen_storage_c": line["frozen_storage_c"],
        "frozen_limit": line["frozen_limit"],
        "refrigerated_limit": line["refrigerated_limit_2_8C"],
        "room_temperature_limit": line["unpunctured_room_temp_limit"],
        "after_puncture_limit": line["after_puncture_or_dilution_limit"],
        "verified_by": line["verified_by"],
        "unverified_fields": line["unverified_fields"],
        "notes": line["notes"],
    }


def _set(target: object, **values: Any) -> bool:
    changed = False
    for name, value in values.items():
        if getattr(target, name) != value:
            setattr(target, name, value)
            changed = True
    return changed


def _whole(text: str) -> int | None:
    """The whole number `text` begins with: "14 (range)" counts as 14."""
    found = re.match(r"\d+", text.strip())
    return int(found.group()) if found else None


def _day(line: dict[str, str], column: str) -> date | None:
    text = line[column].strip()
    if not text:
        return None
    try:
        return parse_date(text).day
    except Invalid as error:
        raise Invalid(f"{line['product_key']}: {column}: {error.message}") from error
