"""One seed as a tree of random numbers: one more draw in one branch shifts no other branch."""

import random

SCATTER_SECONDS = (0.004, 0.4)  # what comes on one day comes in one batch with the deadlines of that day, or apart


def scatter(chance: random.Random) -> float:
    return chance.choice(SCATTER_SECONDS) * chance.random()


def branch(seed: int, *names: object) -> random.Random:
    """The numbers of the branch with these names, the same in every process."""
    return random.Random("/".join(str(part) for part in (seed, *names)))
