"""An SMTP server (aiosmtpd) that demands STARTTLS and a password, for tests.

Prints one JSON object a line: `{"port": ...}` once it listens, then one for each message it took.
Usage: smtp_sink.py CERTIFICATE KEY USER PASSWORD. Ends when its standard input is closed.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def say(**what):
    print(json.dumps(what), flush=True)


class Sink:
    async def handle_DATA(self, server, session, envelope):
        say(
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            encrypted=session.ssl is not None,
            user=session.auth_data.decode() if session.auth_data else None,
            data=envelope.content.decode(),
        )
        return "250 taken"


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        ok = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=ok, handled=False, auth_data=user.encode() if ok else None)

    return check


async def serve(certificate, key, user, password):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def protocol():
        return SMTP(
            Sink(),
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticator(user, password),
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0)
    say(port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
