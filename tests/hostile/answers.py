"""What a stranger may be told, whatever was asked."""

import re

import httpx

LARGEST_ANSWER = 10_000  # of a refusal: nobody is made to say more than he was told
INSIDES = re.compile(r"Traceback|site-packages|\.py\b|sqlalchemy|sqlite|psycopg|SELECT |INSERT |\bself\b|0x[0-9a-f]{8}")


def is_fit(answer: httpx.Response, asked: str = "") -> bool:
    """Done, or refused by a problem document that says why and nothing of our insides, but for words of the request."""
    assert answer.status_code < 500, (answer.status_code, answer.text[:500])
    if answer.status_code < 400:
        return True
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["status"] == answer.status_code
    assert len(document["detail"]) > 5
    assert not set(INSIDES.findall(answer.text)) - set(INSIDES.findall(asked)), answer.text[:500]
    assert len(answer.content) <= LARGEST_ANSWER
    return True
