"""Makes the Secret of a local installation by chance, if there is none yet. Of a Secret that is there nothing is changed.

    make_secrets.py NAME

It runs in the cluster, as the Job make-secrets, by the account of its pod. Standard library only.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import ssl
import string
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ACCOUNT = Path(os.environ.get("ACCOUNT", "/var/run/secrets/kubernetes.io/serviceaccount"))
# So long the console's tokens are good.
TOKEN_DAYS = 3650
ISSUER = "bellwether"


def word(length: int) -> str:
    """Letters and digits by chance: some 5.9 bits each, and nothing that a URL or a shell would read otherwise."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def base64url(data: bytes) -> bytes:
    """As JSON Web Tokens write bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def jwt(secret: str, audience: str, now: int) -> str:
    """A token by which the console asks an environment's api."""
    claims = {
        "iss": ISSUER,
        "aud": audience,
        "sub": "config-admin",
        "scope": "predict config",
        "iat": now,
        "exp": now + TOKEN_DAYS * 24 * 3600,
    }
    parts = [base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signed = b".".join(parts)
    return b".".join([signed, base64url(hmac.digest(secret.encode(), signed, hashlib.sha256))]).decode()


def values(now: int, namespace: str) -> dict[str, str]:
    """All that a local installation has to keep to itself, by the Secret's keys. `now` is in seconds since 1970."""
    database, jwt_secret = word(32), word(48)
    return {
        "database-password": database,
        "database-root-password": word(32),
        "redis-password": word(32),
        "api-token": word(32),
        "jwt-secret": jwt_secret,
        "console-token-stage": jwt(jwt_secret, "bellwether-stage", now),
        "console-token-prod": jwt(jwt_secret, "bellwether-prod", now),
        "first-password": word(20),
        "keda-connection": f"bellwether:{database}@tcp(mysql.{namespace}.svc:3306)/bellwether",
    }


def create(name: str, namespace: str) -> int:
    """Asks the Kubernetes api for the Secret; answers the status."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    address = f"[{host}]" if ":" in host else host
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/part-of": "bellwether"}},
        "type": "Opaque",
        "stringData": values(int(time.time()), namespace),
    }
    request = urllib.request.Request(
        f"https://{address}:{port}/api/v1/namespaces/{namespace}/secrets",
        data=json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {(ACCOUNT / 'token').read_text().strip()}",
            "Content-Type": "application/json",
        },
        method="POST",
    )
    trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    try:
        with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        # Its body may quote what was sent, so it is not told.
        return error.code


def main(name: str) -> int:
    """Makes the Secret, and says how to read the first password."""
    namespace = os.environ["NAMESPACE"]
    status = create(name, namespace)
    if status == 409:
        print(f"the Secret {name} is there already and stays as it is")
    elif status == 201:
        print(f"made the Secret {name}")
    else:
        print(f"the Kubernetes api answers {status}: the Secret {name} was not made")
        return 1
    print("the first user is admin; the password is shown by")
    print(
        f"kubectl -n {namespace} get secret {name} "
        "-o jsonpath='{.data.first-password}' | base64 -d; echo"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
