"""What is wrong with data that people or strangers sent, in one sentence: the same over HTTP and of a message."""

from collections.abc import Mapping, Sequence
from typing import Any

MOST = 10  # are told at once: an answer is not much larger than what it answers
LONGEST_WORDS = 200


def flaws(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Of pydantic's errors, where and what each is; what was sent is not said again at any length."""
    return [{"where": place(error["loc"])[:LONGEST_WORDS], "what": words(error)[:LONGEST_WORDS]} for error in errors]


def sentence(errors: Sequence[Any]) -> str:
    told = [said(flaw) for flaw in flaws(errors[:MOST])]
    more = f"; and {len(errors) - MOST} more" if len(errors) > MOST else ""
    return "; ".join(told) + more


def said(flaw: Mapping[str, str]) -> str:
    """A message is all body."""
    inside = flaw["where"].removeprefix("body.")
    where = flaw["where"] if inside.isdigit() else inside
    return f"{where}: {flaw['what']}" if where else flaw["what"]


def place(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location)


def words(error: Any) -> str:
    return f"not JSON: {error['ctx']['error']}" if error["type"] == "json_invalid" else error["msg"]
