"""What one session took is not kept from the system once it is gone."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

FREED = """
from concurrent.futures import ThreadPoolExecutor
from dashboard.streamlit_patches.sessions import give_back

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


HEAPS = """
import ctypes, sys, threading
from dashboard.streamlit_patches.sessions import use_few_heaps

if sys.argv[1] == "few":
    use_few_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
libc.fopen.argtypes, libc.malloc.argtypes = [ctypes.c_char_p, ctypes.c_char_p], [ctypes.c_size_t]
libc.malloc_info.argtypes, libc.fclose.argtypes = [ctypes.c_int, ctypes.c_void_p], [ctypes.c_void_p]
barrier = threading.Barrier(8)

def visit():
    libc.malloc(1000)
    barrier.wait()

threads = [threading.Thread(target=visit) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
file = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, file)
libc.fclose(file)
"""


def heaps(kind: str, folder: Path) -> int:
    report = folder / "heaps.xml"
    subprocess.run([sys.executable, "-c", HEAPS, kind, str(report)], check=True, timeout=60)
    return report.read_text().count("<heap nr=")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="the C library is not glibc")
def test_threads_share_two_heaps(tmp_path: Path) -> None:
    assert heaps("many", tmp_path) > 2
    assert heaps("few", tmp_path) == 2
