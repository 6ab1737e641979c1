-- Messages that ask people something and have buttons for it, until it is decided.
CREATE TABLE asks (
  notice    INTEGER PRIMARY KEY, -- the letter
  job_id    TEXT NOT NULL,
  workspace TEXT NOT NULL,
  channel   TEXT NOT NULL,
  thread    TEXT NOT NULL,
  message   TEXT NOT NULL
) STRICT;
CREATE INDEX asks_job ON asks (job_id);

-- Then a letter says so in that message.
ALTER TABLE outbox ADD COLUMN about      INTEGER NOT NULL DEFAULT 0; -- the letter that asked; 0: it is no such letter
ALTER TABLE outbox ADD COLUMN message    TEXT NOT NULL DEFAULT '';   -- that is up at to_workspace, to_channel and to_thread; empty: not known
ALTER TABLE outbox ADD COLUMN to_thread  TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN decided_by TEXT NOT NULL DEFAULT '';   -- empty: nobody did

-- Such letters wait for no other.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (surface, job_id, schedule_id, about, id, delivered_at, given_up)
  WHERE surface <> '' AND delivered_at = 0 AND given_up = 0;
