-- In which closed place a job was given: who reads there may see it elsewhere. Empty:
-- where everybody of the workspace reads; '-': to Bob alone.
ALTER TABLE jobs ADD COLUMN room TEXT NOT NULL DEFAULT '';
ALTER TABLE schedules ADD COLUMN room TEXT NOT NULL DEFAULT '';

-- What is older may have been given in a closed place. On Slack it is asked who is in
-- the channel. On Discord it may have been a closed thread, of which nothing is kept.
UPDATE jobs SET room = CASE
    WHEN p.surface = 'slack' AND p.channel <> '' AND p.channel NOT LIKE 'D%' THEN jobs.channel
    ELSE '-' END
  FROM job_places p WHERE p.job_id = jobs.id;
UPDATE schedules SET room = CASE
    WHEN surface = 'slack' AND channel <> '' AND channel NOT LIKE 'D%' THEN 'slack:' || workspace || ':' || channel
    ELSE '-' END
  WHERE surface <> '';

CREATE INDEX jobs_of_room ON jobs (workspace, room) WHERE room <> '';

-- Lists count what their reader may see: the indexes say that without the rows.
DROP INDEX jobs_of_user;
DROP INDEX jobs_of_workspace;
CREATE INDEX jobs_of_user ON jobs (user_name, created_at, root_id, final, workspace, room);
CREATE INDEX jobs_of_workspace ON jobs (workspace, created_at, root_id, final, room, user_name);
