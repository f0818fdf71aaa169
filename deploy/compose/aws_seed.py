"""Makes, in the stand-in for AWS, what Bellwether needs of it: the archive's bucket, and the secrets, from its own
environment. It goes on looking, since the stand-in forgets everything when it is started anew.

`aws_seed.py` runs for ever; `aws_seed.py healthy` ends with 0 if all is there. Python's own library only."""

import base64
import hashlib
import hmac
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request

LOOK_SECONDS = 2
ENVIRONMENTS = ("prod", "stage")
TOKEN_DAYS = 365


def jwt(secret: str, audience: str, subject: str, scopes: str, now: int) -> str:
    """A JSON Web Token (HS256) as the api takes it; `now` in seconds since 1970."""
    claims = {"iss": "bellwether", "aud": audience, "sub": subject, "scope": scopes}
    claims |= {"iat": now, "exp": now + TOKEN_DAYS * 86400}
    parts = [part(json.dumps(each).encode()) for each in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signature = hmac.new(secret.encode(), ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, part(signature.digest())])


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def secrets(environment, now: int) -> dict:
    """Every secret by its name, as fields."""
    made = {
        "bellwether/database": {"username": "bellwether", "password": environment["MYSQL_PASSWORD"]},
        "bellwether/redis": {"password": environment["REDIS_PASSWORD"]},
    }
    for name in ENVIRONMENTS:
        secret = environment[f"{name.upper()}_JWT_SECRET"]
        made[f"bellwether/{name}"] = {
            "token": environment[f"{name.upper()}_API_TOKEN"],
            "jwt_secret": secret,
            "console_token": jwt(secret, f"bellwether-{name}", "config-admin", "predict config", now),
        }
    return made


class Aws:
    """The stand-in. It checks no signature; it reads from their scope which service is meant."""

    def __init__(self, environment):
        self.url = environment["AWS_ENDPOINT_URL"].rstrip("/")
        self.region = environment["AWS_REGION"]

    def call(self, method: str, path: str, service: str, headers: dict, body: bytes | None = None) -> bytes:
        scope = f"local/20260101/{self.region}/{service}/aws4_request"
        signature = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        headers = {"Authorization": signature, **headers}
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read()

    def secrets_manager(self, operation: str, **body) -> dict:
        kind = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"secretsmanager.{operation}"}
        return json.loads(self.call("POST", "/", "secretsmanager", kind, json.dumps(body).encode()))

    def has_bucket(self, name: str) -> bool:
        return found(lambda: self.call("HEAD", f"/{name}", "s3", {}))

    def make_bucket(self, name: str):
        # The first region of all is the one that must not be named.
        where = "" if self.region == "us-east-1" else f"<LocationConstraint>{self.region}</LocationConstraint>"
        body = f"<CreateBucketConfiguration>{where}</CreateBucketConfiguration>" if where else ""
        self.call("PUT", f"/{name}", "s3", {"Content-Type": "application/xml"}, body.encode())

    def has_secret(self, name: str) -> bool:
        return found(lambda: self.secrets_manager("DescribeSecret", SecretId=name))

    def write_secret(self, name: str, fields: dict):
        text = json.dumps(fields)
        if self.has_secret(name):
            self.secrets_manager("PutSecretValue", SecretId=name, SecretString=text)
        else:
            self.secrets_manager("CreateSecret", Name=name, SecretString=text)


def found(ask) -> bool:
    """Whether what is asked for is there; the stand-in answers 400 for a secret that it does not know."""
    try:
        ask()
    except urllib.error.HTTPError as error:
        if error.code in (400, 404):
            return False
        raise
    return True


def missing(aws: Aws, bucket: str, names) -> list:
    return [name for name in names if not aws.has_secret(name)] + ([] if aws.has_bucket(bucket) else [bucket])


def run(environment):
    aws, bucket = Aws(environment), environment["ARCHIVE_BUCKET"]
    wanted = secrets(environment, int(time.time()))
    written = False
    while True:
        try:
            # The first time all of them: .env may say other passwords than when they were made.
            lacking = missing(aws, bucket, wanted) if written else [*wanted, bucket]
            for name in lacking:
                if name in wanted:
                    aws.write_secret(name, wanted[name])
                elif not aws.has_bucket(name):
                    aws.make_bucket(name)
            written = True
            if lacking:
                print("written:", ", ".join(lacking), flush=True)
        except OSError as error:
            print("the stand-in cannot be asked:", error, flush=True)
        time.sleep(LOOK_SECONDS)


def is_healthy(environment) -> bool:
    names = secrets(environment, 0)
    try:
        return not missing(Aws(environment), environment["ARCHIVE_BUCKET"], names)
    except OSError:
        return False


if __name__ == "__main__":
    if sys.argv[1:] == ["healthy"]:
        sys.exit(0 if is_healthy(os.environ) else 1)
    # The first process of a container is not ended by a signal that it does not ask for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    run(os.environ)
