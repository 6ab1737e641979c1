CREATE TABLE schedules (
  id         TEXT PRIMARY KEY,
  user_name  TEXT NOT NULL,
  workspace  TEXT NOT NULL,
  channel    TEXT NOT NULL,
  thread     TEXT NOT NULL,
  request    TEXT NOT NULL,
  priority   TEXT NOT NULL,
  model      TEXT NOT NULL,
  budget     INTEGER NOT NULL,       -- of a run; negative: no limit
  month_budget INTEGER NOT NULL,     -- negative: no limit
  ask        INTEGER NOT NULL,
  words      TEXT NOT NULL,
  spec       TEXT NOT NULL,
  zone       TEXT NOT NULL,
  missed     TEXT NOT NULL,
  overlap    TEXT NOT NULL,
  state      TEXT NOT NULL,
  next_run   INTEGER NOT NULL,       -- the slot that is due next
  waiting    INTEGER NOT NULL DEFAULT 0, -- a slot that waits for the job before it
  last_run   INTEGER NOT NULL DEFAULT 0, -- the slot that was submitted last
  last_job   TEXT NOT NULL DEFAULT '',
  n_started  INTEGER NOT NULL DEFAULT 0,
  n_skipped  INTEGER NOT NULL DEFAULT 0,
  n_missed   INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  ended_at   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX schedules_next ON schedules (next_run) WHERE state = 'active';
CREATE INDEX schedules_owner ON schedules (workspace, user_name);
CREATE INDEX schedules_ended ON schedules (ended_at) WHERE state = 'ended';

CREATE TABLE schedule_files (
  schedule_id TEXT NOT NULL,
  ord         INTEGER NOT NULL,
  sha256      TEXT NOT NULL,
  info        TEXT NOT NULL, -- JSON of what was found in it
  PRIMARY KEY (schedule_id, ord)
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_files_blob ON schedule_files (sha256);

CREATE TABLE schedule_runs (
  schedule_id TEXT NOT NULL,
  slot        INTEGER NOT NULL,
  status      TEXT NOT NULL,
  job_id      TEXT NOT NULL,
  note        TEXT NOT NULL,
  at          INTEGER NOT NULL,
  spent       INTEGER NOT NULL DEFAULT 0, -- by its job, once that is forgotten
  PRIMARY KEY (schedule_id, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_runs_job ON schedule_runs (job_id) WHERE job_id <> '';

-- What is said of a schedule has no job: job_id is empty then.
ALTER TABLE outbox ADD COLUMN schedule_id TEXT NOT NULL DEFAULT '';

-- Jobs that are being deleted, a piece at a time. Their rows of jobs are gone.
CREATE TABLE forgotten (
  job_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
