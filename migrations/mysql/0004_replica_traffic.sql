-- Replicas say what they answered since their config version went live.

SET @missing = (SELECT count(*) = 0 FROM information_schema.columns
                WHERE table_schema = database() AND table_name = 'replicas' AND column_name = 'traffic');
SET @addition = IF(@missing, 'ALTER TABLE replicas ADD COLUMN traffic MEDIUMTEXT NULL', 'DO 0');
PREPARE addition FROM @addition;
EXECUTE addition;
DEALLOCATE PREPARE addition;
