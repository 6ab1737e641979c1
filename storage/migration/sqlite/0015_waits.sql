-- What waits for a person or a time, and the little that waits for a worker after a
-- stop: few rows of any tree. A list of reasons in the condition of an index is built
-- anew by every statement that may touch it.
DROP INDEX nodes_waits;
CREATE INDEX nodes_waits ON nodes (job_id, id)
  WHERE completed_at = 0 AND reason <> '' AND reason <> 'dependency';
