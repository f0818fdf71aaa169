"""Predictions that go on while containers are killed: what was answered is noted, what was not is only counted."""

import http.client
import threading
import time

from stack import DATABASES, Stack

# Between two questions of one thread: some ten a second for each environment.
PACE_SECONDS = 0.1
# What a client whose connection fails waits before it asks again.
PAUSE_SECONDS = 0.05

BODY = {"acquired_date": "2021-01-09", "activity_score": 0.6544, "xp_points": 1200}


class Load:
    """Asks both apis, until it is left. `answered` holds, by environment, (uid, when) of every answer."""

    def __init__(self, stack: Stack, environments=tuple(DATABASES)):
        self.stack = stack
        self.answered = {environment: [] for environment in environments}
        self.failed = dict.fromkeys(environments, 0)
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(each,), daemon=True) for each in environments]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def ask(self, environment: str):
        client = 0
        while not self.over.is_set():
            client += 1
            try:
                answer = self.stack.predict(environment, BODY | {"client_id": f"load-{client % 500}"})
            except (OSError, http.client.HTTPException, ValueError):
                # Refused, cut off, or an answer that did not come whole: it was not answered.
                self.failed[environment] += 1
                self.over.wait(PAUSE_SECONDS)
                continue
            self.answered[environment].append((answer["uid"], time.time()))
            self.over.wait(PACE_SECONDS)

    def uids(self, environment: str, since: float = 0) -> set:
        return {uid for uid, at in list(self.answered[environment]) if at >= since}

    def count(self, environment: str) -> int:
        return len(self.answered[environment])
