"""The last resort of a process that was told to leave."""

import os
import threading

import structlog

log = structlog.get_logger()


def gone_within(seconds: float) -> None:
    """End the process then, if it has not ended by itself: a server that does not answer must not hold it.

    What counts is committed; what is not finished is taken up again, as after any crash.
    """

    def leave() -> None:
        log.warning("leaving what hangs", after_seconds=seconds)
        os._exit(0)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()
