-- What the config console keeps. A proposal is its content; its other columns are for queries. A line of the audit
-- log is kept as it was hashed, and its end apart from it, so that lines cut off at the end are missed.

CREATE TABLE proposals (
    id         INTEGER NOT NULL PRIMARY KEY,
    revision   INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    author     TEXT    NOT NULL,
    sha256     TEXT    NOT NULL,
    passed     INTEGER NOT NULL CHECK (passed IN (0, 1)),
    updated_at TEXT    NOT NULL,
    content    TEXT    NOT NULL
);
CREATE INDEX proposals_by_state ON proposals (state);
CREATE INDEX proposals_that_passed ON proposals (sha256, passed);

CREATE TABLE audit_log (
    seq      INTEGER NOT NULL PRIMARY KEY,
    at       TEXT    NOT NULL,
    actor    TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    previous TEXT    NOT NULL,
    hash     TEXT    NOT NULL
);
CREATE TRIGGER audit_log_is_never_changed BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'a line of the audit log is never changed');
END;
CREATE TRIGGER audit_log_is_never_cut BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'a line of the audit log is never taken away');
END;

-- One row.
CREATE TABLE audit_head (
    id           INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq          INTEGER NOT NULL,
    hash         TEXT    NOT NULL,
    archived_seq INTEGER NOT NULL
);
INSERT INTO audit_head (id, seq, hash, archived_seq) VALUES (1, 0, '', 0);

CREATE TABLE sessions (
    id_hash    TEXT NOT NULL PRIMARY KEY,
    user       TEXT NOT NULL,
    csrf       TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seen_at    TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    address    TEXT NOT NULL,
    agent      TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_of_user ON sessions (user);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE login_failures (
    key      TEXT    NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at  TEXT    NOT NULL
) WITHOUT ROWID;
CREATE INDEX login_failures_by_age ON login_failures (last_at);

CREATE TABLE console_tokens (
    id         TEXT NOT NULL PRIMARY KEY,
    hash       TEXT NOT NULL,
    name       TEXT NOT NULL,
    owner      TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT,
    used_at    TEXT
) WITHOUT ROWID;

CREATE TABLE golden_payloads (
    name               TEXT NOT NULL PRIMARY KEY,
    payload            TEXT NOT NULL,
    expected_high_risk INTEGER,
    author             TEXT NOT NULL,
    updated_at         TEXT NOT NULL
) WITHOUT ROWID;

ALTER TABLE users ADD COLUMN email TEXT;
ALTER TABLE config_version ADD COLUMN provenance TEXT;
