-- The truth about prediction emails; queues are refilled from here. next_attempt_at is set while
-- something is still to be done: when the job may be tried, or in `sending` when its claim runs out.

CREATE TABLE email_jobs (
    uid             TEXT    NOT NULL PRIMARY KEY,
    state           TEXT    NOT NULL CHECK (state IN ('queued', 'sending', 'retrying', 'sent', 'parked')),
    turn            INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0,
    crashes         INTEGER NOT NULL DEFAULT 0,
    last_error      TEXT,
    created_at      TEXT    NOT NULL,
    queued_at       TEXT    NOT NULL,
    updated_at      TEXT    NOT NULL,
    next_attempt_at TEXT,
    sent_at         TEXT,
    client_id       TEXT,
    delivered       TEXT    NOT NULL DEFAULT '[]',
    payload         TEXT    NOT NULL
);
CREATE INDEX email_jobs_due ON email_jobs (next_attempt_at, uid) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX email_jobs_oldest ON email_jobs (queued_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX email_jobs_by_state ON email_jobs (state, updated_at);
CREATE INDEX email_jobs_of_client ON email_jobs (client_id) WHERE client_id IS NOT NULL;
