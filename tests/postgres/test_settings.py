"""Wrong settings: the program names all mistakes at once, without printing a value."""

import pytest

from nestmap.sessions import SessionCookie
from tests.support.instance import Instance
from tests.support.visitor import COOKIE, Visitor


def refusal(directory, **settings) -> str:
    """Start with these settings, expect an error, and return what was printed."""
    started = Instance(directory, **settings)
    try:
        assert started.wait(15) not in {0, None}
        assert "Traceback" not in started.output
        return started.output
    finally:
        started.kill()


def test_production_names_all_that_is_missing_at_once(tmp_path):
    said = refusal(tmp_path, NESTMAP_ENV="production", SESSION_SECRET=None)
    assert "SESSION_SECRET" in said
    assert "DATABASE_URL" in said


def test_node_env_is_used_if_nestmap_env_is_not_set(tmp_path):
    assert "DATABASE_URL" in refusal(tmp_path, NODE_ENV="production")


@pytest.mark.parametrize(
    "secret",
    [
        *("too-short-by-one-character-31-c", "keyboard cat", "change-me"),
        *("your-secret-here-your-secret-here-your", "replace-me-with-something-very-random"),
    ],
)
def test_a_weak_secret_is_refused_and_not_printed(tmp_path, secret):
    url = "postgresql://someone:the-password@127.0.0.1:9/nestmap"
    said = refusal(tmp_path, NESTMAP_ENV="production", SESSION_SECRET=secret, DATABASE_URL=url)
    assert "SESSION_SECRET" in said
    assert secret not in said
    assert "the-password" not in said


def test_the_previous_secret_is_checked_too(tmp_path):
    said = refusal(tmp_path, NESTMAP_ENV="production", SESSION_SECRET_PREVIOUS="keyboard cat")
    assert "SESSION_SECRET_PREVIOUS" in said
    assert "keyboard cat" not in said


def test_in_development_the_previous_secret_does_not_sign(tmp_path, database, start_instance):
    """Without SESSION_SECRET, a new secret is made."""
    previous = "the previous secret of the tests, and the only one"
    known = SessionCookie(COOKIE, [previous], secure=False, lifetime=604800)
    instance = start_instance(database.url, SESSION_SECRET=None, SESSION_SECRET_PREVIOUS=previous)
    visitor = Visitor(instance.url)
    visitor.put_place("lisbon")
    assert known.sids([f"{COOKIE}={visitor.cookie}"]) == []
    sid = database.value("select sid from session")
    visitor.jar.put(COOKIE, known.set(sid, 60).split(";")[0].removeprefix(f"{COOKIE}="))
    assert visitor.place_ids() == ["lisbon"]


def test_every_mistake_is_named_at_once(tmp_path):
    mistakes = {
        "NESTMAP_ENV": "staging",
        "PORT": "a-port",
        "PROCESSES": "-1",
        "SESSION_COOKIE_NAME": "a;b",
        "SESSION_TTL_SECONDS": "0",
        "SESSION_ABSOLUTE_TTL_SECONDS": "soon",
        "SESSION_TOUCH_SECONDS": "-5",
        "SESSION_PRUNE_SECONDS": "1.5",
        "SESSION_MAX_BYTES": "lots",
        "TRUST_PROXY": "perhaps",
        "LOG_LEVEL": "loud",
        "LOG_FORMAT": "xml",
    }
    said = refusal(tmp_path, **mistakes)
    assert [name for name in mistakes if name not in said] == []
    assert len([line for line in said.splitlines() if line.strip()]) >= len(mistakes)


def test_a_host_cookie_needs_https(tmp_path):
    assert "SESSION_COOKIE_NAME" in refusal(tmp_path, SESSION_COOKIE_NAME="__Host-nestmap")


def test_a_secret_is_read_from_a_file(tmp_path, database, start_instance):
    file = tmp_path / "secret"
    file.write_text("a secret in a file that is long enough\n")
    url = tmp_path / "url"
    url.write_text(database.url + "\n")
    instance = start_instance(
        None,
        NESTMAP_ENV="production",
        SESSION_SECRET=None,
        SESSION_SECRET_FILE=file,
        DATABASE_URL_FILE=url,
    )
    assert instance.readiness() == 200


def test_a_missing_file_is_named(tmp_path):
    said = refusal(tmp_path, SESSION_SECRET=None, SESSION_SECRET_FILE=tmp_path / "nothing")
    assert "SESSION_SECRET_FILE" in said


@pytest.mark.parametrize(
    "secret",
    [
        *("a" * 40, "password" * 5, "1234567890" * 4, "nestmap.org-" * 4),
        *("abcabdabeabfabgabhab" * 2, "abcdefghijklmnopqrstuvwxyz0123456789"),
    ],
)
def test_a_secret_of_few_characters_or_with_a_pattern_is_refused(tmp_path, secret):
    said = refusal(tmp_path, NESTMAP_ENV="production", SESSION_SECRET=secret)
    assert "SESSION_SECRET" in said
    assert secret not in said


def test_a_world_writable_secret_file_is_refused(tmp_path):
    file = tmp_path / "secret"
    file.write_text("a secret in a file that is long enough\n")
    file.chmod(0o666)
    said = refusal(tmp_path, SESSION_SECRET=None, SESSION_SECRET_FILE=file)
    assert "SESSION_SECRET_FILE may be written by everyone" in said
