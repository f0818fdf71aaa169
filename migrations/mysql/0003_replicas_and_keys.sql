-- Replicas say what they run; callers' idempotency keys name the job that answers them.

CREATE TABLE IF NOT EXISTS replicas (
    environment       VARCHAR(64)     NOT NULL,
    replica           VARCHAR(255)    NOT NULL,
    version           BIGINT UNSIGNED,
    sha256            VARCHAR(64),
    bundles           MEDIUMTEXT      NOT NULL,
    refused           MEDIUMTEXT,
    journal_oldest_at DATETIME(6),
    started_at        DATETIME(6)     NOT NULL,
    at                DATETIME(6)     NOT NULL,
    PRIMARY KEY (environment, replica),
    KEY replicas_by_age (at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

CREATE TABLE IF NOT EXISTS idempotency_keys (
    caller      VARCHAR(255) NOT NULL,
    `key`       VARCHAR(255) NOT NULL,
    fingerprint VARCHAR(64)  NOT NULL,
    job_id      BINARY(16)   NOT NULL,
    created_at  DATETIME(6)  NOT NULL,
    PRIMARY KEY (caller, `key`),
    KEY idempotency_keys_by_age (created_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;
