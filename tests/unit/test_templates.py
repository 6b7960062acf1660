"""The templates, as texts."""

import re

import pytest

from tests.support.instance import ROOT

TEMPLATES = {path.name: path for path in (ROOT / "handlers/templates").glob("*.html")}
# Their forms are for sessions that have ended, or repeat the fields that were posted.
WITHOUT_SESSION = {"_session_ended.html", "error.html"}


@pytest.mark.parametrize("name", sorted(TEMPLATES.keys() - WITHOUT_SESSION))
def test_each_form_names_its_session(name):
    """Without the field, a form that was rendered for one session is stored in another."""
    forms = re.findall(r'(?s)<form[^>]* method="post".*?</form>', TEMPLATES[name].read_text())
    assert all("session_form_html()" in form for form in forms)


def test_the_forms_are_found():
    assert sum(path.read_text().count('method="post"') for path in TEMPLATES.values()) > 15
