-- Version 1: the table, and everything of ours in schema ratingsctl.
-- Runs in one transaction, under the advisory lock of the migrations.

CREATE SCHEMA ratingsctl;

CREATE TABLE ratingsctl.schema_migration (
  version    integer PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- The file's own columns in the file's order: 8 + 4 + 4 + 8 bytes, no padding.
-- Partitioned, so that a bulk load can fill and index a table nobody sees, and then swap it in:
-- ratings keeps its OID, grants, views and triggers, only the child changes.
CREATE TABLE public.ratings (
  user_id     bigint  NOT NULL CHECK (user_id >= 0),
  movie_id    integer NOT NULL CHECK (movie_id >= 0),
  rating      real    NOT NULL CHECK (rating >= 0 AND rating <= 10),
  "timestamp" bigint  NOT NULL CHECK ("timestamp" BETWEEN 0 AND 253402300799)
) PARTITION BY HASH (user_id);
COMMENT ON TABLE public.ratings IS 'ratingsctl: one record per rating event';

-- The position row (one for the whole store). Its row lock is held until COMMIT, so positions are in commit order.
CREATE TABLE ratingsctl.position (
  one        boolean PRIMARY KEY DEFAULT true CHECK (one),
  pos        bigint NOT NULL DEFAULT 0,
  floor      bigint NOT NULL DEFAULT 0,   -- every user's own position is at least this
  salt       uuid   NOT NULL DEFAULT gen_random_uuid(),
  delta_ms   integer NOT NULL DEFAULT 1000 CHECK (delta_ms BETWEEN 0 AND 60000),  -- what validators use
  wait_ms    integer NOT NULL DEFAULT 1000 CHECK (wait_ms >= delta_ms),           -- what writers wait out
  generation bigint NOT NULL DEFAULT 1,
  own_pos    bigint NOT NULL DEFAULT 0,   -- = pos as long as only ratingsctl changed rows in this generation
  store_id   uuid   NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO ratingsctl.position DEFAULT VALUES;

CREATE TABLE ratingsctl.user_position (
  user_id bigint PRIMARY KEY,
  pos     bigint NOT NULL
);
CREATE INDEX user_position_pos ON ratingsctl.user_position (pos);

CREATE TABLE ratingsctl.salt_history (
  pos  bigint PRIMARY KEY,
  salt uuid   NOT NULL
);
INSERT INTO ratingsctl.salt_history SELECT pos, salt FROM ratingsctl.position;

-- One file in the table. live: its rows belong to the present content of the generation.
CREATE TABLE ratingsctl.load_ledger (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL DEFAULT now(),
  generation bigint NOT NULL,
  live       boolean NOT NULL DEFAULT true,
  hash       bytea  NOT NULL CHECK (length(hash) = 16),
  name       text   NOT NULL,
  bytes      bigint NOT NULL,
  read       bigint NOT NULL,
  loaded     bigint NOT NULL,
  rejected   bigint NOT NULL,
  excluded   bigint NOT NULL,
  pos        bigint NOT NULL,
  CHECK (read = loaded + rejected + excluded)
);
CREATE INDEX load_ledger_hash ON ratingsctl.load_ledger (hash);

CREATE TABLE ratingsctl.batch (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name       text GENERATED ALWAYS AS (kind || '-' || seq::text) STORED UNIQUE,
  kind       text NOT NULL CHECK (kind IN ('purge', 'hard-purge', 'dedupe')),
  at         timestamptz NOT NULL DEFAULT now(),
  who        text NOT NULL,
  reason     text NOT NULL DEFAULT '',
  generation bigint NOT NULL,
  users      bigint NOT NULL DEFAULT 0,
  rows       bigint NOT NULL DEFAULT 0,
  undone_at  timestamptz
);

-- Rows that a batch took out, or that a load held back under its exclusion. Keyed by user first.
CREATE TABLE ratingsctl.quarantine (
  user_id     bigint  NOT NULL,
  movie_id    integer NOT NULL,
  rating      real    NOT NULL,
  "timestamp" bigint  NOT NULL,
  batch       bigint  NOT NULL REFERENCES ratingsctl.batch (seq),
  generation  bigint  NOT NULL,
  held_back   boolean NOT NULL DEFAULT false
);
CREATE INDEX quarantine_user ON ratingsctl.quarantine (user_id, batch);
CREATE INDEX quarantine_batch ON ratingsctl.quarantine (batch);

-- A user may be excluded by several batches; each lifts only its own.
CREATE TABLE ratingsctl.exclusion (
  user_id bigint NOT NULL,
  batch   bigint NOT NULL REFERENCES ratingsctl.batch (seq),
  at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, batch)
);
CREATE INDEX exclusion_batch ON ratingsctl.exclusion (batch);

CREATE TABLE ratingsctl.audit (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz NOT NULL DEFAULT now(),
  who     text NOT NULL,
  command text NOT NULL,
  batch   text,
  users   bigint NOT NULL DEFAULT 0,
  rows    bigint NOT NULL DEFAULT 0,
  detail  text NOT NULL DEFAULT ''
);

-- Gives the store its next position. bulk: too many users to name, raise the floor instead.
CREATE FUNCTION ratingsctl.advance(bulk boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p bigint;
  s uuid;
BEGIN
  -- A crash must not take back a change that servers have already seen.
  PERFORM set_config('synchronous_commit', 'on', true);
  UPDATE ratingsctl.position
     SET pos = pos + 1,
         salt = gen_random_uuid(),
         floor = CASE WHEN bulk THEN pos + 1 ELSE floor END
  RETURNING pos, salt INTO p, s;
  INSERT INTO ratingsctl.salt_history VALUES (p, s);
  -- 100,000 points: enough for a value cached for an hour at 27 changes a second; 3 MB.
  DELETE FROM ratingsctl.salt_history WHERE pos <= p - 100000;
  IF bulk THEN
    DELETE FROM ratingsctl.user_position;
  END IF;
  RETURN p;
END $$;

-- Statement triggers: they see INSERT, COPY, UPDATE, DELETE, MERGE and TRUNCATE, whoever sends them.
CREATE FUNCTION ratingsctl.mark_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p    bigint;
  many boolean;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    PERFORM ratingsctl.advance(true);
    UPDATE ratingsctl.position SET generation = generation + 1, own_pos = pos;
    RETURN NULL;
  END IF;
  -- Beyond 10,000 users one floor is cheaper for everybody than so many rows.
  IF TG_OP = 'INSERT' THEN
    many := (SELECT count(*) > 10000 FROM (SELECT DISTINCT user_id FROM new_rows LIMIT 10001) AS u);
  ELSIF TG_OP = 'DELETE' THEN
    many := (SELECT count(*) > 10000 FROM (SELECT DISTINCT user_id FROM old_rows LIMIT 10001) AS u);
  ELSE
    many := (SELECT count(*) > 10000 FROM (SELECT user_id FROM old_rows UNION SELECT user_id FROM new_rows LIMIT 10001) AS u);
  END IF;
  p := ratingsctl.advance(many);
  IF many THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ratingsctl.user_position SELECT DISTINCT user_id, p FROM new_rows
    ON CONFLICT (user_id) DO UPDATE SET pos = excluded.pos;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ratingsctl.user_position SELECT DISTINCT user_id, p FROM old_rows
    ON CONFLICT (user_id) DO UPDATE SET pos = excluded.pos;
  ELSE
    INSERT INTO ratingsctl.user_position
    SELECT user_id, p FROM (SELECT user_id FROM old_rows UNION SELECT user_id FROM new_rows) AS u
    ON CONFLICT (user_id) DO UPDATE SET pos = excluded.pos;
  END IF;
  RETURN NULL;
END $$;

-- The parent and every child carry the same four: a write straight into a child fires only the child's.
CREATE FUNCTION ratingsctl.attach_triggers(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER ratingsctl_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION ratingsctl.mark_changed()', target);
  EXECUTE format('CREATE TRIGGER ratingsctl_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION ratingsctl.mark_changed()', target);
  EXECUTE format('CREATE TRIGGER ratingsctl_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION ratingsctl.mark_changed()', target);
  EXECUTE format('CREATE TRIGGER ratingsctl_truncate AFTER TRUNCATE ON %s '
                 'FOR EACH STATEMENT EXECUTE FUNCTION ratingsctl.mark_changed()', target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER ratingsctl_insert, ENABLE ALWAYS TRIGGER ratingsctl_update, '
                 'ENABLE ALWAYS TRIGGER ratingsctl_delete, ENABLE ALWAYS TRIGGER ratingsctl_truncate', target);
END $$;

-- An empty child, not yet attached. The CHECK says what the partition's constraint will say, so ATTACH does not scan.
CREATE FUNCTION ratingsctl.make_child() RETURNS regclass
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  child text := format('ratingsctl.ratings_%s', nextval('ratingsctl.child_number'));
BEGIN
  EXECUTE format('CREATE TABLE %s (LIKE public.ratings INCLUDING CONSTRAINTS INCLUDING DEFAULTS, '
                 'CONSTRAINT fits CHECK (satisfies_hash_partition(%s, 1, 0, user_id)))',
                 child, 'public.ratings'::regclass::oid);
  RETURN child::regclass;
END $$;
CREATE SEQUENCE ratingsctl.child_number;

-- Puts a filled child in the place of all present ones and raises the floor (a swap fires no trigger).
CREATE FUNCTION ratingsctl.swap_child(child regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old regclass;
BEGIN
  FOR old IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'public.ratings'::regclass LOOP
    EXECUTE format('DROP TABLE %s', old);
  END LOOP;
  EXECUTE format('ALTER TABLE public.ratings ATTACH PARTITION %s FOR VALUES WITH (MODULUS 1, REMAINDER 0)', child);
  EXECUTE format('ALTER TABLE %s DROP CONSTRAINT fits', child);
  PERFORM ratingsctl.attach_triggers(child);
  PERFORM ratingsctl.advance(true);
END $$;

-- For people at psql: returns when no server can answer from before the changes committed so far.
CREATE FUNCTION ratingsctl.barrier() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  -- 0.1 % for clocks that differ in rate, 50 ms for rounding; nothing to wait for in strict mode.
  SELECT pg_sleep(CASE WHEN wait_ms = 0 THEN 0 ELSE wait_ms * 1.001 / 1000 + 0.05 END) FROM ratingsctl.position
$$;

DO $$
DECLARE
  child regclass;
BEGIN
  PERFORM ratingsctl.attach_triggers('public.ratings');
  child := ratingsctl.make_child();
  EXECUTE format('CREATE INDEX ON %s (user_id)', child);
  EXECUTE format('ALTER TABLE public.ratings ATTACH PARTITION %s FOR VALUES WITH (MODULUS 1, REMAINDER 0)', child);
  EXECUTE format('ALTER TABLE %s DROP CONSTRAINT fits', child);
  PERFORM ratingsctl.attach_triggers(child);
END $$;
CREATE INDEX ratings_user_id ON public.ratings (user_id);

-- Anybody who may write ratings may wait for the servers; nobody but the triggers moves the position.
GRANT USAGE ON SCHEMA ratingsctl TO PUBLIC;
REVOKE ALL ON FUNCTION ratingsctl.advance(boolean), ratingsctl.swap_child(regclass), ratingsctl.make_child(),
                       ratingsctl.attach_triggers(regclass) FROM PUBLIC;

INSERT INTO ratingsctl.schema_migration (version) VALUES (1);
