"""The corpus: JSON, and what looks like JSON, that has broken somebody's parser, database or log.

Each file is what arrives, byte for byte. What would be too large for a file is made here.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "corpus"
DEEP = 100_000


def kept(kind: str) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted((FOLDER / kind).glob("*.json"))}


# Instead of a body.
BODIES: Mapping[str, bytes] = kept("bodies") | {
    "deep-arrays": b"[" * DEEP + b"]" * DEEP,
    "deep-objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep-and-unfinished": b'{"reference": ' + b"[" * DEEP,
    "a-million-digits": b'{"reference": ' + b"9" * 900_000 + b"}",
    "many-keys": b"{" + b",".join(b'"%d":0' % number for number in range(5_000)) + b"}",
    "too-large": b'{"reference": "' + b"a" * 1_000_000 + b'"}',
}

# Instead of one value within a body that is fine otherwise.
VALUES: Mapping[str, bytes] = kept("values")
LARGE: Mapping[str, bytes] = {
    "long-text": b'"' + b"a" * 100_000 + b'"',
    "deep-arrays": b"[" * 50_000 + b"]" * 50_000,
    "many-items": b"[" + b",".join([b"{}"] * 10_000) + b"]",
    "ten-thousand-digits": b"9" * 10_000,
}


def paths(body: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value in a body, and to the values within it."""
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for step, value in inner:
        yield (*way, step)
        yield from paths(value, (*way, step))


def written(body: Any, way: tuple[str | int, ...], value: bytes) -> bytes:
    """`body` as JSON, with these bytes where that way leads."""
    if not way:
        return value
    parts = []
    for step, inner in body.items() if isinstance(body, dict) else enumerate(body):
        text = written(inner, way[1:], value) if step == way[0] else written_out(inner)
        parts.append(written_out(step) + b":" + text if isinstance(body, dict) else text)
    return b"{" + b",".join(parts) + b"}" if isinstance(body, dict) else b"[" + b",".join(parts) + b"]"


def written_out(value: Any) -> bytes:
    return json.dumps(value).encode()
