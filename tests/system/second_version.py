"""minuet as a later version that knows two revisions of the order flow: `python -m tests.system.second_version`."""

from minuet.cli import app
from minuet.simulation.upgrading import install
from order_service.handlers import ORDERS
from tests.simulation.revisions import order_flow_2

if __name__ == "__main__":
    install(ORDERS, order_flow_2)
    app()
