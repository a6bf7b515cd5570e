"""The questions of a form, and the answers that came with it."""

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from blueprints.administration.fields import prepare_questions
from blueprints.administration.forms import IdentityForm
from portal.catalog.screening import ScreeningQuestion


def question(code: str) -> ScreeningQuestion:
    return ScreeningQuestion(
        code=code,
        edition="2026",
        yes="stop",
        words={"en": f"Any {code}?", "es": f"¿Algún {code}?"},
        groups=frozenset({"FLU"}),
    )


ASKED = [question("fever"), question("allergy"), question("illness")]


@pytest.mark.parametrize(
    "came",
    [
        ["fever", "allergy", "illness"],
        ["illness", "fever", "allergy"],
        ["fever", "illness"],
        ["fever", "allergy", "illness", "gone"],
        ["gone"],
        [],
    ],
)
def test_each_answer_stays_with_its_question(app: Flask, came: list[str]) -> None:
    sent = MultiDict[str, str]()
    for place, code in enumerate(came):
        sent[f"questions-{place}-code"] = code
        sent[f"questions-{place}-answer"] = {"fever": "no", "allergy": "yes"}.get(code, "unsure")
    with app.test_request_context():
        form = IdentityForm(formdata=sent)
        prepare_questions(form, ASKED, [])
        entries = form.questions.entries
        assert [entry.form["code"].data for entry in entries] == ["fever", "allergy", "illness"]
        assert [entry.form["answer"].data for entry in entries] == [
            "no" if "fever" in came else None,
            "yes" if "allergy" in came else None,
            "unsure" if "illness" in came else None,
        ]
        assert [entry.form["answer"].name for entry in entries] == [
            f"questions-{place}-answer" for place in range(3)
        ]
        assert [entry.form.about for entry in entries] == ASKED
        assert entries[0].form["answer"].label.text == "Any fever?"
