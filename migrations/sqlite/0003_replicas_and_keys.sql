-- Replicas say what they run; callers' idempotency keys name the job that answers them; of email jobs with
-- one dedupe key the first is taken.

CREATE TABLE replicas (
    environment       TEXT    NOT NULL,
    replica           TEXT    NOT NULL,
    version           INTEGER,
    sha256            TEXT,
    bundles           TEXT    NOT NULL,
    refused           TEXT,
    journal_oldest_at TEXT,
    started_at        TEXT    NOT NULL,
    at                TEXT    NOT NULL,
    PRIMARY KEY (environment, replica)
) WITHOUT ROWID;

CREATE TABLE idempotency_keys (
    caller      TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    job_id      TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    PRIMARY KEY (caller, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

ALTER TABLE email_jobs ADD COLUMN dedupe_key TEXT;
CREATE UNIQUE INDEX email_jobs_by_dedupe_key ON email_jobs (dedupe_key) WHERE dedupe_key IS NOT NULL;
