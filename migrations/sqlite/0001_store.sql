-- Times are UTC text in RFC 3339, which orders as time does. uids are hyphenated text, so that
-- a person with a SQLite shell can read them; UUIDv7 orders by time too.

CREATE TABLE config_version (
    environment  TEXT    NOT NULL,
    version      INTEGER NOT NULL CHECK (version >= 1),
    parent       INTEGER,
    document     TEXT    NOT NULL,
    sha256       TEXT    NOT NULL,
    author       TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    created_at   TEXT    NOT NULL,
    stage_report TEXT,
    PRIMARY KEY (environment, version)
) WITHOUT ROWID;

CREATE TABLE model_logs (
    uid                   TEXT    NOT NULL PRIMARY KEY,
    logging_timestamp     TEXT    NOT NULL,
    client_id             TEXT,
    treatment             TEXT    NOT NULL,
    model                 TEXT,
    prediction            REAL,
    config_version        INTEGER NOT NULL,
    input_output_payloads TEXT    NOT NULL
);
CREATE INDEX model_logs_of_client ON model_logs (client_id, uid) WHERE client_id IS NOT NULL;

CREATE TABLE client_features (
    client_id TEXT NOT NULL PRIMARY KEY,
    features  TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE client_ltv (
    client_id TEXT NOT NULL PRIMARY KEY,
    ltv       REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE users (
    name          TEXT    NOT NULL PRIMARY KEY,
    password_hash TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('viewer', 'editor', 'approver', 'admin')),
    created_at    TEXT    NOT NULL,
    disabled      INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1))
) WITHOUT ROWID;
