import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.pool import Pool

import pytest


@pytest.fixture(scope="package")
def cores() -> Iterator[Pool]:
    """A process on every core, for what takes many short runs."""
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        yield pool
