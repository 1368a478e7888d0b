"""Settings, all from the environment: `MINUET_...`."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bus.clock import AcceleratedClock, Clock, RealClock

OLDEST_START = timedelta(days=30)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MINUET_")

    transport: Literal["sql"] = "sql"
    database_url: str = "sqlite:///.minuet/{service}.db"
    gateway_url: str | None = None
    clock: str = "real"
    api_token: str | None = None

    @field_validator("database_url")
    @classmethod
    def one_database_each(cls, value: str) -> str:
        if "{service}" not in value:
            raise ValueError("must contain {service}: every service has a database of its own")
        return value

    def database_of(self, service: str) -> str:
        return self.database_url.replace("{service}", service)


def parse_clock(text: str, now: datetime) -> Clock:
    """`real` or `accelerated:FACTOR@START`. Raises ValueError with a value that would do."""
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
    if start > now or start < now - OLDEST_START:
        raise ValueError(f"clock {text!r} starts in the future or more than 30 days ago; valid is e.g. `{example}`")
    return AcceleratedClock(factor, start)
