-- What nodes ask people, while they wait for it.
CREATE TABLE questions (
  node_id INTEGER PRIMARY KEY,
  job_id  TEXT NOT NULL,
  text    TEXT NOT NULL,
  assume  TEXT NOT NULL,    -- what the node goes on with if nobody answers
  since   INTEGER NOT NULL, -- from when on the job's time stands still
  until   INTEGER NOT NULL  -- 0: for ever
) STRICT;
CREATE INDEX questions_job ON questions (job_id);
CREATE INDEX questions_until ON questions (until) WHERE until > 0;

ALTER TABLE messages ADD COLUMN question TEXT NOT NULL DEFAULT ''; -- that the message answers
