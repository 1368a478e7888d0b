"""Settings, all from the environment: `MINUET_...`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Self

import sqlalchemy as sa
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bus.clock import AcceleratedClock, Clock, RealClock

OLDEST_START = timedelta(days=30)
LATEST = datetime(9900, 1, 1, tzinfo=UTC)  # deadlines are set for years later, and calendars end with the year 9999
BACKENDS = {"sqlite", "postgresql"}


class Invalid(Exception):
    """The environment says what cannot be; the words say what could."""


class Settings(BaseSettings):
    """What may hold a password is never shown."""

    model_config = SettingsConfigDict(env_prefix="MINUET_")

    transport: Literal["sql", "rabbitmq"] = "sql"
    amqp_url: str | None = Field(None, repr=False)
    rabbitmq_management_url: str | None = Field(None, repr=False)
    database_url: str = Field("sqlite:///.minuet/{service}.db", repr=False)
    gateway_url: str | None = Field(None, repr=False)
    clock: str = "real"
    api_token: str | None = Field(None, repr=False)

    @field_validator("database_url")
    @classmethod
    def one_database_each(cls, value: str) -> str:
        if "{service}" not in value:
            raise ValueError("must contain {service}: every service has a database of its own")
        if backend_of(value) not in BACKENDS:
            raise ValueError(
                "must be a URL like postgresql+psycopg://user@127.0.0.1/minuet_{service}, or sqlite:///..."
            )
        return value

    @field_validator("amqp_url")
    @classmethod
    def spoken_over_amqp(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("amqp://", "amqps://")):
            raise ValueError("must begin with amqp:// or amqps://, e.g. amqp://user:pass@127.0.0.1:5672/")
        return value

    @field_validator("rabbitmq_management_url")
    @classmethod
    def managed_over_http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://, e.g. http://admin:pass@127.0.0.1:15672")
        return value

    @field_validator("api_token")
    @classmethod
    def no_empty_password(cls, value: str | None) -> str | None:
        """A variable that is there and says nothing, e.g. as another one is not set, asks for no password."""
        return value if value is not None and value.strip() else None

    @field_validator("gateway_url")
    @classmethod
    def spoken_over_http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://, e.g. http://127.0.0.1:8090")
        return value

    @model_validator(mode="after")
    def broker_is_known(self) -> Self:
        if self.transport == "rabbitmq" and self.amqp_url is None:
            raise ValueError("MINUET_TRANSPORT=rabbitmq needs MINUET_AMQP_URL, e.g. amqp://user:pass@127.0.0.1:5672/")
        return self

    def database_of(self, service: str) -> str:
        return self.database_url.replace("{service}", service)

    def folder(self) -> Path | None:
        """Where the databases are files: the folder above the first part that is named after a service."""
        url = sa.make_url(self.database_url)
        if url.get_backend_name() != "sqlite" or not url.database or ":memory:" in url.database:
            return None
        return Path(url.database.split("{service}")[0] + "_").parent


def backend_of(url: str) -> str | None:
    try:
        return sa.make_url(url).get_backend_name()
    except (sa.exc.ArgumentError, ValueError):
        return None


def read_settings() -> Settings:
    """Raises Invalid, with a sentence for each variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise Invalid("; ".join(sentence(e["loc"], e["msg"]) for e in error.errors(include_input=False))) from None


def sentence(where: tuple[int | str, ...], what: str) -> str:
    words = what.removeprefix("Value error, ")
    return f"MINUET_{str(where[0]).upper()} {words}" if where else words


def parse_clock(text: str, now: datetime, *, kept: bool = False) -> Clock:
    """`real` or `accelerated:FACTOR@START`. Raises ValueError with a value that would do.

    A START that is new may not be old; one that was kept with its data may, as they can be had in its time alone.
    """
    if text == "real":
        return RealClock()
    example = f"accelerated:86400@{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    try:
        kind, _, rest = text.partition(":")
        factor_text, _, start_text = rest.partition("@")
        factor, start = float(factor_text), datetime.fromisoformat(start_text)
    except ValueError:
        raise ValueError(f"clock {text!r} is neither `real` nor like `{example}`") from None
    if kind != "accelerated" or not 1 <= factor <= 10_000_000 or start.tzinfo is None:
        raise ValueError(f"clock {text!r} is neither `real` nor like `{example}` (a factor of 1 to 10000000, a zone)")
    if not kept and (start > now or start < now - OLDEST_START):
        raise ValueError(f"clock {text!r} starts in the future or more than 30 days ago; valid is e.g. `{example}`")
    if (now - start).total_seconds() * factor > (LATEST - start).total_seconds():
        raise ValueError(f"clock {text!r} has passed the year {LATEST.year}; valid is e.g. `{example}`")
    return AcceleratedClock(factor, start)
