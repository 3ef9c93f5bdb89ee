-- Version 1: the table, and everything of ours under the prefix ratingsctl_ (SQLite has no schemas).
-- Same model and meaning as sql/postgres/001_schema.sql. Runs in one transaction; index and triggers of `ratings`
-- are in ratings_index.sql and ratings_triggers.sql, because loads drop and make them again.

CREATE TABLE ratingsctl_schema_migration (
  version    INTEGER PRIMARY KEY,
  applied_at TEXT NOT NULL DEFAULT (datetime('now'))
);

-- The file's own columns in the file's order. The shell's .import sends text, which the column types turn into
-- numbers where they can; typeof() refuses what they cannot.
CREATE TABLE ratings (
  user_id     INTEGER NOT NULL CHECK (typeof(user_id) = 'integer' AND user_id >= 0),
  movie_id    INTEGER NOT NULL CHECK (typeof(movie_id) = 'integer' AND movie_id BETWEEN 0 AND 2147483647),
  rating      REAL    NOT NULL CHECK (typeof(rating) = 'real' AND rating BETWEEN 0 AND 10),
  "timestamp" INTEGER NOT NULL CHECK (typeof("timestamp") = 'integer' AND "timestamp" BETWEEN 0 AND 253402300799)
);

-- The position row (one for the whole store). SQLite has one writer at a time, so positions are in commit order.
CREATE TABLE ratingsctl_position (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  pos        INTEGER NOT NULL DEFAULT 0,
  floor      INTEGER NOT NULL DEFAULT 0,  -- every user's own position is at least this
  salt       BLOB    NOT NULL CHECK (length(salt) = 16),
  delta_ms   INTEGER NOT NULL DEFAULT 0 CHECK (delta_ms BETWEEN 0 AND 60000),  -- what validators use
  wait_ms    INTEGER NOT NULL DEFAULT 0 CHECK (wait_ms >= delta_ms),           -- what writers wait out
  generation INTEGER NOT NULL DEFAULT 1,
  own_pos    INTEGER NOT NULL DEFAULT 0,  -- = pos as long as only ratingsctl changed rows in this generation
  store_id   TEXT    NOT NULL,
  suspended  INTEGER NOT NULL DEFAULT 0   -- 1 only inside a transaction of ratingsctl, which marks users itself
);
-- A random (version 4) UUID, RFC 9562 section 5.4.
INSERT INTO ratingsctl_position (one, salt, store_id)
SELECT 1, randomblob(16),
       lower(substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4' || substr(h, 14, 3) || '-' ||
             substr('89AB', 1 + abs(random() % 4), 1) || substr(h, 18, 3) || '-' || substr(h, 21, 12))
  FROM (SELECT hex(randomblob(16)) AS h);

CREATE TABLE ratingsctl_user_position (
  user_id INTEGER PRIMARY KEY,
  pos     INTEGER NOT NULL
);
CREATE INDEX ratingsctl_user_position_pos ON ratingsctl_user_position (pos);

CREATE TABLE ratingsctl_salt_history (
  pos  INTEGER PRIMARY KEY,
  salt BLOB NOT NULL
);
INSERT INTO ratingsctl_salt_history SELECT pos, salt FROM ratingsctl_position;

-- One file in the table. live: its rows belong to the present content of the generation.
CREATE TABLE ratingsctl_load_ledger (
  id         INTEGER PRIMARY KEY,
  at         TEXT    NOT NULL DEFAULT (datetime('now')),
  generation INTEGER NOT NULL,
  live       INTEGER NOT NULL DEFAULT 1,
  hash       BLOB    NOT NULL CHECK (length(hash) = 16),
  name       TEXT    NOT NULL,
  bytes      INTEGER NOT NULL,
  read       INTEGER NOT NULL,
  loaded     INTEGER NOT NULL,
  rejected   INTEGER NOT NULL,
  excluded   INTEGER NOT NULL,
  pos        INTEGER NOT NULL,
  CHECK (read = loaded + rejected + excluded)
);
CREATE INDEX ratingsctl_load_ledger_hash ON ratingsctl_load_ledger (hash);

-- AUTOINCREMENT: a number is never used twice, because people keep `ratingsctl undo BATCH` lines.
CREATE TABLE ratingsctl_batch (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT GENERATED ALWAYS AS (kind || '-' || seq) VIRTUAL,
  kind       TEXT NOT NULL CHECK (kind IN ('purge', 'hard-purge', 'dedupe')),
  at         TEXT NOT NULL DEFAULT (datetime('now')),
  who        TEXT NOT NULL,
  reason     TEXT NOT NULL DEFAULT '',
  generation INTEGER NOT NULL,
  users      INTEGER NOT NULL DEFAULT 0,
  rows       INTEGER NOT NULL DEFAULT 0,
  undone_at  TEXT
);

-- Rows that a batch took out, or that a load held back under its exclusion. Keyed by user first.
CREATE TABLE ratingsctl_quarantine (
  user_id     INTEGER NOT NULL,
  movie_id    INTEGER NOT NULL,
  rating      REAL    NOT NULL,
  "timestamp" INTEGER NOT NULL,
  batch       INTEGER NOT NULL REFERENCES ratingsctl_batch (seq),
  generation  INTEGER NOT NULL,
  held_back   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX ratingsctl_quarantine_user ON ratingsctl_quarantine (user_id, batch);
CREATE INDEX ratingsctl_quarantine_batch ON ratingsctl_quarantine (batch);

-- A user may be excluded by several batches; each lifts only its own.
CREATE TABLE ratingsctl_exclusion (
  user_id INTEGER NOT NULL,
  batch   INTEGER NOT NULL REFERENCES ratingsctl_batch (seq),
  at      TEXT    NOT NULL DEFAULT (datetime('now')),
  PRIMARY KEY (user_id, batch)
) WITHOUT ROWID;
CREATE INDEX ratingsctl_exclusion_batch ON ratingsctl_exclusion (batch);

CREATE TABLE ratingsctl_audit (
  id      INTEGER PRIMARY KEY,
  at      TEXT    NOT NULL DEFAULT (datetime('now')),
  who     TEXT    NOT NULL,
  command TEXT    NOT NULL,
  batch   TEXT,
  users   INTEGER NOT NULL DEFAULT 0,
  rows    INTEGER NOT NULL DEFAULT 0,
  detail  TEXT    NOT NULL DEFAULT ''
);

INSERT INTO ratingsctl_schema_migration (version) VALUES (1);
