-- What became of clients; the newest prediction of each; what a day's drift was. A statement that was retracted stays,
-- without an outcome, so that an older one that comes late does not bring it back.

CREATE TABLE IF NOT EXISTS outcomes (
    client_id    VARCHAR(255) NOT NULL,
    id           VARCHAR(255) NOT NULL,
    churned      BOOLEAN,
    occurred_at  DATETIME(6)  NOT NULL,
    corrected_at DATETIME(6)  NOT NULL,
    PRIMARY KEY (client_id, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

-- at_risk is prediction times ltv, set for those of high risk only.
CREATE TABLE IF NOT EXISTS client_standing (
    client_id      VARCHAR(255)    NOT NULL PRIMARY KEY,
    uid            BINARY(16)      NOT NULL,
    at             DATETIME(6)     NOT NULL,
    treatment      VARCHAR(16)     NOT NULL,
    model          VARCHAR(255),
    prediction     DOUBLE,
    high_risk      BOOLEAN         NOT NULL,
    ltv            DOUBLE          NOT NULL,
    at_risk        DOUBLE,
    config_version BIGINT UNSIGNED NOT NULL,
    KEY client_standing_by_risk (at_risk, client_id),
    KEY client_standing_by_age (uid)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

-- The document is text, not JSON: it is given back letter by letter.
CREATE TABLE IF NOT EXISTS drift_days (
    environment   VARCHAR(64)     NOT NULL,
    model         VARCHAR(255)    NOT NULL,
    day           DATE            NOT NULL,
    compared_rows BIGINT UNSIGNED NOT NULL,
    document      LONGTEXT        NOT NULL,
    computed_at   DATETIME(6)     NOT NULL,
    PRIMARY KEY (environment, model, day)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;
