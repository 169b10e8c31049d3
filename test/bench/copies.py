"""What a gigabyte to a socket of loopback costs the process that sends it: by sendfile, from memory, and through a buffer.

    python3 test/bench/copies.py [GIGABYTES]

Node has no call for sendfile, so the third is what the mirror does with a file and the second what it does with a page.
Sender and receiver have a core each. Processor time in seconds a GB, the least of five rounds; the last line is JSON.
"""

import json
import os
import resource
import socket
import sys
import tempfile

GIGABYTE = 10**9
SIZE = 200_000_000
ROUNDS = 5
wanted = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0


def by_sendfile(out: socket.socket, file: int, piece: int) -> None:
    at = 0
    while at < SIZE:
        at += os.sendfile(out.fileno(), file, at, piece)


def from_memory(out: socket.socket, file: int, piece: int) -> None:
    held = memoryview(bytearray(piece))
    for at in range(0, SIZE, piece):
        out.sendall(held[: min(piece, SIZE - at)])


def through_a_buffer(out: socket.socket, file: int, piece: int) -> None:
    buffer = memoryview(bytearray(piece))
    for at in range(0, SIZE, piece):
        out.sendall(buffer[: os.preadv(file, [buffer[: min(piece, SIZE - at)]], at)])


def measured(send, file: int, piece: int) -> float:
    """Seconds of user and system time a GB."""
    listener = socket.create_server(("127.0.0.1", 0))
    receiver = os.fork()
    if receiver == 0:
        os.sched_setaffinity(0, {max(cores)})
        taken = socket.create_connection(listener.getsockname())
        buffer = bytearray(1 << 20)
        while taken.recv_into(buffer):
            pass
        os._exit(0)
    out, _ = listener.accept()
    before = resource.getrusage(resource.RUSAGE_SELF)
    repeats = max(1, round(wanted * GIGABYTE / SIZE))
    for _ in range(repeats):
        send(out, file, piece)
    after = resource.getrusage(resource.RUSAGE_SELF)
    out.close()
    listener.close()
    os.waitpid(receiver, 0)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent / (repeats * SIZE) * GIGABYTE


cores = os.sched_getaffinity(0)
os.sched_setaffinity(0, {min(cores)})
ways = {
    "sendfile": (by_sendfile, 1 << 21),
    "memory": (from_memory, 1 << 20),
    "buffer 1 MiB": (through_a_buffer, 1 << 20),
    "buffer 256 KiB": (through_a_buffer, 1 << 18),
}
with tempfile.NamedTemporaryFile() as file:
    file.write(os.urandom(SIZE))
    file.flush()
    least = {name: float("inf") for name in ways}
    for _ in range(ROUNDS):
        for name, (send, piece) in ways.items():
            least[name] = min(least[name], measured(send, file.fileno(), piece))
for name, seconds in least.items():
    print(f"{name:<16} {seconds:.3f} s/GB")
ratios = {f"sendfile / {name}": round(least["sendfile"] / seconds, 2) for name, seconds in least.items() if name != "sendfile"}
print(json.dumps({"name": "copies", "ratios": ratios, "goals": {}}))
