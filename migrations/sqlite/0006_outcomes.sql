-- What became of clients; the newest prediction of each; what a day's drift was. A statement that was retracted stays,
-- without an outcome, so that an older one that comes late does not bring it back.

CREATE TABLE outcomes (
    client_id    TEXT NOT NULL,
    id           TEXT NOT NULL,
    churned      INTEGER CHECK (churned IN (0, 1)),
    occurred_at  TEXT NOT NULL,
    corrected_at TEXT NOT NULL,
    PRIMARY KEY (client_id, id)
) WITHOUT ROWID;

-- at_risk is prediction times ltv, set for those of high risk only.
CREATE TABLE client_standing (
    client_id      TEXT    NOT NULL PRIMARY KEY,
    uid            TEXT    NOT NULL,
    at             TEXT    NOT NULL,
    treatment      TEXT    NOT NULL,
    model          TEXT,
    prediction     REAL,
    high_risk      INTEGER NOT NULL CHECK (high_risk IN (0, 1)),
    ltv            REAL    NOT NULL,
    at_risk        REAL,
    config_version INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX client_standing_by_risk ON client_standing (at_risk, client_id) WHERE at_risk IS NOT NULL;
CREATE INDEX client_standing_by_age ON client_standing (uid);

CREATE TABLE drift_days (
    environment   TEXT    NOT NULL,
    model         TEXT    NOT NULL,
    day           TEXT    NOT NULL,
    compared_rows INTEGER NOT NULL,
    document      TEXT    NOT NULL,
    computed_at   TEXT    NOT NULL,
    PRIMARY KEY (environment, model, day)
) WITHOUT ROWID;
