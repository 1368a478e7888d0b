"""Settings that cannot work are refused with a value that would."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from bus.clock import AcceleratedClock, RealClock
from minuet.settings import Invalid, Settings, parse_clock, read_settings

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def test_the_clock_is_real_unless_told_otherwise() -> None:
    assert isinstance(parse_clock("real", NOW), RealClock)


def test_an_accelerated_clock_takes_its_factor_and_start() -> None:
    clock = parse_clock("accelerated:86400@2026-03-31T11:59:00Z", NOW)
    assert isinstance(clock, AcceleratedClock)
    assert (clock.factor, clock.start) == (86400, NOW - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("fast", "neither `real` nor like"),
        ("accelerated", "neither `real` nor like"),
        ("accelerated:0@2026-03-31T11:00:00Z", "a factor of 1 to"),
        ("accelerated:nan@2026-03-31T11:00:00Z", "a factor of 1 to"),
        ("accelerated:10@2026-03-31T11:00:00", "a zone"),
        ("accelerated:10@2026-03-31T12:00:01Z", "in the future"),
        ("accelerated:10@2026-02-28T11:00:00Z", "more than 30 days ago"),
        ("accelerated:10000000@2026-03-30T12:00:00Z", "has passed the year 9900"),
    ],
)
def test_a_clock_that_cannot_be_is_refused_with_one_that_can(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refusal:
        parse_clock(text, NOW)
    example = str(refusal.value).rpartition("`accelerated")[2].partition("`")[0]
    assert isinstance(parse_clock(f"accelerated{example}", NOW), AcceleratedClock)


def test_services_cannot_share_a_database() -> None:
    with pytest.raises(ValidationError, match=r"must contain .service."):
        Settings(database_url="sqlite:///everything.db")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"MINUET_DATABASE_URL": "all-in-one"}, "MINUET_DATABASE_URL must contain {service}"),
        ({"MINUET_DATABASE_URL": "mysql://127.0.0.1/{service}"}, "MINUET_DATABASE_URL must be a URL like postgresql"),
        ({"MINUET_DATABASE_URL": "no url {service}"}, "MINUET_DATABASE_URL must be a URL like postgresql"),
        ({"MINUET_TRANSPORT": "rabbitmq"}, "MINUET_TRANSPORT=rabbitmq needs MINUET_AMQP_URL, e.g. amqp://"),
        ({"MINUET_GATEWAY_URL": "127.0.0.1:8090"}, "MINUET_GATEWAY_URL must begin with http://"),
    ],
)
def test_a_variable_that_cannot_work_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Invalid) as refusal:
        read_settings()
    assert str(refusal.value).startswith(words)


@pytest.mark.parametrize("nothing", ["", "  "])
def test_an_empty_password_is_none(monkeypatch: pytest.MonkeyPatch, nothing: str) -> None:
    """Else whoever shows none would be let in, from everywhere."""
    monkeypatch.setenv("MINUET_API_TOKEN", nothing)
    assert read_settings().api_token is None


def test_a_start_that_was_kept_with_its_data_may_be_old() -> None:
    """Else a folder could not be opened any more once it is 30 days old."""
    assert isinstance(parse_clock("accelerated:100@2020-01-01T00:00:00Z", NOW, kept=True), AcceleratedClock)
