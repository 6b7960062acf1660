"""The session cookie: signing and verifying; an invalid cookie raises no error."""

import time
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nestmap.sessions import SessionCookie
from tests.support.cookies import SetCookie

OLD, NEW = "the old secret that was used before today", "the new secret that is used since today"
HOUR = 3600.0


def cookie(*secrets: str, name: str = "sid", secure: bool = False) -> SessionCookie:
    return SessionCookie(name, secrets or (NEW,), secure=secure, scope="Path=/; SameSite=Strict")


def sent_back(signed: str) -> str:
    return signed.split(";", maxsplit=1)[0]


def test_a_cookie_that_was_set_is_read_back():
    assert cookie().sids([sent_back(cookie().set("a-sid", HOUR))]) == ["a-sid"]


@pytest.mark.parametrize("blank", ["", " ", "\t", " \t "])
def test_a_name_may_have_blanks_around_it(blank):
    signed = sent_back(cookie().set("a-sid", HOUR)).replace("sid=", f"{blank}sid{blank}=", 1)
    assert cookie().sids([signed]) == ["a-sid"]


@pytest.mark.parametrize("blank", ["\xa0", "\x85", "\x1f", "\x0b", "\x0c", "\u2003"], ids=ascii)
def test_any_other_blank_makes_it_another_name(blank):
    """Browsers keep and send such a cookie, to which the rules of the prefix __Host- do not apply."""
    signed = sent_back(cookie(name="__Host-sid", secure=True).set("a-sid", HOUR))
    reader = cookie(name="__Host-sid", secure=True)
    assert reader.sids([signed]) == ["a-sid"]
    assert reader.sids([blank + signed]) == []
    assert reader.sids([signed.replace("=", f"{blank}=", 1)]) == []


def test_it_is_read_among_other_cookies():
    signed = sent_back(cookie().set("a-sid", HOUR))
    assert cookie().sids([f"a=b; {signed}; sidx=1", "c=d"]) == ["a-sid"]


def test_every_cookie_of_our_name_is_tried():
    one, two = (sent_back(cookie().set(sid, HOUR)) for sid in ("one", "two"))
    assert cookie().sids([f"sid=junk; {one}; sid=; {two}; {one}"]) == ["one", "two"]


def test_a_previous_secret_is_accepted_and_a_removed_one_is_not():
    signed = sent_back(cookie(OLD).set("a-sid", HOUR))
    assert cookie(NEW, OLD).sids([signed]) == ["a-sid"]
    assert cookie(NEW).sids([signed]) == []


def test_the_first_secret_signs():
    signed = sent_back(cookie(NEW, OLD).set("a-sid", HOUR))
    assert cookie(NEW).sids([signed]) == ["a-sid"]
    assert cookie(OLD).sids([signed]) == []


def test_a_value_signed_for_another_cookie_is_not_accepted():
    signed = cookie(name="other").set("a-sid", HOUR).removeprefix("other=")
    assert cookie().sids([f"sid={signed.split(';')[0]}"]) == []


@pytest.mark.parametrize("secure", [False, True])
def test_clearing_has_the_attributes_of_setting(secure):
    given_out = SetCookie.parse(cookie(secure=secure).set("a-sid", HOUR))
    cleared = SetCookie.parse(cookie(secure=secure).clear())
    assert given_out.attributes.keys() == cleared.attributes.keys()
    assert given_out.secure == secure
    assert cleared.clears
    assert not given_out.clears


def test_both_attributes_for_the_lifetime_of_a_cookie_agree():
    began = time.time()
    attributes = SetCookie.parse(cookie().set("a-sid", 90.4)).attributes
    assert attributes["max-age"] == "90"
    expires = parsedate_to_datetime(attributes["expires"]).timestamp()
    assert began + 89 <= expires <= time.time() + 91


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=200))
def test_arbitrary_text_is_not_accepted_and_raises_no_error(text):
    assert cookie().sids([f"sid={text}", text]) == []


@given(st.from_regex(r"\A2\|(\d+:[^|;]*\|){0,5}[0-9a-f]{0,64}\Z"))
def test_arbitrary_text_that_looks_signed_is_not_accepted_and_raises_no_error(text):
    assert cookie(NEW, OLD).sids([f"sid={text}"]) == []
