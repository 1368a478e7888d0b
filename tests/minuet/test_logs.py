"""The log is structured, has levels, and shows no secret."""

import json
import subprocess
import sys
from typing import Any

SETTINGS = {
    "MINUET_API_TOKEN": "t0ken-of-ours",
    "MINUET_DATABASE_URL": "postgresql+psycopg://minuet:p%40ssword@127.0.0.1/minuet_{service}",
    "MINUET_TRANSPORT": "rabbitmq",
    "MINUET_AMQP_URL": "amqp://minuet:rabbit-pass@127.0.0.1:5672/",
    "MINUET_GATEWAY_URL": "https://shop:till-pass@gateway.example",
}
PROGRAM = """
import logging, structlog
from minuet.logs import configure
from minuet.settings import Settings
settings = Settings()
configure(settings)
log = structlog.get_logger()
log.info("connecting", to=settings.amqp_url, why=ValueError(settings.database_url), attempt=2, more=None)
log.warning("called", headers={"authorization": "Bearer of.somebody-else"}, token=settings.api_token)
try:
    raise RuntimeError("p@ssword of " + settings.gateway_url)
except RuntimeError:
    log.exception("broken")
logging.getLogger("library").warning("cannot reach %s", settings.amqp_url)
logging.getLogger("library").info("chatter")
print(repr(settings))
"""


def lines() -> tuple[list[dict[str, Any]], str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=SETTINGS, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()], done.stdout + done.stderr


def test_each_line_is_an_object_with_its_level_whoever_wrote_it() -> None:
    found, _ = lines()
    assert [(line["level"], line["event"].split()[0]) for line in found] == [
        ("info", "connecting"),
        ("warning", "called"),
        ("error", "broken"),
        ("warning", "cannot"),
    ]
    assert found[0]["attempt"] == 2
    assert found[0]["more"] is None
    assert found[2]["exception"].startswith("Traceback")


def test_no_password_and_no_token_is_shown() -> None:
    _, everything = lines()
    for secret in ("t0ken", "p%40ssword", "p@ssword", "rabbit-pass", "till-pass", "somebody-else"):
        assert secret not in everything
    assert "amqp://minuet:***@127.0.0.1:5672/" in everything
