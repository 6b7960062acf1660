"""Password guessing is slowed per account and per network, before a password is hashed."""

import json
import re
import threading
import time

import pytest

from tests.support import raw
from tests.support.flood import repeat_requests
from tests.support.visitor import PASSWORD, Answer, Visitor, new_email
from tests.support.waiting import wait_until

FROM = "X-Forwarded-For"


@pytest.fixture(scope="module")
def sites(shared_database, start_shared_instance):
    """Start two instances behind a proxy that passes on the address of the client."""
    settings = {"TRUST_PROXY": "on", "SIGN_IN_NETWORK_FAILURES": 8, "REGISTRATIONS_PER_HOUR": 500}
    settings |= {"NEW_SESSIONS_PER_MINUTE": 20}
    first = start_shared_instance.begin(shared_database.url, **settings)
    second = start_shared_instance(shared_database.url, **settings)
    first.wait_until_ready()
    return [first, second]


@pytest.fixture(autouse=True)
def _no_memory(shared_database):
    """Delete all counters before each test."""
    shared_database.execute("truncate nestmap.throttle")


@pytest.fixture
def owner(sites) -> Visitor:
    """Return a signed-out user of an account on a known device and in a known network."""
    owner = Visitor(*(site.url for site in sites))
    assert owner.register(headers={FROM: "192.0.2.10"}).status == 201
    owner.sign_out()
    return owner


def other_browser(owner: Visitor) -> Visitor:
    """Return a visitor who knows the owner's email address."""
    other = Visitor(*owner.urls)
    other.email = owner.email
    return other


def guess(owner: Visitor, address: str = "198.51.100.1", at: int = 0) -> Answer:
    return other_browser(owner).sign_in(
        password="a wrong guess of it", headers={FROM: address}, at=at
    )


def guess_until_refused(owner: Visitor) -> Answer:
    for number in range(20):
        answer = guess(owner, f"198.51.100.{number}", at=number % 2)
        if answer.status == 429:
            return answer
        assert answer.status == 401
    raise AssertionError("nothing slows guessing")


def test_after_five_wrong_passwords_the_next_has_to_wait(owner):
    statuses = [guess(owner).status for _ in range(5)]
    refused = guess(owner, at=1)
    assert statuses == [401] * 5
    assert (refused.status, refused.error) == (429, "too_many_attempts")
    assert 1 <= int(refused.headers["Retry-After"]) <= 900


def test_the_right_password_from_an_unknown_device_and_network_has_to_wait_too(owner):
    guess_until_refused(owner)
    answer = other_browser(owner).sign_in(headers={FROM: "198.51.100.77"})
    assert (answer.status, answer.cookies) == (429, [])


def test_an_address_without_an_account_is_answered_the_same(owner, sites):
    unknown = Visitor(*(site.url for site in sites))
    answers = [unknown.sign_in(headers={FROM: "198.51.100.1"}) for _ in range(6)]
    assert [answer.status for answer in answers] == [401] * 5 + [429]


def test_a_flood_from_many_networks_leaves_the_owner_signing_in_on_a_known_device(owner):
    guess_until_refused(owner)
    # The network is not that of the registration: only the device is known.
    assert owner.sign_in(headers={FROM: "203.0.113.200"}, at=1).status == 200


def test_a_flood_from_many_networks_leaves_the_owner_signing_in_from_a_known_network(owner):
    guess_until_refused(owner)
    assert other_browser(owner).sign_in(headers={FROM: "192.0.2.10"}).status == 200


def test_a_network_is_forgotten_after_90_days(owner, shared_database):
    guess_until_refused(owner)
    shared_database.execute(
        "update nestmap.known_networks set signed_in_at = now() - interval '91 days'"
    )
    assert other_browser(owner).sign_in(headers={FROM: "192.0.2.10"}).status == 429


def test_a_known_device_is_slowed_too(owner):
    wrong = [owner.sign_in(password="a wrong guess of it") for _ in range(6)]
    assert [answer.status for answer in wrong] == [401] * 5 + [429]
    assert other_browser(owner).sign_in(headers={FROM: "192.0.2.10"}).status == 200


def test_a_flood_from_one_network_slows_no_sign_in_from_other_networks(owner, sites):
    for number in range(10):
        somebody = Visitor(*(site.url for site in sites))
        last = somebody.sign_in(headers={FROM: "198.51.100.1"}, at=number % 2)
    assert last.status == 429, "one address may try any number of accounts"
    for address in ("198.51.100.2", "2001:db8::1"):
        newcomer = Visitor(*(site.url for site in sites))
        assert newcomer.register(headers={FROM: "203.0.113.5"}).status == 201
        assert other_browser(newcomer).sign_in(headers={FROM: address}).status == 200


def test_all_addresses_of_an_ipv6_network_are_counted_together(sites):
    for number in range(9):
        somebody = Visitor(*(site.url for site in sites))
        last = somebody.sign_in(headers={FROM: f"2001:db8:5:6::{number:x}"})
    assert last.status == 429


def test_a_hundred_simultaneous_attempts_are_all_counted(owner, shared_database):
    answers: list[int] = []

    def attack(number: int) -> None:
        answers.append(guess(owner, f"198.51.{number}.1", at=number % 2).status)

    threads = [threading.Thread(target=attack, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The first delays are seconds: on a slow machine the flood may take longer than the first.
    assert 5 <= answers.count(401) <= 8
    assert answers.count(401) + answers.count(429) == 40


def test_a_successful_sign_in_is_not_counted(owner):
    for _ in range(8):
        assert other_browser(owner).sign_in(headers={FROM: "203.0.113.9"}).status == 200


@pytest.mark.long
def test_fewer_than_a_hundred_passwords_can_be_guessed_in_a_day(owner, shared_database):
    checked, waits, passed, waited = 0, [], 0, False
    while passed < 86400:
        answer = guess(owner, f"198.51.{checked % 200}.{checked % 7}")
        if answer.status == 401:
            checked, waited = checked + 1, False
            continue
        assert not waited, "the given time is long enough"
        waited = True
        wait = int(answer.headers["Retry-After"])
        waits.append(wait)
        passed += wait
        shared_database.execute(
            "update nestmap.throttle set counted_at = counted_at - make_interval(secs => %s),"
            " next_at = next_at - make_interval(secs => %s)",
            wait,
            wait,
        )
    assert 40 < checked < 100
    assert 900 <= max(waits) <= 86400 / 75
    assert waits[:4] == sorted(waits[:4])


def test_the_counters_contain_no_email_address(owner, shared_database):
    guess_until_refused(owner)
    rows = shared_database.all(
        "select key from nestmap.throttle union all select network from nestmap.known_networks"
    )
    stored = b" ".join(bytes(row.key) for row in rows)
    assert len(rows) > 3
    for word in (owner.email.encode(), b"198.51.100", b"192.0.2", b"account", b"network"):
        assert word not in stored


def test_the_register_form_with_a_taken_address_counts_as_a_sign_in(owner):
    form = {"email": owner.email, "password": "a wrong guess of it"}
    headers = {FROM: "198.51.100.1", "Sec-Fetch-Site": "same-origin"}
    statuses = [
        Visitor(*owner.urls).post("/register", form=form, headers=headers).status for _ in range(6)
    ]
    assert statuses == [409] * 5 + [429]


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("POST", "/api/auth/confirm", {}),
        ("POST", "/api/auth/password", {"new_password": "quite another good password"}),
        ("DELETE", "/api/account", {}),
    ],
)
def test_confirming_the_password_is_counted_too(owner, method, path, fields):
    owner.sign_in()
    wrong = "a wrong guess of it"
    fields = fields | {"password": wrong, "current_password": wrong}
    answers = [owner.request(method, path, json=fields) for _ in range(6)]
    assert [answer.status for answer in answers] == [401] * 5 + [429]
    assert answers[-1].error == "too_many_attempts"
    assert owner.signed_in()


def test_the_login_page_says_how_long_to_wait(owner):
    guess_until_refused(owner)
    form = {"email": owner.email, "password": PASSWORD}
    answer = Visitor(*owner.urls).post("/login", form=form, headers={FROM: "198.51.100.99"})
    assert answer.status == 429
    assert re.search(r"Try again in \d+ seconds", answer.text)
    assert int(answer.headers["Retry-After"]) > 0


def test_scripts_cannot_read_the_device_cookie_and_it_does_not_sign_in(sites):
    visitor = Visitor(*(site.url for site in sites))
    cookies = {cookie.name: cookie for cookie in visitor.register().cookies}
    device = cookies["nestmap.device"]
    assert device.attributes["samesite"].lower() == "strict"
    assert "httponly" in device.attributes
    assert int(device.attributes["max-age"]) == 400 * 86400
    assert visitor.email not in device.value
    thief = Visitor(*visitor.urls)
    thief.jar.put("nestmap.device", device.value)
    assert not thief.signed_in()


def test_a_sign_in_on_a_known_device_renews_its_cookie_and_not_its_id(owner):
    renewed = owner.sign_in().cookie("nestmap.device")
    assert int(renewed.attributes["max-age"]) == 400 * 86400
    again = owner.sign_in().cookie("nestmap.device")
    assert again.value.split("|")[4] == renewed.value.split("|")[4], "the text in it"


def test_a_forged_device_cookie_has_no_effect(owner):
    guess_until_refused(owner)
    forger = other_browser(owner)
    forger.jar.put("nestmap.device", "2|1:0|10:1700000000|14:nestmap.device|8:MS4xLjAw|" + "0" * 64)
    assert forger.sign_in(headers={FROM: "198.51.100.200"}).status == 429


def test_a_device_is_no_longer_known_when_the_password_was_changed(owner):
    owner.sign_in()
    before = owner.jar.get("nestmap.device")
    change = {"current_password": PASSWORD, "new_password": "quite another good password"}
    assert owner.post("/api/auth/password", json=change).status == 204
    owner.sign_out()
    now = owner.jar.get("nestmap.device")
    assert now != before
    guess_until_refused(owner)
    for device, status in ((before, 429), (now, 200)):
        owner.jar.put("nestmap.device", device)
        answer = owner.sign_in(
            password="quite another good password", headers={FROM: "203.0.113.201"}
        )
        assert answer.status == status


def test_registrations_from_one_network_are_limited(shared_database, start_instance):
    site = start_instance(shared_database.url, TRUST_PROXY="on", REGISTRATIONS_PER_HOUR=3)
    visitors = [Visitor(site.url) for _ in range(5)]
    answers = [visitor.register(headers={FROM: "198.51.100.1"}) for visitor in visitors]
    assert [answer.status for answer in answers] == [201] * 3 + [429] * 2
    assert answers[-1].cookies == []
    assert Visitor(site.url).register(headers={FROM: "198.51.100.2"}).status == 201


def test_new_sessions_of_visitors_from_one_network_are_limited(shared_database, start_instance):
    site = start_instance(shared_database.url, TRUST_PROXY="on", NEW_SESSIONS_PER_MINUTE=3)
    here = {FROM: "198.51.100.1"}
    known = Visitor(site.url)
    assert known.put_place("a", headers=here).status == 201
    answers = [Visitor(site.url).put_place("a", headers=here) for _ in range(4)]
    assert [answer.status for answer in answers] == [201, 201, 429, 429]
    assert (answers[-1].error, answers[-1].cookies) == ("too_many_sessions", [])
    assert known.put_place("b", headers=here).status == 201, "a session that there is goes on"
    assert Visitor(site.url).put_place("a", headers={FROM: "198.51.100.2"}).status == 201
    assert Visitor(site.url).register(headers=here).status == 201, "signing in is no such session"


def test_new_sessions_of_visitors_are_counted_in_all_instances_together(sites, shared_database):
    level = "select coalesce(max(level), 0) from nestmap.throttle"

    def begin(at: int, count: int) -> list[int]:
        visitors = [Visitor(*(site.url for site in sites)) for _ in range(count)]
        return [
            one.put_place("a", headers={FROM: "198.51.100.3"}, at=at).status for one in visitors
        ]

    assert begin(0, 19) == [201] * 19
    wait_until(lambda: shared_database.value(level) > 15, "the first instance to tell")
    # One more is too few to be told at once, and a second is a tenth of the limit.
    begin(1, 2)
    wait_until(lambda: shared_database.value(level) > 17, "the second instance to ask")
    assert begin(1, 18)[-1] == 429


def hostile(number: int) -> bytes:
    """A wrong password, each time from another network and for another account."""
    body = json.dumps({"email": new_email(), "password": "a wrong guess of it"}).encode()
    headers = {FROM: f"100.{number // 250 % 250}.{number % 250}.1"}
    return raw.request("POST", "/api/auth/login", body, **headers)


@pytest.mark.long
def test_another_user_signs_in_during_an_attack_on_a_hundred_connections(sites):
    person = Visitor(sites[0].url)
    assert person.register(headers={FROM: "203.0.113.77"}).status == 201
    answers, seconds = [], []
    with repeat_requests(sites[0].port, hostile, connections=100) as answered:
        # From now on a hundred passwords wait to be checked.
        wait_until(lambda: len(answered) > 20, "the first answers", seconds=60)
        for _ in range(20):
            began = time.monotonic()
            answers.append(other_browser(person).sign_in(headers={FROM: "203.0.113.77"}).status)
            seconds.append(time.monotonic() - began)
        # An unknown device waits for its turn among the others.
        answers.append(other_browser(person).sign_in(headers={FROM: "203.0.113.78"}).status)
    assert set(answers) == {200}
    hostile_seconds = sorted(taken for status, taken in answered if status == 401)
    # Measured without other work: 60 ms beside 1.7 s. Only their relation holds on a busy machine.
    assert sorted(seconds)[18] < hostile_seconds[len(hostile_seconds) // 2] / 3
    assert {status for status, _ in answered} <= {401, 503}
