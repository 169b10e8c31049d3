"""Reads of the mirror as nobody should make them, each with something that must not travel further.

Given {host, port, count, seed, paths, words}; prints {statuses, mark}: how often which answer came, and how often one
that only the outside could have given.
"""
import base64
import json
import random
import socket
import sys
from urllib.parse import quote

given = json.loads(sys.argv[1])
chance = random.Random(given["seed"])
words = given["words"]
odd_methods = "POST PUT DELETE PATCH OPTIONS TRACE PROPFIND MKCOL COPY LOCK PURGE QUERY SUBSCRIBE M-SEARCH".split()
carriers = (
    "User-Agent Referer Cookie Authorization From Origin Via Forwarded X-Forwarded-For X-Forwarded-Host X-Original-URL "
    "X-Rewrite-URL X-Requested-With Accept-Language If-None-Match X-HTTP-Method-Override Traceparent X-Request-Id"
).split()


def word(name):
    """As it is, or spelled otherwise."""
    plain = words[name]
    return chance.choice(
        [
            plain,
            plain.upper(),
            "".join("%%%02x" % ord(c) for c in plain),
            base64.b64encode(plain.encode()).decode().rstrip("="),
            words["punycode"],
        ]
    )


def headers():
    lines = ["%s: %s" % (name, words["user-agent" if name == "User-Agent" else "header"]) for name in chance.sample(carriers, 5)]
    if chance.random() < 0.1:
        lines.append("X-Long: " + words["header"] + "a" * chance.choice([3000, 9000, 17000]))
    return lines


def target():
    name = word("name")
    return chance.choice(
        [
            lambda: chance.choice(given["paths"]),
            lambda: chance.choice(given["paths"]) + "?" + word("query") + "=" + word("query"),
            lambda: "/pip/simple/%s/" % name,
            lambda: "/pip/simple/%s" % name,
            lambda: "/pip/simple/%s/%s-1.0-py3-none-any.whl" % (name, name),
            lambda: "/pip/pool/ab/%s/%s-1.0-py3-none-any.whl.metadata" % ("ab" * 32, name),
            lambda: "/apt/%s/InRelease" % words["path"],
            lambda: "/apt/default/by-hash/SHA256/%s" % words["path"],
            lambda: "/apt/pool/ab/%s/%s_1_all.deb" % ("ab" * 32, name),
            lambda: "/%s" % word("path"),
            lambda: "/pip/simple/..%2f..%2f" + word("path"),
            lambda: "/.incoming/%s" % word("path"),
            lambda: "//index.example:8000/simple/%s/" % name,
            lambda: "/pip/simple/" + quote("ü" + words["path"]) + "/",
            lambda: "/pip/simple/" + words["path"] * 150 + "/",
            lambda: "http://index.example:8000/simple/%s/" % name,
            lambda: "http://%s.example/%s" % (words["host"], word("path")),
            lambda: "https://index.example/simple/%s/" % name,
            lambda: "index.example:8000",
        ]
    )()


def request():
    roll = chance.random()
    if roll < 0.01:
        return b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + words["host"].encode() * 8
    if roll < 0.02:
        return ("CONNECT %s.example:443 HTTP/1.1\r\nHost: %s.example\r\n\r\n" % (words["host"], words["host"])).encode()
    method = chance.choice(odd_methods) if roll < 0.1 else chance.choice(["GET", "GET", "GET", "HEAD"])
    host = chance.choice([given["host"], "%s.example" % words["host"], "index.example:8000", "127.0.0.1:8082"])
    lines = ["%s %s HTTP/1.1" % (method, target()), "Host: " + host, "Connection: close"] + headers()
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin1", "replace")


statuses = {}
marked = 0
for _ in range(given["count"]):
    answer = b""
    try:
        with socket.create_connection((given["host"], given["port"]), timeout=10) as connection:
            connection.sendall(request())
            while len(answer) < 1 << 20:
                piece = connection.recv(65536)
                if not piece:
                    break
                answer += piece
    except ConnectionError:
        pass
    status = answer[9:12].decode("latin1") if answer.startswith(b"HTTP/1.1 ") else "none"
    statuses[status] = statuses.get(status, 0) + 1
    marked += given["mark"].encode() in answer
print(json.dumps({"statuses": statuses, "marked": marked}))
