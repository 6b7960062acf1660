"""Which proxies are trusted for a client's address, and how the address is read."""

import pytest

from nestmap.proxies import parsed_address, parsed_proxies

PEER = "10.0.0.1"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7:51234 ", "192.0.2.7"),
        ("[2001:db8::7]:51234", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ('"[2001:db8::7]:1"', "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_an_address_is_read_with_ports_and_brackets(text, address):
    assert str(parsed_address(text)) == address


@pytest.mark.parametrize(
    "text", ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "a" * 10000, "\0"]
)
def test_an_invalid_address_is_none(text):
    assert parsed_address(text) is None


@pytest.mark.parametrize(
    ("setting", "peer", "believed"),
    [
        ("off", "127.0.0.1", False),
        ("on", "127.0.0.1", True),
        ("on", "10.1.2.3", True),
        ("on", "::1", True),
        ("on", "0.0.0.0", True),  # noqa: S104  what Tornado calls a Unix socket
        ("on", "203.0.113.5", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "192.168.1.1", False),
        ("10.0.0.0/8 2001:db8::/32", "2001:db8::5", True),
        ("10.0.0.0/8", "127.0.0.1", False),
    ],
)
def test_only_the_proxies_of_the_setting_are_trusted(setting, peer, believed):
    assert parsed_proxies(setting).trusts(peer) is believed


@pytest.mark.parametrize("text", ["perhaps", "10.0.0.0/33", "10.0.0.0/8 x"])
def test_an_invalid_setting_is_refused(text):
    with pytest.raises(ValueError):
        parsed_proxies(text)


def test_with_one_proxy_the_last_element_is_the_address():
    assert parsed_proxies("on").client(PEER, ["6.6.6.6, 192.0.2.7"]) == "192.0.2.7"
    assert parsed_proxies("on").client(PEER, ["6.6.6.6", "192.0.2.7"]) == "192.0.2.7"


def test_with_one_proxy_a_private_address_of_a_client_is_used():
    assert parsed_proxies("on").client(PEER, ["6.6.6.6, 10.0.0.9"]) == "10.0.0.9"


def test_proxies_of_the_list_are_skipped_from_the_end():
    proxies = parsed_proxies("10.0.0.0/8")
    assert proxies.client(PEER, ["6.6.6.6, 192.0.2.7, 10.0.0.2, 10.0.0.3"]) == "192.0.2.7"


@pytest.mark.parametrize("value", ["", "unknown", "192.0.2.7, _hidden"])
def test_an_invalid_header_gives_the_address_of_the_peer(value):
    assert parsed_proxies("on").client(PEER, [value]) == PEER
    assert parsed_proxies("10.0.0.0/8").client(PEER, [value]) == PEER
