-- Version 3: a purge packs what it takes, one row for each user, and what old batches hold can be erased.
-- Runs in one transaction, under the advisory lock of the migrations.

ALTER TABLE ratingsctl.batch ADD COLUMN pruned_at timestamptz;  -- what it had taken was erased

-- Record by record: doubles, and what loads held back. A batch is never deleted; asking for it with every record took as long
-- as the rest of a purge. Of a batch the records lie together, so that a BRIN index finds them and costs nothing to fill.
ALTER TABLE ratingsctl.quarantine RENAME TO quarantine_record;
ALTER TABLE ratingsctl.quarantine_record DROP CONSTRAINT quarantine_batch_fkey;
DROP INDEX ratingsctl.quarantine_batch;
CREATE INDEX quarantine_batch ON ratingsctl.quarantine_record USING brin (batch) WITH (autosummarize = on);

-- A purged user's records, in three arrays of one length.
CREATE TABLE ratingsctl.quarantine_pack (
  user_id    bigint    NOT NULL,
  batch      bigint    NOT NULL,
  generation bigint    NOT NULL,
  records    bigint    NOT NULL,
  movie_ids  integer[] NOT NULL,
  ratings    real[]    NOT NULL,
  timestamps bigint[]  NOT NULL
);
CREATE INDEX quarantine_pack_user ON ratingsctl.quarantine_pack (user_id, batch);
CREATE INDEX quarantine_pack_batch ON ratingsctl.quarantine_pack (batch);
-- Uncompressed: compressing takes longer than writing.
ALTER TABLE ratingsctl.quarantine_pack ALTER COLUMN movie_ids SET STORAGE EXTERNAL, ALTER COLUMN ratings SET STORAGE EXTERNAL,
                                       ALTER COLUMN timestamps SET STORAGE EXTERNAL;

-- Both, record by record.
CREATE VIEW ratingsctl.quarantine AS
SELECT user_id, movie_id, rating, "timestamp", batch, generation, held_back FROM ratingsctl.quarantine_record
UNION ALL
SELECT p.user_id, u.movie_id, u.rating, u."timestamp", p.batch, p.generation, false
FROM ratingsctl.quarantine_pack AS p
CROSS JOIN LATERAL unnest(p.movie_ids, p.ratings, p.timestamps) AS u (movie_id, rating, "timestamp");

-- Statement triggers: they see INSERT, COPY, UPDATE, DELETE, MERGE and TRUNCATE, whoever sends them. As before, but the users
-- are gathered once, not once to count and once to mark them.
CREATE OR REPLACE FUNCTION ratingsctl.mark_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p     bigint;
  users bigint[];
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    PERFORM ratingsctl.advance(true);
    UPDATE ratingsctl.position SET generation = generation + 1, own_pos = pos;
    RETURN NULL;
  END IF;
  -- Beyond 10,000 users one floor is cheaper for everybody than so many rows.
  IF TG_OP = 'INSERT' THEN
    users := ARRAY(SELECT DISTINCT user_id FROM new_rows LIMIT 10001);
  ELSIF TG_OP = 'DELETE' THEN
    users := ARRAY(SELECT DISTINCT user_id FROM old_rows LIMIT 10001);
  ELSE
    users := ARRAY(SELECT user_id FROM old_rows UNION SELECT user_id FROM new_rows LIMIT 10001);
  END IF;
  p := ratingsctl.advance(cardinality(users) > 10000);
  IF cardinality(users) <= 10000 THEN
    INSERT INTO ratingsctl.user_position SELECT unnest(users), p
    ON CONFLICT (user_id) DO UPDATE SET pos = excluded.pos;
  END IF;
  RETURN NULL;
END $$;

INSERT INTO ratingsctl.schema_migration (version) VALUES (3);
