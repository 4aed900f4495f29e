"""A web site: static files, bytes to download, uploads that are summed up.

  site.py FOLDER CERTIFICATE KEY ADDRESS...

Serves HTTPS at port 443 and HTTP at port 80 of each address. GET /bytes/N gives N bytes, and their SHA-256 as a header;
PUT answers with the SHA-256 of what came. Each request is a line on standard output.
"""
import hashlib, http.server, socket, ssl, sys, threading  # noqa: E401

folder, certificate, key, *addresses = sys.argv[1:]
BLOCK = bytes(range(256)) * 4096


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def __init__(self, *arguments):
        super().__init__(*arguments, directory=folder)

    def do_GET(self):
        if not self.path.startswith('/bytes/'):
            return super().do_GET()
        left = int(self.path.removeprefix('/bytes/'))
        self.send_response(200)
        self.send_header('Content-Length', str(left))
        self.end_headers()
        while left:
            part = BLOCK[:left]
            self.wfile.write(part)
            left -= len(part)

    def do_PUT(self):
        if self.headers.get('Expect') == '100-continue':
            self.send_response_only(100)
            self.end_headers()
        total, left = hashlib.sha256(), int(self.headers['Content-Length'])
        while left:
            part = self.rfile.read(min(left, 1 << 20))
            total.update(part)
            left -= len(part)
        answer = total.hexdigest().encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def handle_expect_100(self):
        return True

    def log_message(self, form, *words):
        print(self.headers.get('Host') if getattr(self, 'headers', None) else '', form % words, flush=True)


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, address, port, context):
        self.address_family = socket.AF_INET6 if ':' in address else socket.AF_INET
        self.context = context
        super().__init__((address, port), Handler)

    def finish_request(self, request, client):
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client)

    def handle_error(self, *_):
        pass


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)
for address in addresses:
    for port, secret in ((443, context), (80, None)):
        threading.Thread(target=Server(address, port, secret).serve_forever, daemon=True).start()
print('ready', file=sys.stderr, flush=True)
threading.Event().wait()
