"""The invoice flow: one table, read as that of the payment flow."""

# ruff: noqa: E501 - the columns of the table are its meaning
from payment_service.invoice import Invoice
from payment_service.invoice_rules import (
    default,
    first_reminder,
    invoice_cancelled,
    invoice_defaulted,
    invoice_issued,
    invoice_paid,
    invoice_reminded,
    money_came,
    new_invoice,
    nothing_to_pay,
    pays_the_rest,
    reminded,
    second_reminder,
    tombstone,
)
from payment_service.messages import CancelInvoice, IssueInvoice, MoneyCame
from saga.flow import Flow
from saga.row import Row, after, refused, stays
from saga.state import Kind, State

start = State("start", kind=Kind.START)
open_ = State("open")
defaulted = State("defaulted", kind=Kind.END)
paid = State("paid", kind=Kind.END)
cancelled = State("cancelled", kind=Kind.END)

no_invoice = refused("there is no such invoice")
nothing_is_owed = refused("this invoice is cancelled: nothing is to be paid")

# fmt: off
invoice_flow = Flow("invoice", revision=1, data=Invoice, begins={IssueInvoice: new_invoice, CancelInvoice: tombstone}, rows=[
    #   while                when                                       becomes
    Row(start,               IssueInvoice,                              paid,       given=nothing_to_pay, sends=[invoice_paid]),
    Row(start,               IssueInvoice,                              open_,      sends=[invoice_issued]),
    Row(start,               CancelInvoice,                             cancelled,  sends=[invoice_cancelled]),
    Row(start,               MoneyCame,                                 no_invoice),

    Row(open_,               after("first reminder", first_reminder),   stays,      does=reminded, sends=[invoice_reminded]),
    Row(open_,               after("second reminder", second_reminder), stays,      does=reminded, sends=[invoice_reminded]),
    Row(open_,               after("default", default),                 defaulted,  sends=[invoice_defaulted]),

    Row((open_, defaulted),  MoneyCame,                                 paid,       given=pays_the_rest, does=money_came, sends=[invoice_paid]),
    Row((open_, defaulted),  MoneyCame,                                 stays,      does=money_came),
    Row((open_, defaulted),  IssueInvoice,                              stays,      sends=[invoice_issued]),
    Row((open_, defaulted),  CancelInvoice,                             cancelled,  sends=[invoice_cancelled]),

    Row(paid,                MoneyCame,                                 stays,      does=money_came),
    Row(paid,                (IssueInvoice, CancelInvoice),             stays,      sends=[invoice_paid]),
    Row(cancelled,           MoneyCame,                                 nothing_is_owed),
    Row(cancelled,           (IssueInvoice, CancelInvoice),             stays,      sends=[invoice_cancelled]),
])
# fmt: on
