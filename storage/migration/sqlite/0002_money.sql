-- Who pays for a job, in which purses a call is booked, and what was foretold.

ALTER TABLE jobs ADD COLUMN workspace TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN channel   TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN approval  TEXT NOT NULL DEFAULT 'never'; -- never, always, over $X
UPDATE jobs SET approval = 'always' WHERE ask = 1;
ALTER TABLE jobs DROP COLUMN ask;
ALTER TABLE jobs ADD COLUMN branch_purses INTEGER NOT NULL DEFAULT 0; -- 1: some node has a purse of its own
ALTER TABLE jobs ADD COLUMN finishing     INTEGER NOT NULL DEFAULT 0; -- 1: it ends with what there is
ALTER TABLE jobs ADD COLUMN shortage      TEXT NOT NULL DEFAULT '';   -- JSON of what money is missing; empty: none
ALTER TABLE jobs ADD COLUMN money_asked   INTEGER NOT NULL DEFAULT 0; -- questions about money that were answered
ALTER TABLE jobs ADD COLUMN refill_at     INTEGER NOT NULL DEFAULT 0; -- when it goes on by itself

ALTER TABLE purses ADD COLUMN exceeded INTEGER NOT NULL DEFAULT 0; -- calls that cost more than was reserved

-- The purses that a call is booked in: "job:ID", "node:ID", "day:DATE:USER",
-- "month:MONTH:WORKSPACE".
CREATE TABLE holds (
  call_id INTEGER NOT NULL,
  purse   TEXT NOT NULL,
  PRIMARY KEY (call_id, purse)
) STRICT, WITHOUT ROWID;
INSERT INTO holds SELECT id, 'job:' || job_id FROM calls;

CREATE TABLE forecasts (
  job_id       TEXT NOT NULL,
  revision     INTEGER NOT NULL, -- of the plan
  cost_low     INTEGER NOT NULL,
  cost_high    INTEGER NOT NULL,
  time_low_ms  INTEGER NOT NULL,
  time_high_ms INTEGER NOT NULL,
  steps        INTEGER NOT NULL,
  learned      INTEGER NOT NULL,
  unpriced     INTEGER NOT NULL,
  PRIMARY KEY (job_id, revision)
) STRICT, WITHOUT ROWID;
