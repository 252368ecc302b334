# SPDX-License-Identifier: Apache-2.0
"""curl: one command line of the real curl, and what it saw."""
import os
import subprocess
import tempfile

FROM = "127.0.0.2"  # an address of its own: what others may open from theirs is not its business
HOST = "peers.test"  # the same towards the gateway and towards the backend itself


class Seen:
    """One answer: status, fields in lower case, body. `also` is what -w printed."""

    def __init__(self, code, said, heads, body, also):
        self.code, self.said, self.body, self.also = code, said, body, also
        finals = [head for head in heads.replace("\r\n", "\n").split("\n\n") if head.strip()]
        lines = finals[-1].split("\n") if finals else [""]
        self.status = int(lines[0].split(" ")[1]) if lines[0] else 0
        rows = [line.partition(":") for line in lines[1:]]
        self.fields = {name.lower(): value.strip() for name, _, value in rows if name}


def curl(url, *options):
    with tempfile.TemporaryDirectory(prefix="portcullis-curl-") as folder:
        heads, body = os.path.join(folder, "heads"), os.path.join(folder, "body")
        done = subprocess.run(["curl", "-sSk", "--max-time", "30", "--interface", FROM, "-H", f"Host: {HOST}",
                               "-D", heads, "-o", body, *options, url], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
        got = b"" if "-I" in options else read(body)  # with -I it writes the head there as well
        return Seen(done.returncode, done.stderr.decode(), read(heads).decode("latin-1"), got, done.stdout.decode())


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return b""
