-- The last change of a job's plan that people wished for while it waited for approval.
CREATE TABLE rewrites (
  job_id    TEXT PRIMARY KEY,
  revision  INTEGER NOT NULL, -- of the plan that is to be changed
  cheaper   INTEGER NOT NULL, -- 1: it is to be cheaper, and no more was said
  wish      TEXT NOT NULL,
  user_name TEXT NOT NULL,
  plan      TEXT NOT NULL,    -- JSON of that plan; empty once the change is over
  state     TEXT NOT NULL,    -- open, done, failed
  note      TEXT NOT NULL     -- what came of it, for people
) STRICT;
