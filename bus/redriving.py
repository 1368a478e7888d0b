"""What a person may do with a dead letter: have it tried again now, or give it up."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bus import audit
from bus.audit import Instruction
from bus.dead_letters import message_of
from bus.envelope import Envelope
from bus.errors import Poison, Refused
from bus.inbox import KEPT_SECONDS, Inbox
from bus.message import Local
from bus.tables import OPEN_LETTERS
from bus.unit import Context
from bus.unreadable import Unreadable


def redrive(context: Context, letter_id: str, by: Instruction) -> Envelope:
    """Make it due. Returns its message, to be tried at once; if nobody does, the next sweep will.

    Raises Refused: there is no such letter, it is closed, or it is too old to know whether it was handled.
    """
    letter = open_letter(context, letter_id)
    if letter.first_at < context.unit.machine - KEPT_SECONDS and not said_by_itself(context, letter):
        since = datetime.fromtimestamp(letter.first_at, UTC)
        raise Refused(
            f"this message failed first on {since:%Y-%m-%d}, and what was handled so long ago is not known any more: "
            "it can only be discarded. If it is still wanted, say it again under a new id",
            409,
        )
    change(context, letter, status="retrying", next_attempt_at=context.unit.machine)
    audit.record(context, by, "dead-letter.redrive", letter_id, summary(letter))
    return message_of(letter)


def discard(context: Context, letter_id: str, by: Instruction) -> None:
    """Give it up: from now on it counts as handled, whatever else arrives under its id.

    Raises Refused: there is no such letter, it is closed, or something would wait for ever without it.
    """
    letter = open_letter(context, letter_id)
    if said_by_itself(context, letter):
        raise Refused(
            f"{context.unit.service.name} told itself so, and nobody says it again: what waits for this deadline or "
            "outcome would wait for ever. Have the cause mended and redrive it; if it is stale, it does nothing",
            409,
        )
    Inbox().claim(context.unit, [letter.message_id])
    change(context, letter, status="discarded", next_attempt_at=None)
    audit.record(context, by, "dead-letter.discard", letter_id, summary(letter))


def open_letter(context: Context, letter_id: str) -> Any:
    """Locked: whoever tries it just now is waited for."""
    letters = context.unit.service.tables.dead_letters
    query = sa.select(letters).where(letters.c.letter_id == letter_id).with_for_update()
    letter = context.unit.connection.execute(query).first()
    if letter is None:
        raise Refused(f"there is no dead letter {letter_id}", 404)
    if letter.status not in OPEN_LETTERS:
        raise Refused(f"this dead letter is closed: it was {letter.status}", 409)
    return letter


def said_by_itself(context: Context, letter: Any) -> bool:
    """A timer that went off, or what came of an effect; not what a stranger says under such a name."""
    message = message_of(letter)
    try:
        kind = context.unit.service.message_class(message.type)
    except Poison:
        return False
    return issubclass(kind, Local) and not isinstance(message, Unreadable)


def change(context: Context, letter: Any, **values: Any) -> None:
    letters = context.unit.service.tables.dead_letters
    mine = letters.c.message_id == letter.message_id
    context.unit.connection.execute(sa.update(letters).where(mine).values(values))


def summary(letter: Any) -> str:
    return f"{message_of(letter).type} {letter.message_id}, {letter.status}: {letter.cause}"
