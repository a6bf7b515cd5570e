"""Nobody makes the portal work longer than what they send is worth: 100 KB of anything, in any
field of any form and in any cell, cost no more than a bounded multiple of 1 KB.

Forms, routes and columns are found by walking, so that a new module's are here by themselves.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import Workbook
from werkzeug.datastructures import MultiDict
from wtforms import FormField, SelectFieldBase
from wtforms.fields import FieldList

from portal.errors import PortalError
from portal.lookups.fields import LookupField
from portal.people.rules import clean_email, clean_username, stored_username
from portal.searching import text as search
from portal.sheets.columns import SheetColumn, bind, header_test, parse_row
from portal.sheets.reader import SheetError, open_table
from portal.signing_in import passwords
from portal.web import guards
from portal.web.bounds import PUBLIC_BYTES
from portal.web.context import set_scope
from portal.web.forms import AREA_LENGTH, Form, ScanField
from tests.client import Browser
from tests.inventory import stock
from tests.personas import Personas
from tests.work import Watch, Work, watching, worst

SMALL, LARGE = 1_000, 100_000
# What is looked at as a whole may cost a hundred times as much; sorting, ten thousand times.
GROWTH, GRANTED = 120, 20_000

# Templates draw these.
DRAWN_ELSEWHERE = (FieldList, FormField, LookupField)


@pytest.fixture
def watch(app: Flask) -> Iterator[Watch]:
    assert app, "all modules are loaded"
    with watching() as made:
        yield made


def compare(watch: Watch, act: Callable[[str], Any], granted: int = GRANTED) -> None:
    """Complain of every text of which 100 KB cost more than they may, measured by 1 KB of `a`."""
    less = watch.work_of(act, "a" * SMALL)
    for name, text in worst(LARGE).items():
        check(name, less, watch.work_of(act, text), granted)


def check(name: object, less: Work, more: Work, granted: int = GRANTED) -> None:
    assert more.units <= GROWTH * less.units + granted, (name, less.units, more.units)
    assert not more.endless(), (name, more.endless())


# --- forms ----------------------------------------------------------------------------------------


def forms() -> list[type[Form]]:
    """Every class of forms of the portal that has fields."""
    found: dict[str, type[Form]] = {}
    waiting = list(Form.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith(("portal.", "blueprints.")):
            found[f"{kind.__module__}.{kind.__qualname__}"] = kind
    return [found[name] for name in sorted(found)]


def fields_of(form: Any) -> Iterator[Any]:
    """The fields of a form, and of the forms in it."""
    for field in form._fields.values():
        if isinstance(field, FieldList):
            entry = field.append_entry()
            yield from fields_of(entry.form) if isinstance(entry, FormField) else [entry]
        elif isinstance(field, FormField):
            yield from fields_of(field.form)
        else:
            yield field


def names_of(field: Any) -> Iterator[str]:
    """The names under which a field reads what is sent."""
    yield field.name
    if isinstance(field, LookupField):
        yield field.text_name
    if isinstance(field, ScanField):
        yield f"{field.name}_found"


def likeness(kind: type[Form], field: Any) -> object:
    """What fields have in common that read alike: their class, how much they hold, who looks."""
    return (
        type(field),
        tuple(
            (getattr(one, "__qualname__", type(one)), getattr(one, "max", 0))
            for one in field.validators
        ),
        getattr(field, "lookup", ""),
        getattr(field, "coerce", None),
        kind if field.name != field.short_name else None,
        kind if hasattr(kind, f"validate_{field.short_name}") else None,
    )


def different_fields() -> Iterator[tuple[type[Form], str]]:
    """One of each kind of field, as the class of a form and the name that is sent."""
    seen = set()
    for kind in forms():
        for field in fields_of(kind(formdata=None)):
            if likeness(kind, field) not in seen:
                seen.add(likeness(kind, field))
                yield from ((alone(kind, field), name) for name in names_of(field))


def alone(kind: type[Form], field: Any) -> type[Form]:
    """A form of this field only, which takes less time; the whole one, if it might look at it."""
    name, simple = field.short_name, ("wtforms.", "portal.web.", "portal.lookups.")
    if field.name != name or hasattr(kind, f"validate_{name}"):
        return kind
    if not type(field).__module__.startswith(simple) or not hasattr(kind, name):
        return kind
    return type("Alone", (Form,), {name: getattr(kind, name)})


def fill_in(kind: type[Form], sent: Any) -> None:
    form = kind(formdata=sent)
    for field in form:
        if isinstance(field, SelectFieldBase) and getattr(field, "choices", ()) is None:
            field.choices = []
    form.validate()
    str([field() for field in form if not isinstance(field, DRAWN_ELSEWHERE)])


def test_no_field_of_any_form_makes_work_that_grows_with_the_text(
    app: Flask, watch: Watch, personas: Personas
) -> None:
    with app.test_request_context("/", method="POST"):
        set_scope(stock.scope_for(personas, "manager_a"))
        found = list(different_fields())
        assert len(found) > 20
        for kind, name in found:

            def act(text: str, kind: type[Form] = kind, name: str = name) -> None:
                fill_in(kind, MultiDict([(name, text)]))

            compare(watch, act)


def test_many_fields_make_no_work_that_grows_faster_than_they(
    app: Flask, watch: Watch, personas: Personas
) -> None:
    with app.test_request_context("/", method="POST"):
        set_scope(stock.scope_for(personas, "manager_a"))
        for kind, name in different_fields():
            stem = name.replace("-0-", "-%s-") if "-0-" in name else f"{name}_%s"
            few, many = (
                MultiDict([(stem % number, "1") for number in range(amount)])
                for amount in (20, 2_000)
            )
            less, more = (watch.work_of(fill_in, kind, sent) for sent in (few, many))
            assert more.units <= GROWTH * less.units + GRANTED, (kind, name)


# --- public routes --------------------------------------------------------------------------------


def public_posts(app: Flask) -> Iterator[tuple[str, str]]:
    """The addresses that take forms from everybody, and the modules of their views."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if guards.access_of(view) == guards.PUBLIC and "POST" in (rule.methods or ()):
            with app.test_request_context():
                values = dict.fromkeys(rule.arguments, "nonsense")
                yield rule.build(values)[1], view.__module__  # type: ignore[index]


def names_on_page(page: Any) -> set[str]:
    return {
        one.attributes["name"] for one in page.root.all("input") if one.attributes.get("name")
    } - {"csrf_token", "operation_id"}


def test_no_public_form_makes_work_that_grows_with_what_is_sent(
    app: Flask, watch: Watch, browser: Browser
) -> None:
    page = browser.get("/sign-in")
    token = page.root.all("input", name="csrf_token")[0].attributes["value"]
    posts = list(public_posts(app))
    assert len(posts) >= 5
    for address, module in posts:
        view = vars(sys.modules[module])
        known = [kind for kind in forms() if view.get(kind.__name__) is kind]
        names = {"csrf_token", "operation_id", "next"} | names_on_page(browser.get(address))
        for kind in known:
            with app.test_request_context():
                names |= {field.name for field in fields_of(kind(formdata=None))}
        less = watch.work_of(browser.client.post, address)
        for name in sorted(names):

            def act(text: str, address: str = address, name: str = name) -> None:
                values = {"csrf_token": token, name: text}
                answer = browser.client.post(address, data=values)
                assert answer.status_code < 500

            for size in (PUBLIC_BYTES // 3 - 200, LARGE):
                check((address, name), less, watch.work_of(act, worst(size)["marks"]))


# --- cells ----------------------------------------------------------------------------------------


def columns() -> list[tuple[SheetColumn, ...]]:
    """The columns of every kind of file that a module reads."""
    found = {
        id(value): value
        for name, module in list(sys.modules.items())
        if name.startswith(("portal.", "blueprints."))
        for value in vars(module).values()
        if isinstance(value, tuple) and value and all(isinstance(one, SheetColumn) for one in value)
    }
    assert found
    return list(found.values())


def test_no_parser_of_a_cell_makes_work_that_grows_with_the_text(app: Flask, watch: Watch) -> None:
    with app.test_request_context():
        for kinds in columns():
            for column in kinds:

                def act(text: str, column: SheetColumn = column) -> None:
                    with suppress(PortalError):
                        column.parse(text)

                compare(watch, act)


def read(path: Path, kinds: tuple[SheetColumn, ...]) -> list[Any]:
    """All errors of a file by row and position, or the reason why it is refused."""
    labels = [column.label for column in kinds]
    found: list[Any] = []
    try:
        with open_table(path, filename="x", recognise=header_test(kinds), expected=labels) as table:
            bound = bind(kinds, table.header)
            for number, cells in table:
                found += [(number, one.position) for one in parse_row(bound, cells)[1]]
    except SheetError as refused:
        return [refused.reason]
    return found


@pytest.mark.parametrize("place", ["cell", "header"])
def test_no_cell_of_a_text_file_makes_work_that_grows_with_it(
    app: Flask, watch: Watch, tmp_path: Path, place: str
) -> None:
    path = tmp_path / "table.csv"
    with app.test_request_context():
        for kinds in columns():
            labels = [column.label for column in kinds]

            def act(text: str, kinds: Any = kinds, labels: list[str] = labels) -> None:
                quoted = '"' + text.replace('"', '""') + '"'
                rows = [",".join([quoted, *["x"] * (len(labels) - 1)])] * 2
                head = ",".join([*labels, quoted]) if place == "header" else ",".join(labels)
                path.write_text("\n".join([head, *rows]), "utf-8")
                read(path, kinds)

            # Each of three rows may be nothing but line ends, which are read one by one.
            compare(watch, act, granted=3 * LARGE)


def test_a_cell_that_is_too_long_is_named_by_row_and_column(app: Flask, tmp_path: Path) -> None:
    from portal.sheets.limits import CELL_CHARACTERS

    (kinds,) = columns()[:1]
    labels = [column.label for column in kinds]
    for length, wrong in ((CELL_CHARACTERS, False), (32_000, True)):
        row = ["x" * length, *["x"] * (len(labels) - 1)]
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(labels)
        sheet.append(row)
        book.save(tmp_path / "table.xlsx")
        (tmp_path / "table.csv").write_text("\n".join([",".join(labels), ",".join(row)]))
        with app.test_request_context():
            for name in ("table.xlsx", "table.csv"):
                path = tmp_path / name
                with open_table(path, filename="x", recognise=header_test(kinds)) as table:
                    bound = bind(kinds, table.header)
                    ((number, cells),) = table
                first = next(one for one in parse_row(bound, cells)[1] if one.position == 0)
                assert (number, first.column) == (2, labels[0])
                assert ("has more than 1,000 characters" in first.message) is wrong, name


# --- what services do with texts of their own accord ----------------------------------------------


@pytest.mark.parametrize(
    "look",
    [
        stored_username,
        clean_username,
        clean_email,
        passwords.normal,
        passwords.weakness,
        search.fold,
        search.words,
        search.typed,
    ],
)
def test_no_rule_makes_work_that_grows_faster_than_its_text(
    app: Flask, watch: Watch, look: Callable[[str], Any]
) -> None:
    def act(text: str) -> None:
        with suppress(PortalError):
            look(text)

    with app.test_request_context():
        # They are given what forms have bounded, so these texts are no longer than an area holds.
        small, large = worst(SMALL), worst(AREA_LENGTH)
        for name in small:
            less, more = watch.work_of(act, small[name]), watch.work_of(act, large[name])
            assert more.units <= 12 * less.units + GRANTED, (name, less.units, more.units)


def test_a_file_of_many_columns_is_cut_not_kept(app: Flask, tmp_path: Path) -> None:
    (kinds,) = columns()[:1]
    labels = ",".join(column.label for column in kinds)
    path = tmp_path / "wide.csv"
    path.write_text(labels + "\n" + "x," * 50_000 + "\n")
    with (
        app.test_request_context(),
        open_table(path, filename="x", recognise=header_test(kinds)) as table,
    ):
        ((_number, cells),) = table
    assert len(cells) == 65
    endless = labels + "\n" + '"x\n",' * 300_000 + "\n"
    path.write_text(endless)
    with app.test_request_context():
        assert read(path, kinds) == ["line"], "one row of two megabytes, in many short lines"
