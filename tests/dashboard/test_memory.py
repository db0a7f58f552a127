"""What one session took is not kept from the system once it is gone."""

from __future__ import annotations

import subprocess
import sys

import pytest

FREED = """
from concurrent.futures import ThreadPoolExecutor
from dashboard.memory import give_back

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

def take():  # pieces below the size that the C library returns at once
    return [b"x" * 50_000 + bytes([place % 256]) for place in range(2_000)]

before = resident()
with ThreadPoolExecutor(4) as pool:
    held = [pool.submit(take).result() for _ in range(4)]
    most = resident()
    last = [part[-1] for part in held]  # keeps the ends of the pools in use
    held[0].append(held[0])  # as what a session holds refers to the session
    del held
    freed = resident()
    give_back()
    print(most - before, freed - before, resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_freed_memory_goes_back_to_the_system() -> None:
    ended = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True, timeout=60)
    most, _, after = map(float, ended.stdout.split())
    assert most > 300
    assert after < 0.1 * most
