# The tree, on its read-only mount. What is not proved yet is kept from a plain user by modes, and from nobody's root:
# it is no secret, and no client is led to it.


@each(
    "the tree: %s",
    ("a file is written", lambda: open(tree + "/homepod/x", "w")),
    ("a script is changed", lambda: open(tree + "/homepod/setup.sh", "r+")),
    ("a file is removed", lambda: os.unlink(tree + "/homepod/setup.sh")),
    ("a file is renamed", lambda: os.rename(tree + "/homepod/setup.sh", tree + "/homepod/y")),
    ("a mode is changed", lambda: os.chmod(tree + "/homepod/setup.sh", 0o777)),
    ("a time is changed", lambda: os.utime(tree + "/homepod/setup.sh")),
    ("a file is linked out of it", lambda: os.link(tree + "/homepod/setup.sh", "/tmp/linked.sh")),
    ("a link is made in it", lambda: os.symlink("/etc", tree + "/pip/simple/etc")),
    ("a folder is made in it", lambda: os.mkdir(tree + "/pip/simple/x")),
    ("a device is made in it", lambda: os.mknod(tree + "/x", stat.S_IFBLK | 0o600, os.makedev(254, 0))),
    ("it is mounted anew, writable", lambda: system("mount", b"", tree.encode(), b"", 0x1020, b"")),
    ("its mount is taken away", lambda: system("umount2", tree.encode(), 2)),
    ("what is not proved is read by a plain user", lambda: as_user(lambda: open(tree + "/" + given["incoming"]))),
    ("a plain user lists .incoming", lambda: as_user(lambda: os.listdir(tree + "/.incoming"))),
)
def _(function):
    said = function()
    if isinstance(said, str):
        return said
    raise Escaped("done")
