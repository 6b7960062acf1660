"""The settings: from the environment, .env and the defaults, read once into one frozen value."""

import dataclasses
import importlib.util
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nestmap.cpus import usable_cpus
from nestmap.database import Hosts
from nestmap.database.connection_string import unverified_hosts
from nestmap.env_file import home, read_env_file
from nestmap.proxies import Proxies, parsed_proxies
from nestmap.secret_rules import SECRET_LENGTH, faults_of
from nestmap.sessions.options import COOKIE_NAME
from nestmap.timeouts import TIMEOUTS
from nestmap.variables import Variables

HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
HOST_NAME = re.compile(r"\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\]|[0-9.]+")


class SettingsError(Exception):
    """The settings are invalid.

    ``reasons`` has each variable with its remedy, without its value.
    """

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the operator. Times are in seconds.

    ``secret`` is None if development must make one. ``hsts`` is the value of the header, "" for
    none. ``metrics_port`` is 0 without metrics. An empty ``allowed_hosts`` allows all.
    """

    production: bool
    host: str
    port: int
    processes: int
    database_url: str | None
    database_connections: int
    data_dir: Path
    secret: str | None
    previous_secret: str | None
    cookie_name: str
    ttl: int
    absolute_ttl: int
    touch: int
    prune: int
    remember: int
    max_bytes: int
    trust_proxy: Proxies
    address_header: str
    allowed_hosts: tuple[str, ...]
    hsts: str
    sessions_per_user: int
    new_sessions_per_minute: int
    registrations_per_hour: int
    sign_in_account_failures: int
    sign_in_network_failures: int
    events_keep_days: int
    keepalive: int
    metrics_host: str
    metrics_port: int
    event_loop: str
    log_level: str
    log_format: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """All secrets for cookies; the first one signs."""
        return tuple(secret for secret in (self.secret, self.previous_secret) if secret)


def read_settings(directory: Path | None = None, *, signs: bool = True) -> Settings:
    """Return the settings of this process. Raises SettingsError with all mistakes.

    ``.env`` and a relative DATA_DIR are in ``directory``, by default the folder of run.py. No file
    is made: without SESSION_SECRET, development has no secret yet (see nestmap.secret). With
    ``signs=False``, for programs that sign no cookies, the secrets are not read. The variables of libpq,
    such as PGSSLMODE, are ignored in ``.env``: libpq reads the environment only.
    """
    directory = directory or home()
    try:
        from_file = read_env_file(directory / ".env")
    except ValueError as error:
        raise SettingsError([str(error)]) from None
    ours = {name: value for name, value in from_file.items() if not name.startswith("PG")}
    settings = _Reader({**ours, **os.environ}, signs=signs).settings(written=ours)
    return dataclasses.replace(settings, data_dir=directory / settings.data_dir)


def settings_from(variables: Mapping[str, str], *, signs: bool = True) -> Settings:
    """Return the settings of these variables only. Raises SettingsError."""
    return _Reader(variables, signs=signs).settings()


def hosts_of(url: str) -> Hosts:
    """Return the hosts of DATABASE_URL. Raises SettingsError if libpq does not understand it."""
    try:
        return Hosts(url)
    except ValueError as error:
        raise SettingsError([f"DATABASE_URL is {error}"]) from None


class _Reader(Variables):
    """Reads the variables of this site by name."""

    def __init__(self, variables: Mapping[str, str], *, signs: bool) -> None:
        super().__init__(variables)
        self.signs = signs
        name = "NESTMAP_ENV" if self.text("NESTMAP_ENV", "") else "NODE_ENV"
        environment = self.text(name, "development")
        if environment not in ("development", "production"):
            other = "" if name == "NESTMAP_ENV" else ", or set NESTMAP_ENV"
            self.mistake(f"{name} must be development or production{other}")
        self.production = environment == "production"

    def settings(self, written: Iterable[str] = ()) -> Settings:
        """Return the settings; a name in ``written`` may not be a misspelled one."""
        production = self.production
        port = self.number("PORT", 8888, 0, 65535)
        settings = Settings(
            production=production,
            host=self.text("HOST", "127.0.0.1"),
            port=port,
            processes=self.number("PROCESSES", 1, 0, 256) or usable_cpus(),
            database_url=self.database_url(),
            # Six pools need one each.
            database_connections=self.number("DATABASE_CONNECTIONS", 16, 6, 1000),
            data_dir=Path(self.text("DATA_DIR", ".nestmap")),
            secret=self.session_secret("SESSION_SECRET", required=production),
            previous_secret=self.session_secret("SESSION_SECRET_PREVIOUS", required=False),
            cookie_name=self.cookie_name(),
            ttl=self.number("SESSION_TTL_SECONDS", 43200, 1),
            absolute_ttl=self.number("SESSION_ABSOLUTE_TTL_SECONDS", 604800, 1),
            touch=self.number("SESSION_TOUCH_SECONDS", 60, 0),
            prune=self.number("SESSION_PRUNE_SECONDS", 900, 0),
            remember=self.number("REMEMBER_SECONDS", 2592000, 1),
            max_bytes=self.number("SESSION_MAX_BYTES", 65536, 1, 16 * 1024 * 1024),
            trust_proxy=self.proxies(),
            address_header=self.matching("PROXY_ADDRESS_HEADER", "X-Forwarded-For", HEADER_NAME),
            allowed_hosts=self.allowed_hosts(),
            hsts=self.hsts(),
            sessions_per_user=self.number("SESSIONS_PER_USER", 100, 1),
            new_sessions_per_minute=self.number("NEW_SESSIONS_PER_MINUTE", 600, 1),
            registrations_per_hour=self.number("REGISTRATIONS_PER_HOUR", 60, 1),
            sign_in_account_failures=self.number("SIGN_IN_ACCOUNT_FAILURES", 5, 1, 20),
            sign_in_network_failures=self.number("SIGN_IN_NETWORK_FAILURES", 50, 1),
            events_keep_days=self.number("EVENTS_KEEP_DAYS", 400, 30, 36500),
            keepalive=self.number("KEEPALIVE_SECONDS", round(TIMEOUTS.idle), 1, 86400),
            metrics_host=self.text("METRICS_HOST", "127.0.0.1"),
            metrics_port=self.metrics_port(port),
            event_loop=self.event_loop(),
            log_level=self.choice("LOG_LEVEL", "info", "debug", "info", "warning", "error"),
            log_format=self.choice("LOG_FORMAT", "json" if production else "text", "text", "json"),
        )
        self.check_names(written)
        if self.mistakes:
            raise SettingsError(self.mistakes)
        return settings

    def metrics_port(self, of_site: int) -> int:
        if self.text("METRICS_PORT", "off").lower() == "off":
            return 0
        port = self.number("METRICS_PORT", 0, 1, 65535)
        if port and port == of_site:
            self.mistake("METRICS_PORT is PORT; metrics are not for visitors, choose another port")
        return port

    def event_loop(self) -> str:
        has_uvloop = importlib.util.find_spec("uvloop") is not None
        name = self.choice("EVENT_LOOP", "uvloop" if has_uvloop else "asyncio", "uvloop", "asyncio")
        if name == "uvloop" and not has_uvloop:
            self.mistake("EVENT_LOOP is uvloop, which is not installed; set it to asyncio")
        return name

    def database_url(self) -> str | None:
        url = self.secret("DATABASE_URL")
        if not url and self.production:
            self.mistake("DATABASE_URL is missing; production needs a PostgreSQL of its own")
        if url and not re.match(r"postgres(ql)?://|\w+\s*=", url):
            self.mistake("DATABASE_URL must begin with postgresql://")
        if re.search(r"[\x00-\x1f\x7f]", url):
            self.mistake("DATABASE_URL must be one line without control characters")
        verify = self.choice(
            "DATABASE_TLS", "verify" if self.production else "off", "verify", "off"
        )
        if verify == "verify" and (remote := unverified_hosts(url, self.variables)):
            self.mistake(
                f"DATABASE_URL would reach {', '.join(remote)} without verified TLS; add"
                " ?sslmode=verify-full (and sslrootcert), or set DATABASE_TLS=off"
            )
        return url or None

    def session_secret(self, name: str, *, required: bool) -> str | None:
        if not self.signs:
            return None
        secret = self.secret(name)
        if required and not secret:
            self.mistake(f"{name} is missing; set {SECRET_LENGTH} random characters or more")
        if secret and self.production:
            for fault in faults_of(secret):
                self.mistake(f"{name} {fault}")
        return secret or None

    def proxies(self) -> Proxies:
        try:
            return parsed_proxies(self.text("TRUST_PROXY", "on" if self.production else "off"))
        except ValueError:
            self.mistake("TRUST_PROXY must be on, off or a list of networks such as 10.0.0.0/8")
            return Proxies()

    def allowed_hosts(self) -> tuple[str, ...]:
        hosts = tuple(self.text("ALLOWED_HOSTS", "").lower().replace(",", " ").split())
        if not all(HOST_NAME.fullmatch(host) for host in hosts):
            self.mistake("ALLOWED_HOSTS must be host names without a port, separated by commas")
        return hosts

    def hsts(self) -> str:
        seconds = self.number("HSTS_SECONDS", 31536000, 0)
        subdomains = self.flag("HSTS_SUBDOMAINS", default=False)
        if not self.production or not seconds:
            return ""
        return f"max-age={seconds}" + ("; includeSubDomains" if subdomains else "")

    def cookie_name(self) -> str:
        name = self.text("SESSION_COOKIE_NAME", "nestmap.sid")
        if not COOKIE_NAME.fullmatch(name):
            self.mistake("SESSION_COOKIE_NAME has characters that a cookie's name can't have")
        if name.startswith(("__Host-", "__Secure-")) and not self.production:
            self.mistake(
                "SESSION_COOKIE_NAME begins with __Host- or __Secure-, which browsers keep only"
                " with the Secure attribute; set NESTMAP_ENV=production or choose another name"
            )
        return name
