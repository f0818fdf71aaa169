"""Makes the buckets that it is named, and makes them again whenever the server beside it has started anew and lost them.

    seed.py BUCKET ...
"""

import os
import signal
import sys
import time
import urllib.error
import urllib.request

SERVER = os.environ.get("SERVER", "http://127.0.0.1:5000")
PAUSE_SECONDS = float(os.environ.get("PAUSE_SECONDS", "3"))


def ask(method: str, bucket: str) -> int:
    """The status of a request for a bucket."""
    request = urllib.request.Request(f"{SERVER}/{bucket}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def seed(bucket: str) -> None:
    """Makes the bucket if it is not there."""
    if ask("HEAD", bucket) == 404:
        print(f"{bucket}: made, status {ask('PUT', bucket)}")


def main(buckets: list[str]) -> None:
    """Looks after the buckets until it is stopped."""
    # As the first process of its container it is not ended by a signal that it does not ask for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        for bucket in buckets:
            try:
                seed(bucket)
            except OSError as error:
                print(f"{bucket}: {SERVER} does not answer yet: {error}")
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1:])
