-- Times are Unix milliseconds, 0 is never; money is nano-dollars.

CREATE TABLE jobs (
  id          TEXT PRIMARY KEY,
  root_id     INTEGER NOT NULL,
  inbound_key TEXT UNIQUE, -- NULL: the message had no identity
  request     TEXT NOT NULL,
  user_name   TEXT NOT NULL,
  model       TEXT NOT NULL,
  ask         INTEGER NOT NULL,
  revision    INTEGER NOT NULL DEFAULT 0,
  timeout_ms  INTEGER NOT NULL,
  deadline    INTEGER NOT NULL DEFAULT 0,
  final       INTEGER NOT NULL DEFAULT 0,
  created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_created ON jobs (created_at);
CREATE INDEX jobs_open ON jobs (deadline) WHERE final = 0;

CREATE TABLE nodes (
  id          INTEGER PRIMARY KEY,
  job_id      TEXT NOT NULL,
  parent_id   INTEGER NOT NULL, -- 0: the root
  path        TEXT NOT NULL,
  depth       INTEGER NOT NULL,
  ord         INTEGER NOT NULL,
  type        TEXT NOT NULL,
  title       TEXT NOT NULL,
  description TEXT NOT NULL,
  prompt      TEXT NOT NULL,
  priority    TEXT NOT NULL,
  needs       TEXT NOT NULL, -- JSON; empty: none
  tools       TEXT NOT NULL, -- JSON; empty: none
  optional    INTEGER NOT NULL,
  on_failure  TEXT NOT NULL,
  estimate_ms INTEGER NOT NULL,

  status      TEXT NOT NULL,
  reason      TEXT NOT NULL DEFAULT '',
  phase       TEXT NOT NULL,
  desired     TEXT NOT NULL DEFAULT 'run',
  verdict     TEXT NOT NULL DEFAULT '',
  attempt     INTEGER NOT NULL DEFAULT 0,
  tries       INTEGER NOT NULL DEFAULT 0,
  epoch       INTEGER NOT NULL DEFAULT 0,
  owner       TEXT NOT NULL DEFAULT '',
  ready       INTEGER NOT NULL, -- 1: the dispatcher may hand it out, from not_before on
  revision    INTEGER NOT NULL,
  not_before  INTEGER NOT NULL DEFAULT 0,
  created_at  INTEGER NOT NULL,
  started_at  INTEGER NOT NULL DEFAULT 0,
  claimed_at  INTEGER NOT NULL DEFAULT 0,
  completed_at INTEGER NOT NULL DEFAULT 0,

  current_step    TEXT NOT NULL DEFAULT '',
  steps_completed INTEGER NOT NULL DEFAULT 0,
  total_steps     INTEGER NOT NULL DEFAULT 1,

  open_children INTEGER NOT NULL DEFAULT 0,
  open_deps     INTEGER NOT NULL,
  dependants    INTEGER NOT NULL DEFAULT 0,

  -- final children by their end; required ones, then optional ones
  c_completed INTEGER NOT NULL DEFAULT 0,
  c_partial   INTEGER NOT NULL DEFAULT 0,
  c_failed    INTEGER NOT NULL DEFAULT 0,
  c_skipped   INTEGER NOT NULL DEFAULT 0,
  c_cancelled INTEGER NOT NULL DEFAULT 0,
  o_good      INTEGER NOT NULL DEFAULT 0,
  o_bad       INTEGER NOT NULL DEFAULT 0,

  -- leaves of the subtree; a leaf counts itself
  l_total     INTEGER NOT NULL,
  l_completed INTEGER NOT NULL DEFAULT 0,
  l_failed    INTEGER NOT NULL DEFAULT 0,
  l_running   INTEGER NOT NULL DEFAULT 0,
  l_skipped   INTEGER NOT NULL DEFAULT 0,
  l_cancelled INTEGER NOT NULL DEFAULT 0,
  weight      INTEGER NOT NULL,
  weight_done INTEGER NOT NULL DEFAULT 0,

  tokens_in    INTEGER NOT NULL DEFAULT 0,
  tokens_read  INTEGER NOT NULL DEFAULT 0,
  tokens_write INTEGER NOT NULL DEFAULT 0,
  tokens_out   INTEGER NOT NULL DEFAULT 0,
  cost         INTEGER NOT NULL DEFAULT 0,
  unpriced     INTEGER NOT NULL DEFAULT 0,

  provider TEXT NOT NULL DEFAULT '',
  model    TEXT NOT NULL DEFAULT '',
  error    TEXT NOT NULL DEFAULT '',
  result   TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX nodes_tree ON nodes (job_id, parent_id, ord);
CREATE INDEX nodes_ready ON nodes (job_id, id) WHERE ready = 1;
CREATE INDEX nodes_held ON nodes (job_id, id) WHERE owner <> '';

CREATE TABLE deps (
  on_id   INTEGER NOT NULL,
  node_id INTEGER NOT NULL,
  PRIMARY KEY (on_id, node_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deps_node ON deps (node_id);

CREATE TABLE attempts (
  node_id     INTEGER NOT NULL,
  epoch       INTEGER NOT NULL,
  phase       TEXT NOT NULL,
  attempt     INTEGER NOT NULL,
  status      TEXT NOT NULL, -- what the node became
  reason      TEXT NOT NULL,
  error       TEXT NOT NULL,
  started_at  INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  PRIMARY KEY (node_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  seq    INTEGER PRIMARY KEY,
  job_id TEXT NOT NULL,
  at     INTEGER NOT NULL,
  moves  TEXT NOT NULL -- JSON array: what one transaction changed in this job
) STRICT;
CREATE INDEX events_job ON events (job_id, seq);

CREATE TABLE outbox (
  id           INTEGER PRIMARY KEY,
  job_id       TEXT NOT NULL,
  kind         TEXT NOT NULL,
  key          TEXT NOT NULL UNIQUE, -- the same thing is said once
  text         TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  delivered_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_open ON outbox (job_id, id) WHERE delivered_at = 0;

CREATE TABLE purses (
  key      TEXT PRIMARY KEY,
  budget   INTEGER NOT NULL, -- negative: no limit
  spent    INTEGER NOT NULL DEFAULT 0,
  reserved INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE calls (
  id          INTEGER PRIMARY KEY,
  job_id      TEXT NOT NULL,
  node_id     INTEGER NOT NULL,
  epoch       INTEGER NOT NULL,
  purpose     TEXT NOT NULL,
  provider    TEXT NOT NULL,
  model       TEXT NOT NULL,
  status      TEXT NOT NULL,
  key         TEXT NOT NULL, -- idempotency
  reserved    INTEGER NOT NULL,
  tokens_in    INTEGER NOT NULL DEFAULT 0,
  tokens_read  INTEGER NOT NULL DEFAULT 0,
  tokens_write INTEGER NOT NULL DEFAULT 0,
  tokens_out   INTEGER NOT NULL DEFAULT 0,
  estimated   INTEGER NOT NULL DEFAULT 0, -- 1: the provider sent no counts
  cost        INTEGER NOT NULL DEFAULT 0,
  priced      INTEGER NOT NULL DEFAULT 0,
  request_id  TEXT NOT NULL DEFAULT '',
  error       TEXT NOT NULL DEFAULT '',
  started_at  INTEGER NOT NULL,
  finished_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX calls_job ON calls (job_id, id);
CREATE INDEX calls_sent ON calls (id) WHERE status = 'sent';

CREATE TABLE turns (
  node_id  INTEGER NOT NULL,
  turn     INTEGER NOT NULL,
  messages TEXT NOT NULL, -- JSON
  PRIMARY KEY (node_id, turn)
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
  sha256     TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  data       BLOB NOT NULL
) STRICT;

CREATE TABLE attachments (
  job_id TEXT NOT NULL,
  ord    INTEGER NOT NULL,
  name   TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  info   TEXT NOT NULL, -- JSON of what was found in it
  PRIMARY KEY (job_id, ord)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
  job_id     TEXT NOT NULL,
  name       TEXT NOT NULL,
  node_id    INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  bytes      INTEGER NOT NULL,
  sha256     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (job_id, name)
) STRICT, WITHOUT ROWID;
