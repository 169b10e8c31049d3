# What any program has: sockets of every kind.


def connects(family, address, data=b"GET /simple/office-app/ HTTP/1.0\r\n\r\n"):
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        connection.connect(address)
        connection.sendall(data)
        raise Escaped("connected: %r" % connection.recv(80))


@each(
    "TCP to %s",
    ("the console, at the mirror's address", mirror, given["console"]),
    ("the gateway, at the mirror's address", mirror, given["gateway"]),
    ("the console, at Airlock's other address", beyond, given["console"]),
    ("the gateway, at Airlock's other address", beyond, given["gateway"]),
    ("the console, as if it were here", "127.0.0.1", given["console"]),
    ("the gateway, as if it were here", "127.0.0.1", given["gateway"]),
    ("SSH at the mirror's address", mirror, 22),
    ("a name server at the mirror's address", mirror, 53),
    ("the index outside", outside, outside_port),
    ("the name server outside", given["resolver"], 53),
    ("the internet", "192.0.2.1", 443),
    ("a cloud's metadata", "169.254.169.254", 80),
    ("a neighbour on the link", "10.77.1.200", 8080),
)
def _(host, port):
    connects(socket.AF_INET, (host, port))


def asks(host, port, data, option=None):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.settimeout(0.3)
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if option:
            datagrams.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.77.1.2"))
        datagrams.sendto(data, (host, port))
        raise Escaped("answered: %r" % datagrams.recv(80))


def question(name):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return b"\x13\x37\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00\x00\x01\x00\x01"


@each(
    "UDP: %s",
    ("a question to a name server at the mirror's address", mirror, 53, question("secret.index.example")),
    ("a question to the name server outside", given["resolver"], 53, question("secret.index.example")),
    ("a question to a name server of the internet", "192.0.2.53", 53, question("secret.example")),
    ("QUIC to the internet", "192.0.2.1", 443, b"\xc0" + b"\x00" * 1199),
    ("the time, from the mirror's address", mirror, 123, b"\x23" + b"\x00" * 47),
    ("syslog to the mirror's address", mirror, 514, b"<13>secret"),
    ("multicast DNS", "224.0.0.251", 5353, question("secret.local"), True),
    ("SSDP", "239.255.255.250", 1900, b"M-SEARCH * HTTP/1.1\r\n\r\n", True),
    ("DHCP, to everybody", "255.255.255.255", 67, b"\x01\x01\x06\x00" + b"\x00" * 240),
    ("the link's broadcast", "10.77.1.255", 53, question("secret.example")),
)
def _(host, port, data, option=None):
    asks(host, port, data, option)


@each("a name: %s", ("of the index", "index.example"), ("that carries a secret", "secret.nobodys.example"))
def _(name):
    raise Escaped(str(socket.getaddrinfo(name, 80)[0][4]))


@each("IPv6: %s", ("to Airlock, by every link", "ff02::1", 2), ("to the internet", "2001:db8::1", 0), ("as mapped IPv4", "::ffff:" + outside, 0))
def _(host, scope):
    connects(socket.AF_INET6, (host, outside_port, 0, scope))


@each("a socket of kind %s to the outside", ("SCTP", socket.SOCK_STREAM, 132), ("UDP-Lite", socket.SOCK_DGRAM, 136), ("DCCP", 6, 33))
def _(kind, protocol):
    with socket.socket(socket.AF_INET, kind, protocol) as odd:
        odd.settimeout(0.3)
        odd.connect((outside, outside_port))
        odd.send(b"secret")
        raise Escaped("sent")


@tried("an abstract socket of this machine")
def _():
    connects(socket.AF_UNIX, "\0" + given["abstract"])


@tried("any abstract socket at all")
def _():
    with open("/proc/net/unix") as sockets:
        there = [line.split()[-1] for line in sockets if "@" in line]
    if there:
        raise Escaped(" ".join(there))
    return "none is there"
