"""The log: on stderr, with levels; for eyes on a terminal, otherwise a JSON object a line."""

import logging
import sys
from typing import Any

import structlog
from structlog.typing import Processor

from minuet.redaction import Redaction, secrets_of
from minuet.settings import Settings


def configure(settings: Settings) -> None:
    """Ours from INFO on; what libraries have to say from WARNING on, in the same form."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        Redaction(secrets_of(settings)),
    ]
    structlog.configure(
        processors=[*shared, renderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=finish()))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # a lost connection is told by whoever needed it


def finish() -> list[Any]:
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer()]


def renderer() -> Any:
    if sys.stderr.isatty():
        return structlog.dev.ConsoleRenderer()
    return structlog.processors.JSONRenderer(ensure_ascii=False)
