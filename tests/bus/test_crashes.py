"""A process dies at each point of a message's journey, and another goes on from what is stored."""

import pytest

from bus.message import Message
from tests.bus.counter import Count, PassOn, Sound, Take, tables
from tests.bus.faults import Death, Point
from tests.bus.house import House, eventually


async def die(house: House, message: Message, point: Point) -> None:
    """A process gets the message, and dies."""
    death = Death(point)
    dying = await house.open(database=death.database, transport=death.transport)
    await house.tell(message, "1")
    await eventually(death.is_dead)
    await house.end(dying)


@pytest.mark.parametrize("point", list(Point))
async def test_a_message_has_one_effect_and_is_answered_wherever_the_process_dies(house: House, point: Point) -> None:
    """Handled once; what it led to reaches the subscriber, under one id."""
    await die(house, Count(name="a"), point)
    house.later()  # leases of the dead are over
    await house.open()
    await eventually(lambda: house.is_at_rest() and len(house.heard()) > 0)
    assert house.totals() == {"a": 1}
    assert [body["total"] for body in house.heard().values()] == [1]


@pytest.mark.parametrize("point", list(Point))
async def test_an_outcome_counts_once_wherever_the_process_dies(house: House, point: Point) -> None:
    """The bell may have been rung twice, under the same key; that it rang is said once."""
    await die(house, Sound(name="a"), point)
    house.later()
    await house.open()
    await eventually(lambda: house.is_at_rest() and len(house.heard()) > 0)
    assert set(house.world.rung) == {"a"}
    assert len(house.heard()) == 1


@pytest.mark.parametrize("point", list(Point))
async def test_a_command_reaches_its_service_wherever_the_process_dies(house: House, point: Point) -> None:
    await house.obey(Take.wire_name)
    await die(house, PassOn(name="a"), point)
    house.later()
    await house.open()
    await eventually(lambda: house.is_at_rest() and len(house.queued("elsewhere")) > 0)
    assert len(set(house.queued("elsewhere"))) == 1


async def test_it_dies_where_it_is_told_to(house: House) -> None:
    """Else the tests above would prove nothing: what is stored differs from point to point."""
    found: dict[Point, tuple[bool, bool, bool, bool]] = {}
    for number, point in enumerate(Point):
        death = Death(point)
        dying = await house.open(database=death.database, transport=death.transport)
        message_id = f"at {number}"
        heard = len(house.heard())
        await house.tell(Count(name=message_id), message_id)
        await eventually(death.is_dead)
        await house.end(dying)
        found[point] = (
            message_id in house.totals(),
            bool(house.rows(tables.outbox)),
            len(house.heard()) > heard,
            bool(house.queued()),
        )
        house.later()
        tidying = await house.open()
        await eventually(house.is_at_rest)
        await house.end(tidying)
    assert found[Point.BEFORE_COMMIT] == (False, False, False, True)
    assert found[Point.BEFORE_PUBLISH][:3] == (True, True, False)
    assert found[Point.BEFORE_CONFIRM][:3] == found[Point.BEFORE_MARK][:3] == (True, True, True)
    assert found[Point.BEFORE_ACK][0]
    assert found[Point.BEFORE_ACK][3]
