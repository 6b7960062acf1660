"""UI modules for templates: `{% module Field("email", "Email") %}`."""

from datetime import UTC, datetime
from typing import Any

from tornado.web import UIModule

from handlers.base import BaseHandler
from handlers.flash import take_flash
from handlers.words import ago, duration, position, size

# An input of the type "email" would differ between browsers: Chromium refuses an é before the @, and
# changes a domain with one to "xn--...", so its user could not sign in with another browser.
EMAIL = {"inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}


class Field(UIModule):
    """A field of a form with its label and error.

    Options: `type` ("text"; also "textarea", and "email" for an address), `hint`, `optional`, and
    attributes of the element.
    """

    def render(
        self, name: str, label: str, value: str = "", error: str | None = None, **options: Any
    ) -> str:
        hint, optional = options.pop("hint", ""), options.pop("optional", False)
        kind = options.pop("type", "text")
        if kind == "email":
            kind, options = "text", EMAIL | options
        if "maxlength" in options:
            # Browsers count these characters as two, and would not send this text once it is edited.
            options["maxlength"] += sum(character > "\uffff" for character in value)
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
    """A time in words, with the exact time as its title; None is "unknown"."""

    def render(self, moment: datetime | None) -> str:
        if moment is None:
            return "unknown"
        utc = moment.astimezone(UTC)
        return self.render_string("_moment.html", utc=utc, said=ago(utc), title=exact(utc)).decode()


class Time(UIModule):
    """An exact time in UTC; None is "unknown".

    The argument is seconds since 1970 or a text in ISO 8601.
    """

    def render(self, moment: datetime | float | str | None) -> str:
        if moment is None:
            return "unknown"
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        elif not isinstance(moment, datetime):
            moment = datetime.fromtimestamp(moment, UTC)
        utc = moment.astimezone(UTC)
        return self.render_string("_moment.html", utc=utc, said=exact(utc), title="").decode()


class Duration(UIModule):
    """A length of time in words, then in seconds."""

    def render(self, seconds: int) -> str:
        exactly = f"{seconds:,} s" if seconds >= 60 else ""
        return self.render_string("_amount.html", said=duration(seconds), exactly=exactly).decode()


class Size(UIModule):
    """An amount of data in its largest unit, then in bytes."""

    def render(self, octets: int) -> str:
        exactly = f"{octets:,} bytes" if octets >= 1024 else ""
        return self.render_string("_amount.html", said=size(octets), exactly=exactly).decode()


class Position(UIModule):
    """A place on the Earth in degrees."""

    def render(self, latitude: float, longitude: float) -> str:
        return position(latitude, longitude)


class Flash(UIModule):
    """The message of the previous action."""

    def render(self) -> str:
        assert isinstance(self.handler, BaseHandler), "pages of the site have its base handler"
        flash = take_flash(self.handler)
        return self.render_string("_flash.html", flash=flash).decode() if flash else ""


def exact(utc: datetime) -> str:
    """Return a time in minutes: "2026-11-25 09:30 UTC"."""
    return utc.strftime("%Y-%m-%d %H:%M UTC")


MODULES = {one.__name__: one for one in (Field, Moment, Time, Duration, Size, Position, Flash)}
