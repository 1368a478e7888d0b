"""Without a token nobody but this machine may call; with one, only /healthz is told without it; logs hide secrets."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from minuet import services
from minuet.listening import NotLoopback
from minuet.redaction import Redaction, secrets_of
from minuet.settings import Settings
from minuet.system import system
from minuet.up import up
from tests.hostile.answers import is_fit

TOKEN = "correct horse battery staple"
SOME_ID = "00000000-0000-0000-0000-000000000007"


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """Everything, under a token."""
    folder = tmp_path_factory.mktemp("guarded")
    settings = Settings(database_url=f"sqlite:///{folder}/{{service}}.db", api_token=TOKEN)
    async with system(settings, services.ALL, hosts=("0.0.0.0",)) as built:
        await built.starting.run()
        transport = httpx.ASGITransport(built.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7") as client:
            yield client


async def operations(client: httpx.AsyncClient) -> list[tuple[str, str]]:
    """Every one that there is, by the documents that the services give of themselves."""
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    found = [("GET", "/openapi.json"), ("GET", "/gateway/openapi.json"), ("GET", "/metrics"), ("GET", "/readyz")]
    for document in ("/openapi.json", "/gateway/openapi.json"):
        for path, methods in (await client.get(document, headers=bearer)).json()["paths"].items():
            found += [(method.upper(), path) for method in methods]
    return found


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
    ],
)
async def test_every_endpoint_wants_the_token(guarded: httpx.AsyncClient, authorization: str | None) -> None:
    """The gateway's, the metrics and the documents too; only /healthz is free."""
    found = await operations(guarded)
    assert len(found) > 40
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in found:
        url = path.split("{")[0] + SOME_ID if "{" in path else path
        answer = await guarded.request(method, url, headers=headers)
        if path == "/healthz":
            assert answer.status_code == 200
        else:
            assert (answer.status_code, is_fit(answer)) == (401, True), (method, path)
            assert TOKEN not in answer.text


@pytest.mark.parametrize("path", ["/healthz/", "//healthz", "/healthz/../orders", "/orders?x=/healthz", "/HEALTHZ"])
async def test_nothing_that_looks_like_health_is_free(guarded: httpx.AsyncClient, path: str) -> None:
    assert (await guarded.get(path)).status_code in (401, 404)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
async def test_without_a_token_no_other_machine_is_served(host: str, tmp_path: Path) -> None:
    """Nothing is opened before that is clear."""
    settings = Settings(database_url=f"sqlite:///{tmp_path}/{{service}}.db", api_token=None)
    with pytest.raises(NotLoopback, match="set MINUET_API_TOKEN"):
        await up(settings, services.ALL, host, 0)
    assert os.listdir(tmp_path) == []


HARD_TO_HIDE = [
    "p@ss/w:rd?#[]",
    "пароль-с-юникодом",
    "with space",
    "quote'\"quote",
    "back\\slash",
    "percent%41%zz",
    "regex.*+$^()",
    "line\nbreak",
    "***",
]


@pytest.mark.parametrize("secret", HARD_TO_HIDE)
def test_a_secret_is_hidden_however_it_is_written(secret: str) -> None:
    """In a text, in an exception, in a structure that becomes a text."""
    hidden = Redaction({secret})
    event = {
        "event": f"token {secret}!",
        "error": ValueError(secret),
        "nested": {"deep": [{"password": secret}]},
        "twice": secret + secret,
    }
    told = hidden(None, "", dict(event))
    assert secret == "***" or all(
        secret not in str(value) and repr(secret)[1:-1] not in value for value in told.values()
    )


def test_secrets_in_urls_are_known_as_written_and_as_meant() -> None:
    settings = Settings(
        amqp_url="amqp://payment:p%40ss%2Fword@127.0.0.1/",
        rabbitmq_management_url="http://admin:m%40nage@127.0.0.1:15672",
        database_url="postgresql+psycopg://u:d%23base@127.0.0.1/minuet_{service}",
        gateway_url="https://shop:t%20ill@gateway.example",
        api_token=TOKEN,
    )
    wanted = {"p%40ss%2Fword", "p@ss/word", "m@nage", "d#base", "t ill", TOKEN}
    assert wanted <= secrets_of(settings)
    assert not any(secret in repr(settings) for secret in wanted)
