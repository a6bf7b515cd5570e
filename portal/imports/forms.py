"""The form that sends a file."""

from typing import Any

from flask_wtf.file import FileField, FileRequired

from portal.i18n import Label, _l
from portal.web.forms import Form


class FileForm(Form):
    """A file of rows; `choose` is what is said if there is none."""

    file = FileField(_l("File"), [FileRequired(_l("Choose a file, CSV or Excel (.xlsx)."))])

    def __init__(self, *arguments: Any, choose: Label = "", **named: Any) -> None:
        super().__init__(*arguments, **named)
        if choose:
            self.file.validators = [FileRequired(choose)]
