"""The payment flow: one table. Read it line by line: while, when, becomes; then the rule, and what is sent.

Where two rows fit, the upper one counts. One payment is the money of one attempt for one reference; what becomes of it
is decided once: received, failed or cancelled. While a call to the gateway is under way, or its answer unknown, a wish
to cancel or to refund is noted and answered when the truth is known. A card gets a key of its own at the gateway only
after the one before is known not to be charged.
"""

# ruff: noqa: E501 - the columns of the table are its meaning
from payment_service.messages import (
    CancelPayment,
    CardCharged,
    CardDeclined,
    CardNotCharged,
    CardNotRefunded,
    CardPerhapsCharged,
    CardRefunded,
    ClaimCase,
    GiveUpCase,
    RefundPayment,
    RetrievePayment,
    TakeNewCard,
)
from payment_service.payment import Payment
from payment_service.rules import (
    after_a_day_of_tries,
    called_off,
    card_given_back,
    claimed,
    credit_covers_it,
    escalated,
    given_up,
    growing_pause,
    money_came,
    money_came_unwanted,
    new_card,
    new_payment,
    no_card_was_charged,
    not_cleared_in_time,
    of_another_agent,
    of_another_call,
    of_another_case,
    open_case,
    perhaps,
    refund_not_sure,
    surely_not,
    to_be_given_back,
    tombstone,
)
from payment_service.sends import (
    ask_gateway,
    charge_card,
    nothing_refunded,
    payment_cancelled,
    payment_failed,
    payment_in_clearing,
    payment_received,
    payment_refunded,
    refund_card,
)
from saga.flow import Flow
from saga.row import Row, after, after_start, any_state, anything_else, contradiction, ignored, refused, stays
from saga.state import Kind, State

start = State("start", kind=Kind.START)
charging = State("charging")  # a call to the gateway is under way
charging_cancel = State("charging", "cancel_wished")
charging_refund = State("charging", "refund_wished")
charging_both = State("charging", "both_wished")
waiting_for_gateway = State("waiting_for_gateway")  # surely not charged; tried again later
unsure = State("unsure")  # perhaps charged; asked later
unsure_cancel = State("unsure", "cancel_wished")
unsure_refund = State("unsure", "refund_wished")
unsure_both = State("unsure", "both_wished")
in_clearing = State("in_clearing")
received = State("received", kind=Kind.END)
failed = State("failed", kind=Kind.END)
cancelled = State("cancelled", kind=Kind.END)
refunding = State("refunding")  # a call to the gateway is under way
waiting_to_refund = State("waiting_to_refund")
refunded = State("refunded", kind=Kind.END)

asking = (charging, charging_cancel, charging_refund, charging_both, unsure, unsure_cancel, unsure_refund, unsure_both)
giving_back = (refunding, waiting_to_refund)
not_in = (CardDeclined, CardNotCharged)
case_action = (ClaimCase, TakeNewCard, GiveUpCase)

outcome = after("outcome of the call", days=1)  # a call has ended within seconds; this is for outcomes that were lost
next_try = after("next try", growing_pause)

case_is_closed = refused("this case is closed; see GET /clearing-cases for those that are open")
another_agents = refused("another agent has claimed this case; see GET /clearing-cases")

# fmt: off
payment_flow = Flow("payment", revision=1, data=Payment, begins={RetrievePayment: new_payment, CancelPayment: tombstone, RefundPayment: tombstone}, rows=[
    #   while                                        when                                             becomes
    Row(start,                                       RetrievePayment,                                 received,             given=credit_covers_it, sends=[payment_received]),
    Row(start,                                       RetrievePayment,                                 charging,             sends=[charge_card]),
    Row(start,                                       CancelPayment,                                   cancelled,            sends=[payment_cancelled]),
    Row(start,                                       RefundPayment,                                   cancelled,            sends=[nothing_refunded]),
    Row(start,                                       case_action,                                     case_is_closed),

    #   it may have charged the card after the gateway was asked: whatever is known of the call under way is not for sure
    Row(charging,                                    CardPerhapsCharged,                              unsure,               given=of_another_call, does=perhaps),
    Row(charging_cancel,                             CardPerhapsCharged,                              unsure_cancel,        given=of_another_call, does=perhaps),
    Row(charging_refund,                             CardPerhapsCharged,                              unsure_refund,        given=of_another_call, does=perhaps),
    Row(charging_both,                               CardPerhapsCharged,                              unsure_both,          given=of_another_call, does=perhaps),
    Row(after_start,                                 (CardDeclined, CardNotCharged, CardPerhapsCharged), ignored,           given=of_another_call),

    Row(asking,                                      RetrievePayment,                                 ignored),
    Row(charging,                                    CancelPayment,                                   charging_cancel),
    Row(charging_refund,                             CancelPayment,                                   charging_both),
    Row(unsure,                                      CancelPayment,                                   unsure_cancel),
    Row(unsure_refund,                               CancelPayment,                                   unsure_both),
    Row((charging_cancel, charging_both),            CancelPayment,                                   ignored),
    Row((unsure_cancel, unsure_both),                CancelPayment,                                   ignored),
    Row(charging,                                    RefundPayment,                                   charging_refund),
    Row(charging_cancel,                             RefundPayment,                                   charging_both),
    Row(unsure,                                      RefundPayment,                                   unsure_refund),
    Row(unsure_cancel,                               RefundPayment,                                   unsure_both),
    Row((charging_refund, charging_both),            RefundPayment,                                   ignored),
    Row((unsure_refund, unsure_both),                RefundPayment,                                   ignored),

    Row((charging, charging_cancel),                 CardCharged,                                     received,             does=money_came, sends=[payment_received]),
    Row((charging_refund, charging_both),            CardCharged,                                     refunding,            does=money_came_unwanted, sends=[refund_card]),
    Row((unsure, unsure_cancel),                     CardCharged,                                     received,             does=money_came, sends=[payment_received]),
    Row((unsure_refund, unsure_both),                CardCharged,                                     refunding,            does=money_came_unwanted, sends=[refund_card]),
    Row(charging,                                    CardDeclined,                                    in_clearing,          does=open_case, sends=[payment_in_clearing]),
    Row(charging,                                    CardNotCharged,                                  in_clearing,          given=after_a_day_of_tries, does=open_case, sends=[payment_in_clearing]),
    Row(charging,                                    CardNotCharged,                                  waiting_for_gateway,  does=surely_not),
    Row(charging_cancel,                             not_in,                                          cancelled,            does=called_off, sends=[payment_cancelled]),
    Row(charging_refund,                             not_in,                                          cancelled,            does=called_off, sends=[nothing_refunded]),
    Row(charging_both,                               not_in,                                          cancelled,            does=called_off, sends=[payment_cancelled, nothing_refunded]),

    Row(charging,                                    (CardPerhapsCharged, outcome),                   unsure,               does=perhaps),
    Row(charging_cancel,                             (CardPerhapsCharged, outcome),                   unsure_cancel,        does=perhaps),
    Row(charging_refund,                             (CardPerhapsCharged, outcome),                   unsure_refund,        does=perhaps),
    Row(charging_both,                               (CardPerhapsCharged, outcome),                   unsure_both,          does=perhaps),
    Row(unsure,                                      next_try,                                        charging,             given=after_a_day_of_tries, sends=[ask_gateway]),
    Row(unsure,                                      next_try,                                        charging,             sends=[charge_card]),
    Row(unsure_cancel,                               next_try,                                        charging_cancel,      sends=[ask_gateway]),
    Row(unsure_refund,                               next_try,                                        charging_refund,      sends=[ask_gateway]),
    Row(unsure_both,                                 next_try,                                        charging_both,        sends=[ask_gateway]),

    Row(waiting_for_gateway,                         RetrievePayment,                                 ignored),
    Row(waiting_for_gateway,                         next_try,                                        charging,             sends=[charge_card]),
    Row((waiting_for_gateway, in_clearing),          CancelPayment,                                   cancelled,            does=called_off, sends=[payment_cancelled]),
    Row((waiting_for_gateway, in_clearing),          RefundPayment,                                   cancelled,            does=called_off, sends=[nothing_refunded]),

    Row(in_clearing,                                 RetrievePayment,                                 stays,                sends=[payment_in_clearing]),
    Row(in_clearing,                                 case_action,                                     case_is_closed,       given=of_another_case),
    Row(in_clearing,                                 case_action,                                     another_agents,       given=of_another_agent),
    Row(in_clearing,                                 ClaimCase,                                       stays,                does=claimed),
    Row(in_clearing,                                 TakeNewCard,                                     charging,             does=new_card, sends=[charge_card]),
    Row(in_clearing,                                 GiveUpCase,                                      failed,               does=given_up, sends=[payment_failed]),
    Row(in_clearing,                                 after("escalation", days=3),                     stays,                does=escalated),
    Row(in_clearing,                                 after("clearing", days=14),                      failed,               does=not_cleared_in_time, sends=[payment_failed]),

    Row(received,                                    (RetrievePayment, CancelPayment),                stays,                sends=[payment_received]),
    Row(received,                                    RefundPayment,                                   refunded,             given=no_card_was_charged, does=to_be_given_back, sends=[payment_refunded]),
    Row(received,                                    RefundPayment,                                   refunding,            does=to_be_given_back, sends=[refund_card]),

    Row(giving_back,                                 (RetrievePayment, CancelPayment, RefundPayment), ignored),
    Row(giving_back,                                 CardRefunded,                                    refunded,             does=card_given_back, sends=[payment_refunded]),
    Row(refunding,                                   (CardNotRefunded, outcome),                      waiting_to_refund,    does=refund_not_sure),
    Row(waiting_to_refund,                           CardNotRefunded,                                 ignored),
    Row(waiting_to_refund,                           next_try,                                        refunding,            sends=[refund_card]),

    Row(refunded,                                    (RetrievePayment, CancelPayment, RefundPayment), stays,                sends=[payment_refunded]),
    Row(refunded,                                    (CardRefunded, CardNotRefunded),                 ignored),
    Row(failed,                                      (RetrievePayment, CancelPayment),                stays,                sends=[payment_failed]),
    Row(cancelled,                                   (RetrievePayment, CancelPayment),                stays,                sends=[payment_cancelled]),
    Row((failed, cancelled),                         RefundPayment,                                   stays,                sends=[nothing_refunded]),

    #   a call that was given up has ended after all: the same key, so the same money
    Row((received, *giving_back, refunded),          (CardCharged, CardNotCharged, CardPerhapsCharged), ignored),
    Row(after_start,                                 case_action,                                     case_is_closed),
    Row(any_state,                                   anything_else,                                   contradiction),
])
# fmt: on
