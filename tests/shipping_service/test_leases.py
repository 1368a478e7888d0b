"""Who asks for work gets a lease: until it is over, the job is in that worker's hands alone."""

from datetime import timedelta

import pytest

from bus.envelope import origin
from bus.errors import Refused
from bus.incoming import Call
from bus.unit import Context
from shipping_service import jobs
from tests.service_bench import ServiceBench
from tests.shipping_service.words import (
    CANCELLED,
    LEASE,
    SHIPPED,
    cancel,
    change_mode,
    claim,
    claimed,
    complete,
    fail,
    job_of,
    lease_runs_out,
    ship,
)


@pytest.fixture(autouse=True)
def pulled(bench: ServiceBench) -> None:
    change_mode(bench, "pull")


def ask(bench: ServiceBench, *references: str) -> None:
    for reference in references:
        bench.tell(ship(reference))
        bench.clock.advance(timedelta(seconds=1))


def test_whoever_waited_longest_is_handed_out_first(bench: ServiceBench) -> None:
    ask(bench, "r-3", "r-1", "r-2")
    assert [shipment.reference for shipment in claim(bench, most=2)] == ["r-3", "r-1"]
    assert [shipment.reference for shipment in claim(bench, most=2)] == ["r-2"]
    assert claim(bench, most=2) == []


def test_a_job_says_what_to_collect_for_whom_and_until_when_it_is_leased(bench: ServiceBench) -> None:
    ask(bench, "r-1")
    [job] = claim(bench)
    assert job.recipient == {"name": "Ada", "address": "1 Main Street"}
    assert (job.pick_id, job.carrier) == ("p-1", "w-1")
    assert job.lease_until == bench.clock.machine() + LEASE


def test_a_job_that_is_leased_is_handed_to_nobody_else_until_its_lease_is_over(bench: ServiceBench) -> None:
    ask(bench, "r-1")
    assert claimed(bench, "w-1") == ["r-1"]
    bench.clock.advance(timedelta(seconds=LEASE - 0.001))
    assert claimed(bench, "w-1") == claimed(bench, "w-2") == []
    bench.clock.advance(timedelta(seconds=0.001))
    assert claimed(bench, "w-2") == ["r-1"]


def test_a_lease_that_is_over_by_a_moment_is_not_held(bench: ServiceBench) -> None:
    ask(bench, "r-1")
    [job] = claim(bench)
    lease_runs_out(bench)
    with pytest.raises(Refused, match="that lease is over"):
        complete(bench, job_of(job))
    assert bench.said == []


def test_the_second_worker_decides_and_the_first_who_comes_late_does_not(bench: ServiceBench) -> None:
    ask(bench, "r-1")
    [job] = claim(bench, "w-1")
    lease_runs_out(bench)
    [again] = claim(bench, "w-2")
    assert job_of(again) == job_of(job)
    with pytest.raises(Refused, match="'w-2' holds it"):
        complete(bench, job_of(job), "w-1", "T-1")
    complete(bench, job_of(job), "w-2", "T-2")
    with pytest.raises(Refused, match="it is shipped"):
        fail(bench, job_of(job), "w-1")
    [(name, body)] = bench.said
    assert (name, body["carrier"], body["tracking_number"]) == (SHIPPED, "w-2", "T-2")


def test_a_job_that_was_given_back_waits_behind_those_that_waited_already(bench: ServiceBench) -> None:
    ask(bench, "r-1")
    claim(bench)
    ask(bench, "r-2")
    lease_runs_out(bench)
    assert claimed(bench) == ["r-2", "r-1"]


def test_a_worker_that_says_it_twice_is_heard_once(bench: ServiceBench) -> None:
    ask(bench, "r-1", "r-2")
    one, other = claim(bench)
    assert complete(bench, job_of(one)) == complete(bench, job_of(one))
    assert fail(bench, job_of(other)) == fail(bench, job_of(other))
    assert len(bench.said) == 2


def test_a_failure_repeated_with_another_reason_is_not_what_was_decided(bench: ServiceBench) -> None:
    ask(bench, "r-1")
    [job] = claim(bench)
    fail(bench, job_of(job), reason="it leaks")
    with pytest.raises(Refused, match="it is failed"):
        fail(bench, job_of(job), reason="it smells")


def test_claims_that_share_a_transaction_share_out_the_jobs(bench: ServiceBench) -> None:
    """So they do with what else the transaction did: r-2 is cancelled in it, and handed to nobody."""
    ask(bench, "r-1", "r-2", "r-3")

    def two_claims(context: Context) -> tuple[list[str], list[str]]:
        context.handle(cancel("r-2"))
        one, other = jobs.claim("w-1", 1, LEASE, context), jobs.claim("w-2", 5, LEASE, context)
        return [shipment.reference for shipment in one], [shipment.reference for shipment in other]

    assert bench.call(two_claims) == (["r-1"], ["r-3"])


def test_a_job_that_arrives_in_push_mode_is_pulled_by_nobody(bench: ServiceBench) -> None:
    change_mode(bench, "push")
    ask(bench, "r-1")
    change_mode(bench, "pull")
    assert claimed(bench) == []
    assert len(bench.effects) == 1


def test_to_push_again_hands_over_what_waited_and_leaves_what_is_leased(bench: ServiceBench) -> None:
    ask(bench, "r-1", "r-2", "r-3")
    [job] = claim(bench, most=1)
    change_mode(bench, "push")
    assert [effect.subject for effect in bench.effects] == ["r-2", "r-3"]
    complete(bench, job_of(job))
    assert [name for name, _ in bench.said] == [SHIPPED]


def test_what_was_pending_carries_the_flow_it_belongs_to_when_it_is_pushed(bench: ServiceBench) -> None:
    ask(bench, "r-1")
    change_mode(bench, "push")
    [effect] = bench.effects
    assert effect.correlation_id == "r-1"


def test_the_wish_to_cancel_is_granted_when_the_lease_is_over_though_nobody_asks_for_work(bench: ServiceBench) -> None:
    ask(bench, "r-1")
    claim(bench)
    assert bench.tell(cancel()) == []
    assert bench.sweep() == []
    lease_runs_out(bench)
    assert bench.sweep() == [(CANCELLED, {"reference": "r-1"})]
    assert bench.sweep() == []
    assert claimed(bench) == []


def test_a_failing_report_in_a_batch_hurts_nobody_else(bench: ServiceBench) -> None:
    ask(bench, "r-1")
    [job] = claim(bench)

    def completed_by(worker: str) -> Call:
        return Call(
            origin(worker, sender="test", at=""), lambda context: jobs.complete(job_of(job), worker, "T-1", context)
        )

    works = [completed_by("w-2"), completed_by("w-1")]
    bench.note(bench.journey.process(works))
    assert [type(work.error) for work in works] == [Refused, type(None)]
    assert [name for name, _ in bench.said] == [SHIPPED]
