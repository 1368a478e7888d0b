"""Q: what holds when nothing is in flight; L: what has come about once faults have stopped."""

from tests.chaos.oracle.invariant import Invariant

AT_REST = (
    Invariant(
        "Q1",
        "charged − refunded is the gateway's own ledger",
        """
        SELECT reference, on_card, amount AS at_gateway FROM (
            SELECT reference, on_card FROM money WHERE on_card != 0
        ) FULL JOIN (SELECT reference, amount FROM at_gateway WHERE amount != 0) USING (reference)
        WHERE on_card IS NOT amount
    """,
    ),
    Invariant(
        "Q1",
        "received − refunded is the value shipped and paid for",
        """
        SELECT reference, state, received, refunded, total FROM flow LEFT JOIN money USING (reference)
        WHERE coalesce(received - refunded, 0) != CASE name WHEN 'completed' THEN total ELSE 0 END
        AND name IN ('completed', 'cancelled')
    """,
    ),
    Invariant(
        "Q2",
        "each reservation is released or shipped",
        """
        SELECT reference, flow.state, r.state AS goods FROM inventory.reservations r LEFT JOIN flow USING (reference)
        WHERE r.state = 'fetched' AND coalesce(name, '') NOT IN ('awaiting_shipment', 'cancelling_shipment')
    """,
    ),
    Invariant(
        "Q2",
        "goods are booked as shipped when their parcel is",
        """
        SELECT reference, s.state AS parcel, r.state AS goods FROM shipping.shipments s
        FULL JOIN inventory.reservations r USING (reference)
        WHERE (s.state IS 'shipped') != (r.state IS 'shipped')
    """,
    ),
    Invariant(
        "Q2",
        "no order is both shipped and refunded",
        """
        SELECT reference, received, refunded FROM shipping.shipments s JOIN money USING (reference)
        JOIN flow USING (reference) WHERE s.state = 'shipped' AND refunded > 0 AND received - refunded != total
    """,
    ),
    Invariant(
        "Q3",
        "whatever was said has reached everybody who is bound",
        """
        SELECT s.service AS sayer, s.wire_name, s.subject, s.message_id, b.service AS consumer FROM said s
        JOIN bindings b USING (wire_name)
        LEFT JOIN heard h ON h.service = b.service AND h.message_id = s.message_id
        LEFT JOIN letters l ON l.service = b.service AND l.message_id = s.message_id AND l.status != 'redriven'
        WHERE h.message_id IS NULL AND l.message_id IS NULL
    """,
    ),
    Invariant(
        "Q3",
        "no outbox row and no effect is left",
        """
        SELECT service, message_id FROM unsaid UNION ALL SELECT service, effect_id FROM undone
    """,
    ),
    Invariant(
        "Q3", "nothing is left in the broker's queues", "SELECT name, messages FROM queues WHERE messages != '0'"
    ),
    Invariant(
        "S5",
        "nothing was heard that nobody said",
        """
        SELECT h.service, h.message_id FROM heard h WHERE h.message_id NOT IN (SELECT message_id FROM said)
        AND h.message_id NOT IN (SELECT message_id FROM letters)
    """,
    ),
    Invariant(
        "Q3",
        "nothing is parked, as nothing that was done to the servers makes a message bad",
        """
        SELECT service, status, attempts, json_extract(headers, '$.ce-type') AS type, cause FROM letters
        WHERE status IN ('parked', 'retrying')
    """,
    ),
    Invariant(
        "S8",
        "no deadline of an earlier state is armed",
        """
        SELECT t.service, t.name, t.subject, t.due_at, i.state, i.generation FROM timers t LEFT JOIN instances i
        ON i.service = t.service AND i.flow = json_extract(t.body, '$.flow')
        AND i.instance_id = json_extract(t.body, '$.instance_id')
        WHERE i.generation IS NOT json_extract(t.body, '$.generation')
    """,
    ),
    Invariant(
        "Q4",
        "cancelled ⇒ every effect was undone",
        """
        SELECT reference, flow.state, received, refunded, r.state AS goods, s.state AS parcel, undos FROM flow
        LEFT JOIN money USING (reference) LEFT JOIN inventory.reservations r USING (reference)
        LEFT JOIN shipping.shipments s USING (reference)
        WHERE name = 'cancelled' AND (
            received != refunded OR r.state IN ('fetched', 'shipped') OR s.state NOT IN ('cancelled', 'failed')
            OR EXISTS (SELECT 1 FROM json_each(undos) WHERE json_extract(value, '$.status') IN ('recorded', 'sent'))
        )
    """,
    ),
    Invariant(
        "L1",
        "every order that a customer was told of has ended, or is a person's",
        """
        SELECT a.order_id, state FROM accepted a LEFT JOIN flow ON reference = order_id
        WHERE coalesce(name, '') NOT IN ('completed', 'cancelled', 'closed', 'needs_attention')
    """,
    ),
    Invariant(
        "L1",
        "every order has ended, or is a person's",
        """
        SELECT reference, state FROM flow WHERE name NOT IN ('completed', 'cancelled', 'closed', 'needs_attention')
    """,
    ),
)
