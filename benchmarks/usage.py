"""What processes have used, by /proc: processor seconds and resident memory."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Usage:
    cpu_seconds: float
    resident_bytes: int


def usage_of(roots: Iterable[int]) -> Usage:
    """Of these processes and all their children that live."""
    pids = with_children(set(roots))
    return Usage(sum(map(cpu_seconds, pids)), sum(map(resident_bytes, pids)))


def with_children(pids: set[int]) -> set[int]:
    parents = {int(entry.name): parent_of(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    while more := {pid for pid, parent in parents.items() if parent in pids and pid not in pids}:
        pids = pids | more
    return pids


def stat(pid: int) -> list[str]:
    """The fields after the process's name; nothing if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def parent_of(pid: int) -> int:
    fields = stat(pid)
    return int(fields[1]) if fields else 0


def cpu_seconds(pid: int) -> float:
    """Children that have ended are counted with their parent."""
    return sum(map(int, stat(pid)[11:15])) / TICKS


def resident_bytes(pid: int) -> int:
    fields = stat(pid)
    return int(fields[21]) * PAGE if fields else 0
