"""Named hooks: what a running service tells whoever counts or watches. The bus itself needs none of it."""

from collections.abc import Sequence

from bus.envelope import Envelope
from bus.incoming import Work


class Hooks:
    """Does nothing. Override what you want to know. One instance a service: its batches follow one another."""

    def before_batch(self, works: Sequence[Work]) -> None:
        """In the writer's thread, before the transaction."""

    def after_batch(self, works: Sequence[Work]) -> None:
        """In the writer's thread. Those that are `done` have a result or an error; the others wait for the database."""

    def after_publish(self, batch: Sequence[Envelope], verdicts: Sequence[Exception | None]) -> None:
        """One verdict a message, in order: None if the transport has confirmed it."""

    def after_effect(self, effect: Envelope, error: Exception | None) -> None:
        """A call to the outside world came back, or failed and will be tried again."""
