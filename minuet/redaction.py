"""What must not be read by whoever reads the log: the token and the passwords of the settings."""

import json
import re
from collections.abc import Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

from minuet.settings import Settings

HIDDEN = "***"
PASSWORD_IN_URL = re.compile(r"(?<=://)([^\s:/@]*):[^\s/@]+@")
BEARER = re.compile(r"(?i)\b(bearer)\s+[^\s'\",]+")
SHORTEST = 4  # of a secret that is hidden wherever it stands; a shorter one would blot out half the text


class Redaction:
    """A processor for structlog. Secrets are hidden in every text, other values become texts first."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {form for secret in secrets if len(secret) >= SHORTEST for form in forms(secret)}
        self._secrets = sorted(known, key=len, reverse=True)

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for name, value in event.items():
            if not isinstance(value, int | float | bool | None):
                event[name] = self.redact(str(value))
        return event

    def redact(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return BEARER.sub(rf"\1 {HIDDEN}", PASSWORD_IN_URL.sub(rf"\1:{HIDDEN}@", text))


def forms(secret: str) -> set[str]:
    """As it stands in a text, and within a structure that became one."""
    return {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}


def secrets_of(settings: Settings) -> set[str]:
    """As they are written in the settings, and as they are meant."""
    urls = (settings.database_url, settings.amqp_url, settings.rabbitmq_management_url, settings.gateway_url)
    written = {urlsplit(url).password for url in urls if url} | {settings.api_token}
    return {form for secret in written if secret for form in (secret, unquote(secret))}
