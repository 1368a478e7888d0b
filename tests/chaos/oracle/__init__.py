"""What must hold through every fault, asked of the databases and the gateway's ledger alone, in SQL.

Shares no code with the services but the tables of their flows, which are read as data.
"""
