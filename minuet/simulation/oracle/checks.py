"""What is asked of each row that was written, and needs no memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from minuet.simulation.oracle.agreeing import s1_total, s2_ordered, s3_pick_of_its_own, s3_same_parcel
from minuet.simulation.oracle.announced import s6_announced
from minuet.simulation.oracle.books import Books
from minuet.simulation.oracle.flow import (
    s4_said_once,
    s6_case,
    s6_case_of_payment,
    s6_not_stuck,
    s7_path,
    s8_not_armed_in_vain,
)
from minuet.simulation.oracle.goods import s2_reservation, s2_stock, s3_shipped
from minuet.simulation.oracle.heeded import q4_called_off, s5_called_off
from minuet.simulation.oracle.money import (
    q1_not_charged,
    q1_not_charged_as_it_says,
    q1_nothing_left_to_charge,
    s1_credit,
    s1_credit_of_payer,
    s1_invoice,
    s1_money,
    s4_one_charge,
    s4_payment_id,
    s5_no_ghost_charge,
)
from minuet.simulation.oracle.noted import s7_noted_down, s7_reminders, s7_resumed
from minuet.simulation.oracle.undoing import (
    q4_nothing_left_to_undo,
    q4_undo_known,
    q4_undone_again,
    q4_undone_when_cancelled,
    s4_undone_once,
    s6_undone_and_waiting,
)

Check = Callable[[Books, str], Iterator[str]]
FlowCheck = Callable[[Books, str, str], Iterator[str]]

AFTER_COMMIT: Mapping[str, Sequence[Check]] = {  # by the table that was written; asked of the key that was written
    "ledger_entries": (s1_money, s1_invoice, s1_credit_of_payer),
    "invoice_payments": (s1_invoice,),
    "credits": (s1_credit,),
    "charges": (s4_one_charge, s5_no_ghost_charge, q1_not_charged),
    "refunds": (s4_one_charge,),
    "stock": (s2_stock,),
    "receipts": (s2_stock,),
    "reservations": (s2_reservation, s2_ordered, s3_pick_of_its_own),
    "shipments": (s3_shipped, s3_same_parcel),
    "clearing_cases": (s6_case,),
}
OF_FLOWS: Mapping[str, Sequence[FlowCheck]] = {  # asked of the instance that was written
    "saga_instances": (
        s6_not_stuck,
        s6_case_of_payment,
        s4_payment_id,
        q1_not_charged_as_it_says,
        q1_nothing_left_to_charge,
        s6_undone_and_waiting,
        s8_not_armed_in_vain,
        s4_undone_once,
        q4_undo_known,
        q4_undone_when_cancelled,
        q4_undone_again,
        q4_nothing_left_to_undo,
        s1_total,
        s7_noted_down,
        s7_reminders,
    ),
    "saga_history": (s7_path, s7_resumed, s4_said_once, s6_announced, q4_called_off, s5_called_off),
}
