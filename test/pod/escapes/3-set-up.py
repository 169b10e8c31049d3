# The network's own set-up, and new namespaces to have another.


@tried("a default route is added")
def _():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        gateway = struct.pack("HH4s", 8, 5, socket.inet_aton(mirror))
        body = struct.pack("BBBBBBBBI", 2, 0, 0, 0, 254, 4, 0, 1, 0) + gateway
        netlink.send(struct.pack("IHHII", 16 + len(body), 24, 0x605, 1, 0) + body)
        number = -struct.unpack("i", netlink.recv(4096)[16:20])[0]
        if number == 0:
            raise Escaped("added")
        raise OSError(number, os.strerror(number))


@tried("the link is given another address")
def _():
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sHH4s8s", b"eth0", socket.AF_INET, 0, socket.inet_aton(outside), b"")
        fcntl.ioctl(any_socket, 0x8916, request)
    raise Escaped("changed")


@each("/proc/sys: %s", ("IPv6 is switched on", "net/ipv6/conf/all/disable_ipv6", "0"), ("forwarding is switched on", "net/ipv4/ip_forward", "1"), ("a program for crashes is named", "kernel/core_pattern", "|/bin/sh"))
def _(path, value):
    with open("/proc/sys/" + path, "w") as knob:
        knob.write(value)
    raise Escaped("written")


NETWORK, MOUNTS, USERS = 0x40000000, 0x00020000, 0x10000000


def in_new(flags, function):
    """In a child with namespaces of its own, in which it may do everything, if it gets them."""

    def run():
        system("unshare", flags)
        return function()

    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            said = str(run())
        except OSError as error:
            said = errno.errorcode.get(error.errno, str(error))
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    os.wait()
    return os.read(reader, 4096).decode()


def links():
    names = [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line]
    return "ESCAPED " + " ".join(names) if names != ["lo"] else "it has no link but lo"


def bare():
    system("umount2", tree.encode(), 2)
    return "ESCAPED taken away"


def writable():
    system("mount", b"", tree.encode(), b"", 0x1020, b"")
    open(tree + "/homepod/x", "w").close()
    return "ESCAPED written"


@each(
    "a new namespace: %s",
    ("of the network", NETWORK, links),
    ("of users and the network", USERS | NETWORK, links),
    ("of mounts", MOUNTS, bare),
    ("of users and mounts, to see what is below the tree", USERS | MOUNTS, bare),
    ("of users and mounts, to write into the tree", USERS | MOUNTS, writable),
)
def _(flags, function):
    said = in_new(flags, function)
    if said.startswith("ESCAPED "):
        raise Escaped(said[8:])
    return said


@each("the network of %s is entered", ("the first process", "/proc/1/ns/net"), ("the server", "/proc/%d/ns/net" % given["server"]))
def _(path):
    descriptor = os.open(path, os.O_RDONLY)
    system("setns", descriptor, 0)
    raise Escaped("entered")
