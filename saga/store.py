"""Instances and their history in one unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa

from bus.errors import NotYet
from bus.records import Records
from saga.flow import Flow
from saga.instance import HistoryRow, Instance
from saga.tables import SagaTables
from saga.undo import UndoEntry, UndoStatus


@dataclass(frozen=True)
class InstanceRecord:
    """An instance as its row."""

    instance_id: str
    flow: str
    subject: str
    revision: int
    state: str
    generation: int
    steps: int
    data: Any
    undos: Any
    heard: Any
    created_at: datetime
    updated_at: datetime


class Instances(Records[InstanceRecord]):
    """A service subclasses this with its tables: `class Sagas(Instances): tables = SagaTables(metadata)`."""

    tables: ClassVar[SagaTables]
    record = InstanceRecord

    def __init_subclass__(cls) -> None:
        cls.table = cls.tables.instances

    def __init__(self, unit: Any) -> None:
        super().__init__(unit)
        self._history: list[dict[str, object]] = []

    def find(self, flow: Flow, instance_id: str, subject: str) -> Instance | None:
        found = (instance for instance in self.about(flow, subject) if instance.instance_id == instance_id)
        return next(found, None)

    def about(self, flow: Flow, subject: str) -> Sequence[Instance]:
        """All instances of one flow that are about one subject. Raises NotYet if a revision is not known."""
        return [instance_of(flow, record) for record in self.of(subject) if record.flow == flow.name]

    def of_earlier_revisions(self, flow: Flow, limit: int, after: str | None) -> Sequence[tuple[str, str]]:
        """Ids and subjects of those under way, the next so many in the sequence of their ids. Not locked yet."""
        row = self.table.c
        earlier = [table for table in flow.revisions.values() if table is not flow]
        under_way = [(row.revision == table.revision) & row.state.not_in(table.ends) for table in earlier]
        query = sa.select(row.instance_id, row.subject).where(row.flow == flow.name, sa.or_(sa.false(), *under_way))
        if after is not None:
            query = query.where(row.instance_id > after)
        found = self.connection.execute(query.order_by(row.instance_id).limit(limit))
        return [(instance_id, subject) for instance_id, subject in found]

    def _subject_column(self) -> sa.Column[Any]:
        column: sa.Column[Any] = self.table.c.subject
        return column

    def save(self, instance: Instance, history: tuple[HistoryRow, ...]) -> None:
        self.put(record_of(instance))
        first = instance.steps - len(history) + 1
        key = {"instance_id": instance.instance_id, "flow": instance.flow}
        self._history += [{**key, "step": first + n, **vars(row)} for n, row in enumerate(history)]

    def flush(self) -> None:
        super().flush()
        self.unit.writes.insert(self.tables.history, self._history)
        self._history = []


def instance_of(flow: Flow, record: InstanceRecord) -> Instance:
    table = flow.of(record.revision, record.state)
    if table is None:  # e.g. while replicas are replaced by newer ones, which will find the message where it is kept
        raise NotYet(f"{flow.name} {record.instance_id} is of revision {record.revision}, unknown to this version")
    values = {
        "revision": table.revision,
        "data": table.data.model_validate(record.data),
        "undos": tuple(UndoEntry(e["undo"], e["number"], UndoStatus(e["status"])) for e in record.undos),
        "heard": tuple(record.heard),
    }
    return Instance(**vars(record) | values)


def record_of(instance: Instance) -> InstanceRecord:
    values = {
        "data": instance.data.model_dump(mode="json"),
        "undos": [dict(vars(entry)) for entry in instance.undos],
        "heard": list(instance.heard),
    }
    return InstanceRecord(**vars(instance) | values)
