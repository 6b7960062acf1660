"""Valid email addresses, and their normal form."""

import pytest

from nestmap.accounts import InvalidAccount, checked_email
from nestmap.accounts.addresses import clean


@pytest.mark.parametrize(
    "address", ["ada@example.org", "Ada.O'Hara+x@example.org", "用户@例え.テスト"]
)
def test_a_valid_address_is_accepted_unchanged(address):
    assert checked_email(f" {address} ") == address


@pytest.mark.parametrize("address", ["e\u0301ve@example.org", "\u00e9ve@example.org"])
def test_a_letter_with_an_accent_is_one_character_in_each_unicode_form(address):
    assert checked_email(address) == clean(address) == "\u00e9ve@example.org"


@pytest.mark.parametrize(
    "address",
    [" " * 20 + "a" * 242 + "@example.org", "e\u0301" * 150 + "@example.org"],
    ids=["blanks before it", "accents"],
)
def test_an_address_that_is_accepted_is_found_again(address):
    assert clean(address) == checked_email(address)


@pytest.mark.parametrize(
    "address",
    [
        *("", "ada", "ada@", "@example.org", "ada@b@example.org", "a da@example.org"),
        *("a" * 250 + "@b.org", "\u0344" * 5000 + "@example.org", "ada@example.org\0x"),
    ],
)
def test_an_invalid_address_is_refused(address):
    with pytest.raises(InvalidAccount):
        checked_email(address)


@pytest.mark.parametrize(
    "character",
    [
        *("\u200b", "\u202e", "\u00ad", "\u2060", "\ufeff"),  # of Unicode's category Cf
        *("\x1b", "\x7f", "\x85", "\x9b", "\u2028", "\ue000", "\ud800"),
        *("\u034f", "\u115f", "\u3164", "\ufe0f", "\u2800", "\U000e0100"),
    ],
    ids=ascii,
)
def test_an_invisible_character_is_refused(character):
    with pytest.raises(InvalidAccount):
        checked_email(f"admin{character}@example.org")
