"""The settings as a value: what is read, by which name, with which default, and what is refused."""

import dataclasses
import os
import re
from collections.abc import Mapping

import pytest

from nestmap.settings import SettingsError, hosts_of, read_settings, settings_from
from tests.support.instance import ROOT, SECRET

EXAMPLE = (ROOT / ".env.example").read_text()
# What .env.example shows a value for that is not the default.
NO_DEFAULT = {"DATABASE_URL", "SESSION_SECRET", "SESSION_SECRET_PREVIOUS", "ALLOWED_HOSTS"}


class Recording(Mapping[str, str]):
    """Variables that remember which of them were asked for."""

    def __init__(self, variables):
        self._variables = variables
        self.asked = set()

    def __getitem__(self, name):
        self.asked.add(name)
        return self._variables[name]

    def __iter__(self):
        return iter(self._variables)

    def __len__(self):
        return len(self._variables)


def examples():
    return dict(re.findall(r"(?m)^#([A-Z_]+)=(.*)$", EXAMPLE))


def refusals(**variables):
    """Return the reasons for which these variables are refused."""
    with pytest.raises(SettingsError) as refused:
        settings_from(variables)
    return refused.value.reasons


def test_env_example_has_every_setting_and_no_other():
    variables = Recording({})
    settings_from(variables)
    files = {name for name in variables.asked if name.endswith("_FILE")}
    of_libpq = {name for name in variables.asked if name.startswith("PG")}
    assert variables.asked - files - of_libpq - {"NODE_ENV"} == set(examples())


def test_the_port_of_the_metrics_may_be_fixed_while_that_of_the_site_is_free():
    settings = settings_from({"PORT": "0", "METRICS_PORT": "9464"})
    assert (settings.port, settings.metrics_port) == (0, 9464)
    assert len(refusals(PORT="9464", METRICS_PORT="9464")) == 1
    assert len(refusals(PORT="many", METRICS_PORT="9464")) == 1


def test_env_example_explains_every_setting():
    paragraphs = EXAMPLE.strip().split("\n\n")
    for paragraph in paragraphs:
        assert paragraph.startswith("# "), f"no explanation: {paragraph}"


def test_env_example_shows_the_defaults():
    shown = {name: value for name, value in examples().items() if name not in NO_DEFAULT}
    default = settings_from({})
    for name, value in shown.items():
        assert settings_from({name: value}) == default, name


def test_an_empty_variable_is_the_default():
    assert settings_from(dict.fromkeys(examples(), " ")) == settings_from({})


NUMBERS = [
    ("PORT", "port", 0, 65535),
    ("PROCESSES", "processes", 1, 256),
    ("DATABASE_CONNECTIONS", "database_connections", 6, 1000),
    ("SESSION_TTL_SECONDS", "ttl", 1, 10**9),
    ("SESSION_ABSOLUTE_TTL_SECONDS", "absolute_ttl", 1, 10**9),
    ("SESSION_TOUCH_SECONDS", "touch", 0, 10**9),
    ("SESSION_PRUNE_SECONDS", "prune", 0, 10**9),
    ("SESSION_MAX_BYTES", "max_bytes", 1, 2**24),
    ("SIGN_IN_ACCOUNT_FAILURES", "sign_in_account_failures", 1, 20),
    ("EVENTS_KEEP_DAYS", "events_keep_days", 30, 36500),
    ("KEEPALIVE_SECONDS", "keepalive", 1, 86400),
]


@pytest.mark.parametrize(("name", "field", "least", "most"), NUMBERS)
def test_a_number_has_bounds_which_its_mistake_names(name, field, least, most):
    for value in (least, most):
        assert getattr(settings_from({name: str(value)}), field) == value
    for mistake in (str(most + 1), "-1", "1.5", "many", "٣"):
        (reason,) = refusals(**{name: mistake})
        assert re.fullmatch(rf"{name} must be a whole number from \d+ to {most}", reason)


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="macOS gives all CPUs to a process"
)
def test_no_processes_is_one_for_each_core_that_the_program_may_use():
    cpus = os.sched_getaffinity(0)
    assert settings_from({"PROCESSES": "0"}).processes == len(cpus)
    os.sched_setaffinity(0, {min(cpus)})
    try:
        assert settings_from({"PROCESSES": "0"}).processes == 1
    finally:
        os.sched_setaffinity(0, cpus)


@pytest.mark.parametrize(
    ("word", "header"),
    [("on", "; includeSubDomains"), ("YES", "; includeSubDomains"), ("0", ""), ("off", "")],
)
def test_a_flag_takes_the_words_that_people_write(word, header):
    variables = {
        "NESTMAP_ENV": "production",
        "SESSION_SECRET": SECRET,
        "DATABASE_URL": "postgresql:///nestmap",
        "HSTS_SUBDOMAINS": word,
    }
    assert settings_from(variables).hsts == f"max-age=31536000{header}"
    assert refusals(HSTS_SUBDOMAINS="perhaps") == ["HSTS_SUBDOMAINS must be on or off"]


def test_mistakes_are_all_reported_in_one_go_and_without_their_values():
    reasons = refusals(PORT="the-port", LOG_LEVEL="the-level", ALLOWED_HOSTS="the host:80")
    assert [reason.split()[0] for reason in reasons] == ["PORT", "ALLOWED_HOSTS", "LOG_LEVEL"]
    assert not any("the-" in reason or "host:80" in reason for reason in reasons)


def test_both_secrets_may_sign_and_the_new_one_comes_first():
    settings = settings_from({"SESSION_SECRET": "new", "SESSION_SECRET_PREVIOUS": "old"})
    assert settings.secrets == ("new", "old")


def test_a_program_that_signs_nothing_reads_no_secret():
    variables = Recording(
        {
            "NESTMAP_ENV": "production",
            "DATABASE_URL": "postgresql:///nestmap",
            "SESSION_SECRET": "x",
        }
    )
    assert settings_from(variables, signs=False).secrets == ()
    assert not any("SECRET" in name for name in variables.asked)


def test_a_secret_stands_in_one_place():
    (reason, *_) = refusals(SESSION_SECRET=SECRET, SESSION_SECRET_FILE="/nowhere")
    assert reason == "SESSION_SECRET and SESSION_SECRET_FILE are both set; keep one"


PRODUCTION = {"NESTMAP_ENV": "production", "DATABASE_URL": "postgresql:///nestmap"}
WEAK = [
    *("too-short-by-one-character-31-c", "keyboard cat", "change-me"),
    *("your-secret-here-your-secret-here-your", "replace-me-with-something-very-random"),
    *("a" * 40, "password" * 5, "1234567890" * 4, "nestmap.org-" * 4),
    *("abcabdabeabfabgabhab" * 2, "abcdefghijklmnopqrstuvwxyz0123456789"),
]


@pytest.mark.parametrize("secret", WEAK)
@pytest.mark.parametrize("name", ["SESSION_SECRET", "SESSION_SECRET_PREVIOUS"])
def test_a_secret_that_is_short_known_or_has_a_pattern_is_refused_in_production(name, secret):
    reasons = refusals(**PRODUCTION | {"SESSION_SECRET": SECRET} | {name: secret})
    assert {reason.split()[0] for reason in reasons} == {name}
    assert not any(secret in reason for reason in reasons)
    assert secret in settings_from({name: secret}).secrets


def test_node_env_is_used_if_nestmap_env_is_not_set():
    assert [reason.split()[0] for reason in refusals(NODE_ENV="production")] == [
        "DATABASE_URL",
        "SESSION_SECRET",
    ]
    assert not settings_from({"NODE_ENV": "production", "NESTMAP_ENV": "development"}).production


def test_the_variable_with_the_wrong_environment_is_named():
    reason = "must be development or production"
    assert refusals(NODE_ENV="test") == [f"NODE_ENV {reason}, or set NESTMAP_ENV"]
    assert refusals(NESTMAP_ENV="test", NODE_ENV="production") == [f"NESTMAP_ENV {reason}"]
    assert refusals(NESTMAP_ENV="test") == [f"NESTMAP_ENV {reason}"]


def test_a_connection_string_may_have_any_visible_character_and_blank():
    url = "postgresql://ada:p\u00a0\u2003ß@localhost/site"
    assert settings_from({"DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("rest", ["\n# the old one", "\0"])
def test_a_connection_string_is_one_line(tmp_path, rest):
    path = tmp_path / "database-url"
    path.write_text(f"postgresql://localhost/site{rest}\n")
    reason = "DATABASE_URL must be one line without control characters"
    assert refusals(DATABASE_URL_FILE=str(path)) == [reason]


def test_a_host_cookie_needs_https():
    (reason,) = refusals(SESSION_COOKIE_NAME="__Host-nestmap")
    assert reason.startswith("SESSION_COOKIE_NAME ")
    https = PRODUCTION | {"SESSION_SECRET": SECRET, "SESSION_COOKIE_NAME": "__Host-nestmap"}
    assert settings_from(https).cookie_name == "__Host-nestmap"


def test_a_missing_file_is_named(tmp_path):
    (reason,) = refusals(SESSION_SECRET_FILE=str(tmp_path / "nothing"))
    assert reason.startswith("SESSION_SECRET_FILE ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("NESTMAP_ENV production\n", 1),
        ("PORT=8888\n\n# a comment\nNESTMAP_ENV: production\n", 4),
        ("PORT=8888\r\nNESTMAP_ENV\r\n", 2),
        ("export HOST=::\nSESSION_SECRET='it's\n", 2),
    ],
)
def test_a_line_of_the_env_file_that_sets_nothing_is_named(tmp_path, text, line):
    (tmp_path / ".env").write_bytes(text.encode())
    with pytest.raises(SettingsError, match=f"not NAME=value in line {line};") as refused:
        read_settings(tmp_path)
    assert "production" not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NESTMAP_ENVV", "NESTMAP_ENV"),
        ("nestmap_env", "NESTMAP_ENV"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("SESSION_TTL_SECOND", "SESSION_TTL_SECONDS"),
        ("SESION_SECRET_FILE", "SESSION_SECRET_FILE"),
    ],
)
def test_a_misspelled_name_in_the_env_file_is_a_mistake(tmp_path, written, meant):
    (tmp_path / ".env").write_text(f"{written}=production\nPORT=many\n")
    with pytest.raises(SettingsError) as refused:
        read_settings(tmp_path)
    assert refused.value.reasons[1:] == [f"{written} in .env is no setting; is {meant} meant?"]


@pytest.mark.parametrize("signs", [True, False])
def test_other_names_in_the_env_file_are_no_mistake(tmp_path, signs):
    names = [*examples(), "NODE_ENV", "SESSION_SECRET_FILE", "DATABASE_URL_FILE"]
    names += ["HOSTNAME", "POSTGRES_PASSWORD", "PGSSLMODE", "COMPOSE_PROJECT_NAME", "TZ"]
    (tmp_path / ".env").write_text("".join(f"{name}=\n" for name in names))
    assert read_settings(tmp_path, signs=signs).port == 8888


def test_a_world_writable_secret_file_is_refused(tmp_path):
    file = tmp_path / "secret"
    file.write_text("a secret in a file that is long enough\n")
    file.chmod(0o666)
    (reason,) = refusals(SESSION_SECRET_FILE=str(file))
    assert reason.startswith("SESSION_SECRET_FILE may be written by everyone")


def test_settings_are_a_value():
    settings = settings_from({})
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.port = 1


def test_a_connection_string_that_libpq_refuses_is_a_mistake_of_database_url():
    with pytest.raises(SettingsError, match=r"^DATABASE_URL is a connection string whose port"):
        hosts_of("postgresql://127.0.0.1:port/site")


def test_a_byte_order_mark_is_no_part_of_a_secret(tmp_path):
    file = tmp_path / "secret"
    file.write_text("a secret in a file that is long enough\n", encoding="utf-8-sig")
    assert (
        settings_from({"SESSION_SECRET_FILE": str(file)}).secret
        == file.read_text(encoding="utf-8-sig").strip()
    )


@pytest.mark.parametrize(
    ("variables", "refused"),
    [
        ({"DATABASE_URL": "postgresql://db.example.org/nestmap"}, True),
        ({"DATABASE_URL": "postgresql://db.example.org/nestmap?sslmode=require"}, True),
        ({"DATABASE_URL": "postgresql://localhost,db.example.org/nestmap"}, True),
        ({"DATABASE_URL": "postgresql://db.example.org/nestmap?sslmode=verify-full"}, False),
        (
            {"DATABASE_URL": "postgresql://db.example.org/nestmap", "PGSSLMODE": "verify-full"},
            False,
        ),
        ({"DATABASE_URL": "postgresql://db.example.org/nestmap", "DATABASE_TLS": "off"}, False),
        ({"DATABASE_URL": "postgresql://127.0.0.1/nestmap"}, False),
        ({"DATABASE_URL": "postgresql:///nestmap?host=/run/postgresql"}, False),
        ({"DATABASE_URL": "postgresql:///nestmap", "PGHOST": "db.example.org"}, True),
        ({"DATABASE_URL": "service=db.example.org"}, True),
        ({"DATABASE_URL": "service=db.example.org", "PGSSLMODE": "verify-full"}, True),
        ({"DATABASE_URL": "service=db.example.org sslmode=verify-full"}, False),
        ({"DATABASE_URL": "postgresql://localhost/nestmap", "PGSERVICE": "db.example.org"}, True),
    ],
)
def test_production_reaches_a_remote_database_by_verified_tls_only(variables, refused):
    variables = {"NESTMAP_ENV": "production", "SESSION_SECRET": SECRET, **variables}
    if not refused:
        settings_from(variables)
        return
    with pytest.raises(SettingsError) as said:
        settings_from(variables)
    (reason,) = said.value.reasons
    assert "db.example.org" in reason
    assert "verify-full" in reason
    assert "DATABASE_TLS" in reason


@pytest.mark.parametrize(
    ("url", "variables"),
    [
        ("postgresql://localhost/nestmap?hostaddr=10.1.2.3", {}),
        ("postgresql:///nestmap?host=/run/postgresql&hostaddr=10.1.2.3", {}),
        ("postgresql://localhost,localhost/nestmap?hostaddr=127.0.0.1,10.1.2.3", {}),
        ("postgresql://localhost/nestmap", {"PGHOSTADDR": "10.1.2.3"}),
    ],
)
def test_a_database_is_remote_if_its_address_is_whatever_its_name_says(url, variables):
    (reason,) = refusals(
        NESTMAP_ENV="production", SESSION_SECRET=SECRET, DATABASE_URL=url, **variables
    )
    assert "10.1.2.3" in reason


def test_a_variable_of_libpq_counts_where_libpq_reads_it(tmp_path, monkeypatch):
    for name in ("NESTMAP_ENV", "DATABASE_URL", "SESSION_SECRET", "PGSSLMODE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text(
        f"NESTMAP_ENV=production\nSESSION_SECRET={SECRET}\nPGSSLMODE=verify-full\n"
        "DATABASE_URL=postgresql://db.example.org/nestmap\n"
    )
    with pytest.raises(SettingsError, match="verify-full"):
        read_settings(tmp_path)
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    read_settings(tmp_path)
