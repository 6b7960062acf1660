"""A page without JavaScript: text, links, and forms to fill in and send."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from tests.support.visitor import Answer, Visitor


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


class Page(HTMLParser):
    _heading = False
    _textarea = ""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        assert answer.headers.get_content_type() == "text/html", answer.text
        self.status = answer.status
        self.source = answer.text
        self.forms: list[Form] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._texts: list[str] = []
        self._headings: list[tuple[str, str]] = []
        self._buttons: list[tuple[str, str]] = []
        self._form: Form | None = None
        self._in: str = ""
        self.feed(self.source)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._texts).split())

    @property
    def ids(self) -> set[str]:
        return {attributes["id"] for _, attributes in self.elements if "id" in attributes}

    def headings(self, level: int) -> list[str]:
        """Return the texts of the headings of this level, in order."""
        return [text.strip() for tag, text in self._headings if tag == f"h{level}"]

    def has_field(self, name: str) -> bool:
        return any(name in form.names for form in self.forms)

    def attribute_of(self, element_id: str, name: str) -> str | None:
        """Return an attribute of the element with this id, or None."""
        (found,) = [a for _, a in self.elements if a.get("id") == element_id]
        return found.get(name)

    def button_value(self, text: str) -> str:
        """Return the value of the one button whose text begins with `text`."""
        (value,) = [value for said, value in self._buttons if said.strip().startswith(text)]
        return value

    def form(self, *, action: str = "", having: str = "", button: str = "") -> Form:
        """Return the one form with this `action`, with a field named `having` or with this `button`."""
        found = [
            form
            for form in self.forms
            if (not action or form.action.split("?")[0] == action)
            and (not having or having in form.names)
            and (not button or any(button.lower() in text.lower() for text in form.buttons))
        ]
        assert len(found) == 1, f"{len(found)} forms of {self.forms}"
        return found[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        self._in = tag
        if tag == "form":
            method = attributes.get("method", "get").upper()
            self._form = Form(attributes.get("action", ""), method)
            self.forms.append(self._form)
        elif self._form and tag in {"input", "textarea"} and attributes.get("name"):
            self._form.names.add(attributes["name"])
            if attributes.get("type") != "checkbox" or "checked" in attributes:
                self._form.fields[attributes["name"]] = attributes.get("value", "")
            self._textarea = attributes["name"] if tag == "textarea" else ""
        if self._form and tag == "button":
            self._form.buttons.append(attributes.get("aria-label", ""))
        if tag == "button":
            self._buttons.append(("", attributes.get("value", "")))
        if tag in {"h1", "h2", "h3"}:
            self._headings.append((tag, ""))
            self._heading = True

    def handle_endtag(self, tag: str) -> None:
        self._in = ""
        if tag in {"h1", "h2", "h3"}:
            self._heading = False
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._in in {"style", "script"}:
            return
        if self._form and self._in == "textarea":
            self._form.fields[self._textarea] += data.removeprefix("\n")
        self._texts.append(data)
        if self._form and self._form.buttons:
            self._form.buttons[-1] += data
        if self._buttons:
            text, value = self._buttons[-1]
            self._buttons[-1] = (text + data, value)
        if self._heading:
            tag, text = self._headings[-1]
            self._headings[-1] = (tag, text + data)


def submit(visitor: Visitor, page: Answer, form: Form, at: str, **fields: str) -> Answer:
    """Send `form`, found on `page` at the path `at`, with these fields filled in."""
    assert form.method == "POST", form
    assert page.status < 500
    unknown = set(fields) - form.names
    assert not unknown, f"the form has no field {unknown}, but {form.names}"
    referer = {"Referer": visitor.urls[0] + at}
    return visitor.post(form.action or at, form=form.fields | fields, headers=referer)
