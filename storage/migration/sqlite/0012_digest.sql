-- What is said of neither a job nor a schedule names its place on its surface itself.
ALTER TABLE outbox ADD COLUMN to_workspace TEXT NOT NULL DEFAULT ''; -- as the surface names it
ALTER TABLE outbox ADD COLUMN to_channel   TEXT NOT NULL DEFAULT ''; -- empty: a direct message to to_user
ALTER TABLE outbox ADD COLUMN to_user      TEXT NOT NULL DEFAULT ''; -- by the name that jobs have; empty: all in the channel
CREATE INDEX outbox_told ON outbox (kind, created_at) WHERE job_id = '' AND schedule_id = '';
