"""Counts every frame of one link, both ways: frames.py INTERFACE [FILE]. Frames go into FILE as they are, if one is given.

Says `ready`, then answers each line on stdin with one line of JSON: what was seen since the last. A frame that was
sent before the question was asked is in the answer, since the kernel queues it as it is sent.
"""
import json
import select
import socket
import struct
import sys
from collections import Counter

ALL = 0x0003
SOL_PACKET, STATISTICS = 263, 6
RECEIVE_BUFFER_FORCE = 33

link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
link.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCE, 256 << 20)
link.bind((sys.argv[1], ALL))
link.setblocking(False)
kept = open(sys.argv[2], "ab") if len(sys.argv) > 2 else None
seen = Counter()


def port(number):
    """A client's own port says nothing."""
    return "*" if number >= 32768 else str(number)


def name(frame):
    if len(frame) < 14:
        return "a runt"
    kind = struct.unpack("!H", frame[12:14])[0]
    if kind == 0x0806:
        return "arp"
    if kind != 0x0800 or len(frame) < 34:
        return "ethertype %04x" % kind
    header = (frame[14] & 15) * 4
    protocol = frame[23]
    source, target = socket.inet_ntoa(frame[26:30]), socket.inet_ntoa(frame[30:34])
    rest = frame[14 + header :]
    if protocol in (6, 17) and len(rest) >= 4:
        ports = struct.unpack("!HH", rest[:4])
        word = "tcp" if protocol == 6 else "udp"
        return "%s %s:%s > %s:%s" % (word, source, port(ports[0]), target, port(ports[1]))
    return "%s %s > %s" % ({1: "icmp"}.get(protocol, "protocol %d" % protocol), source, target)


def drain():
    while True:
        try:
            frame = link.recv(65536 + 64)
        except BlockingIOError:
            return
        except OSError:
            # the link itself is gone
            sys.exit()
        seen[name(frame)] += 1
        if kept:
            kept.write(frame)


print("ready", flush=True)
while True:
    ready, _, _ = select.select([link, sys.stdin], [], [])
    drain()
    if sys.stdin in ready:
        if not sys.stdin.readline():
            break
        drain()
        if kept:
            kept.flush()
        _, lost = struct.unpack("II", link.getsockopt(SOL_PACKET, STATISTICS, 8))
        print(json.dumps({"lost": lost, "seen": seen}), flush=True)
        seen.clear()
