"""Bugs that cost money."""

from contextlib import AbstractContextManager
from typing import Any

import saga.stepping
from minuet.simulation.planted.bug import bug, replaced
from payment_service.gateway import Gateway
from saga.undo import Entries, UndoStatus, mark


@bug
def refund_forgotten() -> AbstractContextManager[None]:
    """A refund is confirmed, and never made."""

    async def refund(_self: Gateway, *_: object) -> None:
        """Nobody is asked."""

    return replaced(Gateway, "refund", refund)


@bug
def undo_not_recorded_at_sending() -> AbstractContextManager[None]:
    """What a command would need to be undone is not noted when it is sent."""

    def forgetful(entries: Entries, name: str, number: Any, status: UndoStatus) -> Entries:
        return entries if status == UndoStatus.RECORDED else mark(entries, name, number, status)

    return replaced(saga.stepping, "mark", forgetful)


BUGS = (refund_forgotten, undo_not_recorded_at_sending)
