-- A long result is a blob; nodes.result is then its beginning. The row of the node
-- names the blob, and keeps the summary that was made for those who cannot hold it.
ALTER TABLE nodes ADD COLUMN result_sha256 TEXT NOT NULL DEFAULT '';
ALTER TABLE nodes ADD COLUMN summary TEXT NOT NULL DEFAULT '';

-- Who names a blob, and how old it is: for sweeping those that nobody names.
CREATE INDEX nodes_blob ON nodes (result_sha256) WHERE result_sha256 <> '';
CREATE INDEX attachments_blob ON attachments (sha256);
CREATE INDEX artifacts_blob ON artifacts (sha256);
CREATE INDEX blobs_age ON blobs (created_at, sha256);

-- What people say to a node, and all below it, while the job runs.
CREATE TABLE messages (
  id        INTEGER PRIMARY KEY,
  job_id    TEXT NOT NULL,
  node_id   INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  user_name TEXT NOT NULL,
  text      TEXT NOT NULL
) STRICT;
CREATE INDEX messages_job ON messages (job_id, id);
