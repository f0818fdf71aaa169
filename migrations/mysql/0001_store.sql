-- What both MySQL and MariaDB take; see ../README.md. Text compares exactly, by code point, trailing spaces
-- included: each server has that collation under a name of its own. Times are UTC. uids are UUIDv7 in binary,
-- which order by time.

CREATE TABLE IF NOT EXISTS config_version (
    environment  VARCHAR(64)     NOT NULL,
    version      BIGINT UNSIGNED NOT NULL,
    parent       BIGINT UNSIGNED,
    document     LONGTEXT        NOT NULL,
    sha256       VARCHAR(64)     NOT NULL,
    author       VARCHAR(255)    NOT NULL,
    reason       TEXT            NOT NULL,
    created_at   DATETIME(6)     NOT NULL,
    stage_report LONGTEXT,
    PRIMARY KEY (environment, version)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

-- A partition a day, so that old days drop at once; `future` takes what comes before the next days are made.
-- JSON gives every float back to the bit, on both servers; only the order of keys is lost on MySQL.
CREATE TABLE IF NOT EXISTS model_logs (
    uid                   BINARY(16)      NOT NULL PRIMARY KEY,
    logging_timestamp     DATETIME(6)     NOT NULL,
    client_id             VARCHAR(255),
    treatment             VARCHAR(16)     NOT NULL,
    model                 VARCHAR(255),
    prediction            DOUBLE,
    config_version        BIGINT UNSIGNED NOT NULL,
    input_output_payloads JSON            NOT NULL,
    KEY model_logs_of_client (client_id, uid)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */
PARTITION BY RANGE COLUMNS (uid) (PARTITION future VALUES LESS THAN (MAXVALUE));

CREATE TABLE IF NOT EXISTS client_features (
    client_id VARCHAR(255) NOT NULL PRIMARY KEY,
    features  JSON         NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

CREATE TABLE IF NOT EXISTS client_ltv (
    client_id VARCHAR(255) NOT NULL PRIMARY KEY,
    ltv       DOUBLE       NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

CREATE TABLE IF NOT EXISTS users (
    name          VARCHAR(255) NOT NULL PRIMARY KEY,
    password_hash VARCHAR(255) NOT NULL,
    role          VARCHAR(16)  NOT NULL,
    created_at    DATETIME(6)  NOT NULL,
    disabled      BOOLEAN      NOT NULL DEFAULT FALSE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;
