"""Parts of pages that templates name: `{% module Field("email", "Email") %}`."""

from datetime import UTC, datetime
from typing import Any

from tornado.web import UIModule

from handlers.base import BaseHandler
from handlers.flash import take_flash
from handlers.words import ago


class Field(UIModule):
    """A labelled field of a form, with what is wrong with it.

    Options: `type` ("text"; also "textarea"), `hint`, `optional`, and attributes of the element.
    """

    def render(
        self, name: str, label: str, value: str = "", error: str | None = None, **options: Any
    ) -> str:
        hint, optional = options.pop("hint", ""), options.pop("optional", False)
        kind = options.pop("type", "text")
        attributes = {"id": f"{name}_field", "name": name, **options}
        described_by = [
            f"{name}_{part}" for part, text in (("hint", hint), ("error", error)) if text
        ]
        if described_by:
            attributes["aria-describedby"] = " ".join(described_by)
        if error:
            attributes["aria-invalid"] = "true"
        if not optional:
            attributes["required"] = ""
        names = {"name": name, "label": label, "value": value, "error": error, "hint": hint}
        names |= {"type": kind, "optional": optional, "attributes": attributes}
        return self.render_string("_field.html", **names).decode()


class Moment(UIModule):
    """A moment in words, with the exact one behind it."""

    def render(self, moment: datetime | None) -> str:
        utc = moment.astimezone(UTC) if moment else None
        return (
            self.render_string("_moment.html", utc=utc, said=ago(utc) if utc else "")
            .decode()
            .strip()
        )


class Flash(UIModule):
    """What the action before this page has to say."""

    def render(self) -> str:
        assert isinstance(self.handler, BaseHandler), "pages of the site have its base handler"
        flash = take_flash(self.handler)
        return self.render_string("_flash.html", flash=flash).decode() if flash else ""


MODULES = {"Field": Field, "Moment": Moment, "Flash": Flash}
