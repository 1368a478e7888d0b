"""One seed as a tree of random numbers: one more draw in one branch shifts no other branch."""

import random


def branch(seed: int, *names: object) -> random.Random:
    """The numbers of the branch with these names, the same in every process."""
    return random.Random("/".join(str(part) for part in (seed, *names)))
