"""Fetches an image as ESP-IDF's `esp_https_ota` does with `partial_http_download`: its requests, not its code.

Usage: esp_https_ota.py URL DEVICE_FOLDER OUT.bin [TLS_VERSION]

- one `HEAD` to the URL, which must answer 200 with a length;
- then `GET` by ranges, each on a new connection. The first goes to the URL; a redirect is followed with the same headers:
  the `Range` that was set, the `Host` that was right for the first server. It stays followed: later ranges go to
  its target at once. The last range has no end;
- a request line that does not fit the client's buffer is never sent, and the client waits: here, that is an error;
- the certificate is shown to whoever asks, and no record may be larger than a device's 4 KiB buffer.

Source: ESP-IDF v5.5, components/esp_http_client, components/esp_https_ota. Prints as JSON what was asked and answered.
"""

import json
import pathlib
import re
import socket
import ssl
import sys

AGENT = "ESP32 HTTP Client/1.0"
PART = 65536
ROOM = 459
# Plaintext, an explicit nonce and a tag; TLS 1.3 has a byte of its own in place of the nonce.
LARGEST_RECORD = 4096 + 8 + 16
REDIRECTS = (301, 302, 303, 307, 308)


class Link:
    """A connection that lets no large record in."""

    def __init__(self, context, host, port):
        self.socket = socket.create_connection((host, port), timeout=20)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=host)
        self.raw = b""
        self.through(self.tls.do_handshake)

    def through(self, call, *args):
        while True:
            try:
                result = call(*args)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                self.feed()

    def flush(self):
        if self.outgoing.pending:
            self.socket.sendall(self.outgoing.read())

    def feed(self):
        data = self.socket.recv(65536)
        if not data:
            self.incoming.write_eof()
            return
        self.raw += data
        while len(self.raw) >= 5:
            size = int.from_bytes(self.raw[3:5], "big")
            assert size <= LARGEST_RECORD, f"a record of {size} bytes"
            if len(self.raw) < 5 + size:
                break
            self.incoming.write(self.raw[: 5 + size])
            self.raw = self.raw[5 + size :]

    def read(self, size):
        return self.through(self.tls.read, size)

    def write(self, data):
        self.through(self.tls.write, data)


class Client:
    def __init__(self, url, context):
        self.context = context
        self.asked = []
        self.headers = {"User-Agent": AGENT}
        self.go_to(url)
        self.headers["Host"] = f"{self.host}:{self.port}"

    def go_to(self, url):
        match = re.fullmatch(r"https://([^/:]+):(\d+)(/.*)", url)
        assert match, f"no absolute https URL with a port: {url}"
        host, port, target = match.group(1), int(match.group(2)), match.group(3)
        # The name of the host is set anew where it changes, without the port; where only the port does, it stays.
        if self.asked and host != self.host:
            self.headers["Host"] = host
        self.host, self.port, self.target = host, port, target

    def ask(self, method):
        assert len(self.target) <= ROOM, f"{len(self.target)} bytes: the client would wait for ever"
        link = Link(self.context, self.host, self.port)
        lines = [f"{method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers.items()), "", ""]
        link.write("\r\n".join(lines).encode())
        data = b""
        while b"\r\n\r\n" not in data:
            more = link.read(4096)
            assert more, "closed within the head"
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        first, *rest = head.decode().split("\r\n")
        status = int(first.split()[1])
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in rest)}
        assert "content-encoding" not in headers and "transfer-encoding" not in headers
        length = 0 if method == "HEAD" else int(headers["content-length"])
        while len(body) < length:
            more = link.read(4096)
            assert more, "closed within the body"
            body += more
        assert len(body) == length, f"{len(body)} bytes of body, {length} promised"
        asked = {"method": method, "port": self.port, "path": self.target.split("?")[0], "status": status}
        asked |= {"host": self.headers["Host"], "range": self.headers.get("Range"), "tls": link.tls.version()}
        self.asked.append(asked)
        return status, headers, body

    def ask_and_follow(self, method):
        while True:
            status, headers, body = self.ask(method)
            if status not in REDIRECTS:
                return status, headers, body
            assert not body, "a redirect with a body"
            self.go_to(headers["location"])


def fetch(client):
    status, headers, _ = client.ask_and_follow("HEAD")
    assert status == 200, f"HEAD: {status}"
    total = int(headers["content-length"])
    image = b""
    while len(image) < total:
        last = len(image) + PART - 1
        client.headers["Range"] = f"bytes={len(image)}-" + (str(last) if last < total - 1 else "")
        status, headers, body = client.ask_and_follow("GET")
        assert status == 206, f"{client.headers['Range']}: {status}"
        end = min(last, total - 1)
        assert headers["content-range"] == f"bytes {len(image)}-{end}/{total}", headers["content-range"]
        image += body
    return image


def main(url, folder, out, version="1.2"):
    folder = pathlib.Path(folder)
    context = ssl.create_default_context(cafile=folder / "server-root.pem")
    context.load_cert_chain(folder / "device.pem", folder / "device.key")
    version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
    context.minimum_version = context.maximum_version = version
    client = Client(url, context)
    pathlib.Path(out).write_bytes(fetch(client))
    print(json.dumps(client.asked))


if __name__ == "__main__":
    main(*sys.argv[1:])
