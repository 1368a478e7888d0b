"""What processes have used, by /proc: processor seconds and resident memory."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
LISTENING = "0A"  # as the kernel writes the state of a socket


@dataclass(frozen=True)
class Usage:
    cpu_seconds: float
    resident_bytes: int


def usage_of(roots: Iterable[int]) -> Usage:
    """Of these processes and all their children that live."""
    pids = with_children(set(roots))
    return Usage(sum(map(cpu_seconds, pids)), sum(map(resident_bytes, pids)))


def with_children(pids: set[int]) -> set[int]:
    parents = {pid: parent_of(pid) for pid in all_pids()}
    while more := {pid for pid, parent in parents.items() if parent in pids and pid not in pids}:
        pids = pids | more
    return pids


def listener_of(port: int) -> int:
    """The process that serves this port. Raises LookupError if none does that we may look at."""
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[3] == LISTENING and int(row[1].split(":")[1], 16) == port}
    holders = [pid for pid in all_pids() if sockets & set(open_files(pid))]
    if not holders:
        raise LookupError(f"no process of this machine that may be looked at serves port {port}")
    return min(holders)  # the others are its children


def all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def open_files(pid: int) -> list[str]:
    try:
        return [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return []


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
