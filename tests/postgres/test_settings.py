"""Wrong settings: the program names all mistakes at once, without printing a value."""

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


def test_a_weak_secret_is_refused_and_not_printed(tmp_path):
    url = "postgresql://someone:the-password@127.0.0.1:9/nestmap"
    secret = "keyboard cat"
    said = refusal(tmp_path, NESTMAP_ENV="production", SESSION_SECRET=secret, DATABASE_URL=url)
    assert "SESSION_SECRET" in said
    assert secret not in said
    assert "the-password" not in said


def test_in_development_the_previous_secret_does_not_sign(tmp_path, database, start_instance):
    """Without SESSION_SECRET, a new secret is made."""
    previous = "the previous secret of the tests, and the only one"
    known = SessionCookie(COOKIE, [previous], secure=False, scope="Path=/")
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
