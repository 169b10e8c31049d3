# The machine that the pod runs on.


@each("%s of this machine", ("the root", "/proc/1/root/etc/shadow"), ("memory", "/dev/mem"), ("the kernel's memory", "/proc/kcore"), ("the log", "/dev/kmsg"), ("the server's environment", "/proc/%d/environ" % given["server"]), ("an engine's socket", "/run/containerd/containerd.sock"), ("a service account", "/run/secrets/kubernetes.io/serviceaccount/token"), ("the state", "/var/lib/airlock/airlock.db"))
def _(path):
    with open(path, "rb") as file:
        content = file.read(64)
    # the pod has a file of that name itself
    if path.startswith("/proc/1/root") and content == open("/etc/shadow", "rb").read(64):
        return "it is the pod's own"
    raise Escaped(repr(content))


@tried("processes of others are seen")
def _():
    names = [open("/proc/%s/comm" % pid).read().strip() for pid in os.listdir("/proc") if pid.isdigit()]
    strangers = [name for name in names if name not in ("cat", "python3", "sh", "setpriv", "nsenter")]
    if strangers:
        raise Escaped(" ".join(strangers))
    return "%d of the pod's own" % len(names)


@tried("the server is ended")
def _():
    os.kill(given["server"], signal.SIGCONT)
    raise Escaped("it heard")


@tried("the server is read with ptrace")
def _():
    system("ptrace", 16, given["server"], 0, 0)
    raise Escaped("attached")


@each("a device is made: %s", ("a disk", "/tmp/disk", stat.S_IFBLK, 254, 0), ("memory", "/tmp/memory", stat.S_IFCHR, 1, 1), ("a tunnel", "/tmp/tun", stat.S_IFCHR, 10, 200), ("in /dev", "/dev/disk", stat.S_IFBLK, 254, 0))
def _(path, kind, major, minor):
    os.mknod(path, kind | 0o600, os.makedev(major, minor))
    try:
        os.close(os.open(path, os.O_RDWR))
    finally:
        os.unlink(path)
    raise Escaped("opened")


@tried("out of the root by chroot")
def _():
    if os.fork() == 0:
        os.makedirs("/tmp/inner", exist_ok=True)
        here = os.open("/", os.O_RDONLY)
        os.chroot("/tmp/inner")
        os.fchdir(here)
        for _ in range(64):
            os.chdir("..")
        os.chroot(".")
        os._exit(0 if os.path.exists("/usr/local/bin/uv") and not os.path.exists("/.before") else 1)
    if os.waitstatus_to_exitcode(os.wait()[1]) != 0:
        raise Escaped("another root")
    return "it is the pod's own root"
