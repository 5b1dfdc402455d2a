"""A real mail server for the tests: prints its port, then each mail that it took as a line of JSON.

smtp_server.py CERT KEY MODE, where MODE is what it does with a mail: take, refuse, greylist, slow or drop.
It offers STARTTLS, takes no mail before it, and wants user "kinlink" with password "right".
"""

import asyncio
import json
import socket
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, mode):
        self.mode = mode
        self.seen = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.seen += 1
        if self.mode == "refuse":
            return "550 no such mailbox"
        if self.mode == "greylist" and self.seen == 1:
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.mode == "slow":
            await asyncio.sleep(30)
        if self.mode == "drop":
            server.transport.abort()
            return "250 never said"
        print(json.dumps({
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "user": session.authenticated,
            "source": envelope.content.decode("utf-8", "replace"),
        }), flush=True)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    right = data.login == b"kinlink" and data.password == b"right"
    # Not handled here: the server then says 235 or 535 itself.
    return AuthResult(success=right, handled=False)


def main():
    certificate, key, mode = sys.argv[1:4]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Server(Controller):
        def factory(self):
            return SMTP(
                self.handler,
                require_starttls=True,
                tls_context=context,
                authenticator=authenticate,
                auth_required=True,
                auth_require_tls=True,
                hostname="localhost",
            )

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Server(Handler(mode), hostname="127.0.0.1", port=port, ready_timeout=20)
    controller.start()
    print(port, flush=True)
    sys.stdin.read()
    controller.stop()


main()
