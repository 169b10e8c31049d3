# The mirror, by what it is asked.


def asked(raw):
    with socket.create_connection((mirror, mirror_port), timeout=2) as connection:
        connection.sendall(raw if isinstance(raw, bytes) else raw.encode("latin1"))
        answer = b""
        try:
            while len(answer) < 1 << 20:
                piece = connection.recv(65536)
                if not piece:
                    break
                answer += piece
        except socket.timeout:
            answer += b" (and then silence)"
    head = answer.split(b"\r\n\r\n")[0].decode("latin1")
    location = [line[10:] for line in head.split("\r\n") if line.lower().startswith("location: ")]
    if any(secret.encode() in answer for secret in given["secrets"]):
        raise Escaped("a secret")
    if any("//" in place for place in location):
        raise Escaped("it leads to " + location[0])
    # of all that is asked for here, only the front page is there
    if answer.startswith(b"HTTP/1.1 2") and not raw.startswith("GET / "):
        raise Escaped("it answers: %r" % answer[-80:])
    return head.split("\r\n")[0] + "".join(" to " + place for place in location)


def get(target, *headers, method="GET", body=""):
    return "\r\n".join(["%s %s HTTP/1.1" % (method, target), "Host: m", "Connection: close", *headers, "", body])


page = "/simple/office-app/"
there = "%s:%d" % (outside, outside_port)


@each(
    "the mirror: %s",
    ("CONNECT to the index", get(there, method="CONNECT")),
    ("CONNECT to the gateway", get("127.0.0.1:%d" % given["gateway"], method="CONNECT")),
    ("an absolute target outside", get("http://%s%s" % (there, page))),
    ("an absolute target at the gateway", get("http://127.0.0.1:%d/pip/index/default/office-app/" % given["gateway"])),
    ("another Host", "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (page, there)),
    ("two Hosts", "GET %s HTTP/1.1\r\nHost: m\r\nHost: %s\r\nConnection: close\r\n\r\n" % (page, there)),
    ("forwarding headers", get(page, "X-Forwarded-Host: " + there, "Forwarded: host=" + there, "X-Original-URL: http://%s%s" % (there, page))),
    ("a target that is a host", get("//%s%s" % (there, page))),
    ("a redirect to a host", get("//%s/pip/simple/fonttools" % there)),
    ("a redirect to a host, encoded", get("/%2f/" + there + "/pip/simple/fonttools")),
    ("a redirect with a backslash", get("/\\" + there + "/pip/simple/fonttools")),
    ("its redirect to a slash", get("/pip/simple/fonttools")),
    ("the console's requests", get("/api/requests", "Content-Type: application/json", "Content-Length: 2", method="POST", body="{}")),
    ("the console's status", get("/api/status")),
    ("the gateway's pages", get("/pip/index/default/office-app/")),
    ("what is not proved", get("/" + given["incoming"])),
    ("what is not proved, encoded", get("/%2e" + given["incoming"][1:])),
    ("the folder above", get("/../state/airlock.db")),
    ("the folder above, encoded", get("/pip/%2e%2e/%2e%2e/state/airlock.db")),
    ("a file that is uploaded", get("/homepod/x", "Content-Length: 1", method="PUT", body="x")),
    ("a second request in the first", get("/", "Content-Length: 4", "Transfer-Encoding: chunked", body="0\r\n\r\nGET http://%s%s HTTP/1.1\r\nHost: m\r\n\r\n" % (there, page))),
    ("a web socket", get("/", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: eA==")),
    ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("a proxy's preamble", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + get("/api/status")),
    ("SOCKS", b"\x05\x01\x00\x05\x01\x00\x01" + socket.inet_aton(outside) + struct.pack("!H", outside_port)),
    ("TLS with a name", b"\x16\x03\x01\x00\x30" + b"\x01" + b"index.example" * 3),
    ("a range of everything", get("/", "Range: bytes=0-,0-,0-", "If-Range: x")),
)
def _(raw):
    return asked(raw)
