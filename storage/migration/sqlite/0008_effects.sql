-- What tasks do outside Bob: written down before the call and after it.
CREATE TABLE effects (
  id      INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: part of the idempotency key
  node_id INTEGER NOT NULL,
  epoch   INTEGER NOT NULL,          -- of the claim that made the call
  turn    INTEGER NOT NULL,
  call    INTEGER NOT NULL,          -- among the equal calls of the turn
  tool    TEXT NOT NULL,
  args    TEXT NOT NULL,
  state   TEXT NOT NULL,             -- intended, done, or again: a person lets it be repeated
  failed  INTEGER NOT NULL DEFAULT 0,
  result  TEXT NOT NULL DEFAULT '',
  intended_at INTEGER NOT NULL,
  done_at     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX effects_node ON effects (node_id, turn, call, tool, args);
