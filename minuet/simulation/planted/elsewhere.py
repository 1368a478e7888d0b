"""Bugs about locks, which one thread cannot show: planted and caught by the two-connection suite, on PostgreSQL."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Elsewhere:
    name: str
    what: str
    caught_by: str  # a test of tests/isolation, which plants it


LOCKS = (
    Elsewhere(
        "stock-checked-before-the-update",
        "Whether there are goods is asked before they are taken, neither under a lock nor in the update itself.",
        "test_last_item.py::test_a_check_before_the_update_instead_of_in_it_is_noticed",
    ),
    Elsewhere(
        "rows-read-without-a-lock",
        "What two replicas change at once is read without FOR UPDATE, and no version tells them.",
        "test_one_instance.py::test_without_either_an_update_is_lost_and_this_suite_notices",
    ),
    Elsewhere(
        "conflict-not-tried-again",
        "Who meets another transaction gives his message up.",
        "test_one_instance.py::test_without_retries_of_a_batch_it_would_be_set_aside_and_this_suite_notices",
    ),
    Elsewhere(
        "message-claimed-by-everybody",
        "Two replicas that have one message, timer or dead letter both handle it.",
        "test_claimed_once.py::test_without_the_claim_both_would_handle_it_and_this_suite_notices",
    ),
    Elsewhere(
        "swept-without-a-lock",
        "Two relays, or two who resume effects, take the same rows.",
        "test_claimed_once.py::test_without_the_row_lock_both_would_sweep_it_up_and_this_suite_notices",
    ),
    Elsewhere(
        "swept-without-skipping",
        "FOR UPDATE without SKIP LOCKED: one relay waits for the other.",
        "test_claimed_once.py::test_without_skip_locked_one_sweeper_would_wait_for_the_other_and_this_suite_notices",
    ),
    Elsewhere(
        "job-leased-without-a-lock",
        "Two carriers' workers are handed the same job.",
        "test_jobs.py::test_claims_without_locks_are_noticed",
    ),
)
