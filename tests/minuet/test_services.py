"""Which services a process runs, and where it listens unless it is told."""

import pytest

from minuet.services import ALL, UnknownService, chosen, port_of


def test_without_a_name_it_is_all_of_them_and_the_gateway() -> None:
    assert chosen([]) == ("order", "payment", "inventory", "shipping", "gateway") == ALL


def test_named_ones_run_alone_and_once() -> None:
    assert chosen(["payment", "order", "payment"]) == ("payment", "order")


def test_an_unknown_one_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownService, match="no service bus, nobody; there are order, payment, inventory"):
        chosen(["bus", "order", "nobody"])


@pytest.mark.parametrize(
    ("names", "port"),
    [([], 8080), (["order"], 8081), (["payment"], 8082), (["inventory"], 8083), (["shipping"], 8084)],
)
def test_each_has_a_port_of_its_own(names: list[str], port: int) -> None:
    assert port_of(names) == port


def test_several_have_the_first_ones_port() -> None:
    assert port_of(["gateway", "order"]) == 8090
