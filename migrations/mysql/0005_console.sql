-- What the config console keeps. A proposal is its content; its other columns are for queries. A line of the audit
-- log is kept as it was hashed, and its end apart from it, so that lines cut off at the end are missed. JSON is
-- text here: it is given back letter by letter.
--
-- No trigger keeps lines from being changed: where a server writes a binary log, as MySQL does unless told
-- otherwise, only its administrators may make triggers. The chain of hashes shows a change.

CREATE TABLE IF NOT EXISTS proposals (
    id         BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    revision   BIGINT UNSIGNED NOT NULL,
    state      VARCHAR(16)     NOT NULL,
    author     VARCHAR(255)    NOT NULL,
    sha256     VARCHAR(64)     NOT NULL,
    passed     BOOLEAN         NOT NULL,
    updated_at DATETIME(6)     NOT NULL,
    content    LONGTEXT        NOT NULL,
    KEY proposals_by_state (state),
    KEY proposals_that_passed (sha256, passed)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

CREATE TABLE IF NOT EXISTS audit_log (
    seq      BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    at       DATETIME(6)     NOT NULL,
    actor    TEXT            NOT NULL,
    action   VARCHAR(255)    NOT NULL,
    subject  TEXT            NOT NULL,
    detail   LONGTEXT        NOT NULL,
    previous VARCHAR(64)     NOT NULL,
    hash     VARCHAR(64)     NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

-- One row, which every change locks first: so one is made at a time.
CREATE TABLE IF NOT EXISTS audit_head (
    id           TINYINT UNSIGNED NOT NULL PRIMARY KEY,
    seq          BIGINT UNSIGNED  NOT NULL,
    hash         VARCHAR(64)      NOT NULL,
    archived_seq BIGINT UNSIGNED  NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;
INSERT INTO audit_head (id, seq, hash, archived_seq) VALUES (1, 0, '', 0) ON DUPLICATE KEY UPDATE id = id;

CREATE TABLE IF NOT EXISTS sessions (
    id_hash    VARCHAR(64)  NOT NULL PRIMARY KEY,
    user       VARCHAR(255) NOT NULL,
    csrf       VARCHAR(255) NOT NULL,
    created_at DATETIME(6)  NOT NULL,
    seen_at    DATETIME(6)  NOT NULL,
    expires_at DATETIME(6)  NOT NULL,
    address    VARCHAR(255) NOT NULL,
    agent      VARCHAR(255) NOT NULL,
    KEY sessions_of_user (user),
    KEY sessions_by_end (expires_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

CREATE TABLE IF NOT EXISTS login_failures (
    `key`    VARCHAR(255) NOT NULL PRIMARY KEY,
    failures INT UNSIGNED NOT NULL,
    last_at  DATETIME(6)  NOT NULL,
    KEY login_failures_by_age (last_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

CREATE TABLE IF NOT EXISTS console_tokens (
    id         VARCHAR(64)  NOT NULL PRIMARY KEY,
    hash       VARCHAR(64)  NOT NULL,
    name       VARCHAR(255) NOT NULL,
    owner      VARCHAR(255) NOT NULL,
    role       VARCHAR(16)  NOT NULL,
    created_at DATETIME(6)  NOT NULL,
    expires_at DATETIME(6)  NOT NULL,
    revoked_at DATETIME(6),
    used_at    DATETIME(6)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

CREATE TABLE IF NOT EXISTS golden_payloads (
    name               VARCHAR(100) NOT NULL PRIMARY KEY,
    payload            LONGTEXT     NOT NULL,
    expected_high_risk BOOLEAN,
    author             VARCHAR(255) NOT NULL,
    updated_at         DATETIME(6)  NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

SET @missing = (SELECT count(*) = 0 FROM information_schema.columns
                WHERE table_schema = database() AND table_name = 'users' AND column_name = 'email');
SET @alteration = IF(@missing, 'ALTER TABLE users ADD COLUMN email VARCHAR(255) NULL', 'DO 0');
PREPARE alteration FROM @alteration;
EXECUTE alteration;
DEALLOCATE PREPARE alteration;

SET @missing = (SELECT count(*) = 0 FROM information_schema.columns
                WHERE table_schema = database() AND table_name = 'config_version' AND column_name = 'provenance');
SET @alteration = IF(@missing, 'ALTER TABLE config_version ADD COLUMN provenance TEXT NULL', 'DO 0');
PREPARE alteration FROM @alteration;
EXECUTE alteration;
DEALLOCATE PREPARE alteration;
