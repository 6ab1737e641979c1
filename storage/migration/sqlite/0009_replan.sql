-- A step that is planned anew in place of those beside it, which all failed.
ALTER TABLE nodes ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
CREATE INDEX nodes_again ON nodes (job_id, parent_id) WHERE again = 1;
