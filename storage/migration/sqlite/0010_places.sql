-- Where people see jobs, and what is on its way to them.

CREATE TABLE job_places (
  job_id    TEXT PRIMARY KEY,
  root_id   INTEGER NOT NULL, -- in the order in which jobs were made
  surface   TEXT NOT NULL,
  workspace TEXT NOT NULL,
  channel   TEXT NOT NULL,
  thread    TEXT NOT NULL,
  user_name TEXT NOT NULL,
  card      TEXT NOT NULL DEFAULT '',  -- the message that is the card; empty: not posted yet
  muted     INTEGER NOT NULL DEFAULT 0,
  shown     INTEGER NOT NULL DEFAULT 0, -- the end that the card shows
  stale     INTEGER NOT NULL DEFAULT 1  -- 1: the job is open, or its card does not show its end
) STRICT, WITHOUT ROWID;
CREATE INDEX job_places_thread ON job_places (surface, workspace, channel, thread, root_id);
CREATE INDEX job_places_stale ON job_places (surface, root_id) WHERE stale = 1;

ALTER TABLE outbox ADD COLUMN surface  TEXT NOT NULL DEFAULT '';   -- empty: it goes nowhere
ALTER TABLE outbox ADD COLUMN step     INTEGER NOT NULL DEFAULT 0; -- messages of it that are up
ALTER TABLE outbox ADD COLUMN begun    INTEGER NOT NULL DEFAULT 0; -- 1: the next message may be up
ALTER TABLE outbox ADD COLUMN tries    INTEGER NOT NULL DEFAULT 0; -- failed ones, of the next message
ALTER TABLE outbox ADD COLUMN next_at  INTEGER NOT NULL DEFAULT 0; -- not before
ALTER TABLE outbox ADD COLUMN given_up INTEGER NOT NULL DEFAULT 0; -- when
ALTER TABLE outbox ADD COLUMN why      TEXT NOT NULL DEFAULT '';   -- it was postponed or given up
CREATE INDEX outbox_due ON outbox (surface, job_id, schedule_id, id, delivered_at, given_up)
  WHERE surface <> '' AND delivered_at = 0 AND given_up = 0;
CREATE INDEX outbox_lost ON outbox (job_id, id) WHERE given_up > 0;

ALTER TABLE schedules ADD COLUMN surface TEXT NOT NULL DEFAULT '';

-- Keys of inbound events and messages: the same one is heard once.
CREATE TABLE inbound (
  key TEXT PRIMARY KEY,
  at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX inbound_at ON inbound (at);

-- What front ends remember beside.
CREATE TABLE notes (
  surface TEXT NOT NULL,
  key     TEXT NOT NULL,
  data    BLOB NOT NULL,
  PRIMARY KEY (surface, key)
) STRICT, WITHOUT ROWID;

-- Lists of jobs, newest first.
CREATE INDEX jobs_of_user ON jobs (user_name, created_at, root_id, final, workspace);
CREATE INDEX jobs_of_workspace ON jobs (workspace, created_at, root_id, final);
CREATE INDEX jobs_newest ON jobs (created_at, root_id, final);
DROP INDEX jobs_created;
