-- Replicas say what they answered since their config version went live.

ALTER TABLE replicas ADD COLUMN traffic TEXT;
