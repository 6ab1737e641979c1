-- Whether nothing of a job may go to a provider that is not private.

ALTER TABLE jobs ADD COLUMN private INTEGER NOT NULL DEFAULT 0;
