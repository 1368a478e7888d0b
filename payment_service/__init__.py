"""The payment service: cards, invoices and the books, for a reference that means nothing here."""
