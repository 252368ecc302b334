#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python_server: `python3 -m http.server` of the current folder, which takes uploads as well. It speaks HTTP/1.0: each
answer ends its connection. usage: python_server.py PORT"""
import hashlib
import http.server
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        body = self._chunks() if self.headers["Transfer-Encoding"] == "chunked" else \
            self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"%d %s\n" % (len(body), hashlib.sha256(body).hexdigest().encode()))

    do_PUT = do_POST

    def _chunks(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
