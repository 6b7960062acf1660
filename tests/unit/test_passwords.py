"""Which passwords are accepted, and that no client delays another client's hashes."""

import asyncio
import threading
import time
from contextlib import suppress
from functools import partial

import pytest

from nestmap.accounts import InvalidAccount, TooManySignIns, checked_password
from nestmap.accounts.password_queue import PasswordQueue
from nestmap.accounts.policy import refuse_guessable


@pytest.mark.parametrize(
    "password",
    [
        *("password1234", "123456789012", "qwertyuiop12", "iloveyou1234", "letmein12345"),
        *("            ", "aaaaaaaaaaaa", "abcabcabcabc", "1qaz2wsx3edc", "P@ssw0rd1234"),
        *("nestmapnestmap", "nestmap123456", "ada.lovelace@example.org", "lovelacelovelace"),
        *("december2025!", "asdfghjkl;'#", "administrator"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused(password):
    with pytest.raises(InvalidAccount, match="easy to guess"):
        refuse_guessable(password, "ada.lovelace@example.org")


@pytest.mark.parametrize(
    "password",
    [
        *("correct horse battery staple", "kJ8#dks9w0Pq", "a nul \0 in the middle"),
        *("vier zufällige deutsche wörter", "öäüßéèñçøåæþ", "x" * 3 + "Gq7!pLw2zK" + "x" * 200),
    ],
)
def test_any_other_password_is_accepted(password):
    refuse_guessable(password, "ada.lovelace@example.org")


@pytest.mark.parametrize("password", ["{}", "{}!", "my {}", "{}{}"])
def test_ones_own_address_is_refused_at_any_length(password):
    address = "a.name.that.goes.on.and.on@subdomain.of.example.org"
    with pytest.raises(InvalidAccount, match="easy to guess"):
        refuse_guessable(password.replace("{}", address.title()), address)


def processor_seconds(password: str) -> float:
    """How long the processor worked on a password, at best."""
    seconds = []
    for _ in range(3):
        began = time.thread_time()
        with suppress(InvalidAccount):
            refuse_guessable(password, "ada.lovelace@example.org")
        seconds.append(time.thread_time() - began)
    return min(seconds)


@pytest.mark.parametrize(
    "hostile", ["16|9${!(+73%5[@<4a!g$bf9", "16|9${!(+73%5[@<4a!g$bf9" * 11, "love4you" * 32]
)
def test_no_password_takes_long_to_look_at(hostile):
    ordinary = processor_seconds("kJ8#dks9w0Pq-and-some-mo")
    # Without bounds: 60, 5,000 and 200 times as long.
    assert processor_seconds(hostile) < 30 * ordinary


@pytest.mark.parametrize("password", ["1234567890!@#$%^&*()", "!@#$%^&*()_+1234567890"])
def test_a_keyboard_run_with_many_symbols_is_refused_too(password):
    with pytest.raises(InvalidAccount, match="easy to guess"):
        refuse_guessable(password, "ada.lovelace@example.org")


def test_a_letter_with_an_accent_is_one_character_in_each_unicode_form():
    assert checked_password("e\u0301" * 12) == "\u00e9" * 12


@pytest.mark.parametrize("password", ["x" * 11, "x" * 257, "\u0344" * 5000, "\ud800" * 12])
def test_a_password_of_another_length_or_type_is_refused(password):
    with pytest.raises(InvalidAccount):
        checked_password(password)


def in_order(*shares: str, each: int = 2, total: int = 4) -> list[str]:
    """Add work to a busy queue under these keys; return the keys in the order in which it was done.

    A share in capitals is one of a known client.
    """
    done: list[str] = []

    async def main() -> None:
        queue = PasswordQueue(1, each=each, total=total)
        busy = threading.Event()
        first = asyncio.ensure_future(queue.run("busy", busy.wait))
        await asyncio.sleep(0)
        work = [
            asyncio.ensure_future(
                queue.run(share, partial(done.append, share), is_known=share.isupper())
            )
            for share in shares
        ]
        await asyncio.sleep(0)
        busy.set()
        await first
        ended = await asyncio.gather(*work, return_exceptions=True)
        assert {type(one) for one in ended} <= {type(None), TooManySignIns}
        queue.close()

    asyncio.run(main())
    return done


def test_keys_take_turns():
    assert in_order("a", "a", "b") == ["a", "b", "a"]


def test_the_queue_of_one_key_is_bounded():
    assert in_order("a", "a", "a", "a", "b") == ["a", "b", "a"]


def test_a_key_without_queued_work_gets_into_a_full_queue():
    assert in_order("a", "a", "b", "b", "c") == ["a", "b", "c", "b"]


def test_a_queue_with_one_item_for_each_key_accepts_no_more():
    assert in_order("a", "b", "c", "d", "e") == ["a", "b", "c", "d"]


def test_a_known_client_waits_for_one_stranger_at_most():
    assert in_order("a", "b", "c", "d", "e", "K", total=9) == ["K", "a", "b", "c", "d", "e"]
    assert in_order("a", "b", "K", "L", "L", total=9) == ["K", "a", "L", "b", "L"]


def test_a_known_client_gets_into_a_queue_that_is_full_of_lone_strangers():
    assert in_order("a", "b", "c", "d", "K") == ["K", "b", "c", "d"]


def test_a_queue_full_of_known_clients_takes_no_more():
    assert in_order("K", "L", "M", "N", "O", "a") == ["K", "L", "M", "N"]
