"""What a process counts while it works. What lies in its tables is in `gauges.py`."""

import time
from collections.abc import Sequence
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.process_collector import ProcessCollector

from bus.envelope import Envelope
from bus.hooks import Hooks
from bus.incoming import Incoming, Work

BATCH_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class Metrics:
    """A registry of its own, so that two systems in one process do not add up."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        count = partial(Counter, labelnames=("service", "type"), registry=self.registry)
        measure = partial(Histogram, labelnames=("service",), registry=self.registry)
        self.handled = count("minuet_messages_handled", "Messages handled, repeated ones included")
        self.failed = count("minuet_messages_failed", "Messages that went to the dead letters")
        self.published = count("minuet_messages_published", "Messages that the transport confirmed")
        self.refused = count("minuet_publish_failures", "Attempts to publish that were not confirmed")
        self.effects = count("minuet_effects_performed", "Calls to the outside world that came back")
        self.effects_failed = count("minuet_effect_failures", "Calls to the outside world that failed")
        self.sizes = measure("minuet_batch_size", "Messages in one transaction", buckets=BATCH_SIZES)
        self.seconds = measure("minuet_batch_seconds", "From the begin of a batch to its commit")
        ProcessCollector(registry=self.registry)

    def hooks(self, service: str) -> Hooks:
        return Counting(self, service)


class Counting(Hooks):
    """The counts of one service."""

    def __init__(self, metrics: Metrics, service: str) -> None:
        self._metrics = metrics
        self._service = service
        self._began = 0.0

    def before_batch(self, works: Sequence[Work]) -> None:
        self._began = time.perf_counter()

    def after_batch(self, works: Sequence[Work]) -> None:
        done = [work for work in works if isinstance(work, Incoming) and work.done]
        if done:  # else it was HTTP's or housekeeping's, or the database is away
            self._metrics.seconds.labels(self._service).observe(time.perf_counter() - self._began)
            self._metrics.sizes.labels(self._service).observe(len(done))
        for work in done:
            counter = self._metrics.failed if work.error else self._metrics.handled
            counter.labels(self._service, type_of(work)).inc()

    def after_publish(self, batch: Sequence[Envelope], verdicts: Sequence[Exception | None]) -> None:
        for envelope, verdict in zip(batch, verdicts, strict=True):
            counter = self._metrics.refused if verdict else self._metrics.published
            counter.labels(self._service, envelope.type).inc()

    def after_effect(self, effect: Envelope, error: Exception | None) -> None:
        counter = self._metrics.effects_failed if error else self._metrics.effects
        counter.labels(self._service, effect.type).inc()


def type_of(work: Incoming) -> str:
    """A stranger may send any number of types: those that we do not know are one."""
    return "unknown" if work.message is None else work.message.wire_name
