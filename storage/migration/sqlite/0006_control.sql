-- What people do to running jobs.

ALTER TABLE nodes ADD COLUMN busy INTEGER NOT NULL DEFAULT 0;   -- nodes below that workers hold
ALTER TABLE nodes ADD COLUMN before TEXT NOT NULL DEFAULT '';   -- of a paused node: the status it goes back to
ALTER TABLE nodes ADD COLUMN before_reason TEXT NOT NULL DEFAULT '';
CREATE INDEX nodes_wished ON nodes (job_id, id) WHERE desired <> 'run' AND completed_at = 0;

CREATE TABLE audit (
  id        INTEGER PRIMARY KEY,
  job_id    TEXT NOT NULL,
  at        INTEGER NOT NULL,
  user_name TEXT NOT NULL,
  surface   TEXT NOT NULL,
  verb      TEXT NOT NULL,
  path      TEXT NOT NULL,
  detail    TEXT NOT NULL
) STRICT;
CREATE INDEX audit_job ON audit (job_id, id);

-- what waits for a person or a time: few rows of any tree
CREATE INDEX nodes_waits ON nodes (job_id, id)
  WHERE completed_at = 0 AND reason IN ('approval', 'question', 'budget', 'effect_unknown', 'user', 'retry_at', 'rate_limit');
