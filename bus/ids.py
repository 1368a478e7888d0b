"""Ids are derived from their cause, so that work that is done again makes the same ids again.

A message id is a function of the message that caused it and its place among what that message caused. A redelivery
therefore repeats the id and the receiver's inbox absorbs it, while a deliberate retry has a cause of its own (an
operator's action, a timer that went off) and so a new id, which the receiver answers.
"""

from collections.abc import Callable
from uuid import UUID, uuid5

MINUET = UUID("6d696e75-6574-4000-8000-000000000000")

IdSource = Callable[[], UUID]


def derived(*parts: object) -> UUID:
    """A UUID that depends on `parts` alone (RFC 9562, version 5)."""
    return uuid5(MINUET, "\x1f".join(str(part) for part in parts))
