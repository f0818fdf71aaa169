-- The truth about prediction emails; queues are refilled from here. next_attempt_at is set while
-- something is still to be done: when the job may be tried, or in `sending` when its claim runs out.
-- The payload is text, not JSON: it is given back letter by letter.

CREATE TABLE IF NOT EXISTS email_jobs (
    uid             BINARY(16)   NOT NULL PRIMARY KEY,
    state           VARCHAR(16)  NOT NULL,
    turn            INT UNSIGNED NOT NULL DEFAULT 0,
    attempts        INT UNSIGNED NOT NULL DEFAULT 0,
    crashes         INT UNSIGNED NOT NULL DEFAULT 0,
    last_error      MEDIUMTEXT,
    created_at      DATETIME(6)  NOT NULL,
    queued_at       DATETIME(6)  NOT NULL,
    updated_at      DATETIME(6)  NOT NULL,
    next_attempt_at DATETIME(6),
    sent_at         DATETIME(6),
    client_id       VARCHAR(255),
    dedupe_key      VARCHAR(512),
    delivered       MEDIUMTEXT   NOT NULL,
    payload         LONGTEXT     NOT NULL,
    UNIQUE KEY email_jobs_by_dedupe_key (dedupe_key),
    KEY email_jobs_due (next_attempt_at, uid),
    KEY email_jobs_by_state (state, updated_at, uid),
    KEY email_jobs_oldest (state, queued_at),
    KEY email_jobs_of_client (client_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;
