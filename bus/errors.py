"""Accidents, typed by what should happen next. The outcomes of business are messages, not exceptions."""


class Poison(Exception):
    """This message can never be handled: park it at once, with the cause."""


class NotYet(Exception):
    """This message came before what it needs: keep it, and try again later."""


class Refused(Exception):
    """A caller asked for what cannot be. Nothing was stored and nothing was sent.

    `status` is the HTTP status. As a message, the same request is parked with the same sentence.
    """

    def __init__(self, detail: str, status: int = 422) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


class Unavailable(Exception):
    """The database or the broker cannot be reached. Nothing is counted against anyone; wait, and go on."""


class Unfit(Exception):
    """This version of a service must not run on this database; the message says why, and what to do."""


class Conflict(Exception):
    """Somebody else changed a row after it was read: nothing of the transaction counts, and it is done again.

    A caller hears of it if it lasts: nothing was stored, and he may ask again.
    """


class Unroutable(Exception):
    """A command for which no queue is bound. Its outbox row stays until somebody obeys such commands."""

    @classmethod
    def of(cls, wire_name: str) -> "Unroutable":
        return cls(f"no queue is bound to {wire_name}: is the service that obeys it running?")
