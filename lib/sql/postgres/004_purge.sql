-- Version 4: what a purge deletes goes into quarantine from the list of deleted rows that the trigger has anyway. Giving the
-- rows back to the statement (RETURNING) fetched each of them once more.
-- Runs in one transaction, under the advisory lock of the migrations.

CREATE OR REPLACE FUNCTION ratingsctl.mark_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p     bigint;
  users bigint[];
  b     record;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    PERFORM ratingsctl.advance(true);
    UPDATE ratingsctl.position SET generation = generation + 1, own_pos = pos;
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    users := ARRAY(SELECT DISTINCT user_id FROM new_rows LIMIT 10001);
  ELSIF TG_OP = 'UPDATE' THEN
    users := ARRAY(SELECT user_id FROM old_rows UNION SELECT user_id FROM new_rows LIMIT 10001);
  ELSE
    -- A purge makes its batch first, in the same transaction. Nobody else's statement is taken for one: who may only write
    -- ratings cannot make a batch, and what others made has another xmin (or, four billion transactions ago, another time).
    SELECT seq, generation, kind = 'purge' AND xmin = pg_current_xact_id()::xid AND at = now() AS ours INTO b
    FROM ratingsctl.batch ORDER BY seq DESC LIMIT 1;
    IF b.ours THEN
      WITH packed AS (
        INSERT INTO ratingsctl.quarantine_pack (user_id, batch, generation, records, movie_ids, ratings, timestamps)
        SELECT user_id, b.seq, b.generation, count(*), array_agg(movie_id), array_agg(rating), array_agg("timestamp")
        FROM old_rows GROUP BY user_id
        RETURNING user_id
      )
      SELECT coalesce(array_agg(user_id), '{}') INTO users FROM packed;
    ELSE
      users := ARRAY(SELECT DISTINCT user_id FROM old_rows LIMIT 10001);
    END IF;
  END IF;
  -- Beyond 10,000 users one floor is cheaper for everybody than so many rows.
  p := ratingsctl.advance(cardinality(users) > 10000);
  IF cardinality(users) <= 10000 THEN
    INSERT INTO ratingsctl.user_position SELECT unnest(users), p
    ON CONFLICT (user_id) DO UPDATE SET pos = excluded.pos;
  END IF;
  RETURN NULL;
END $$;

INSERT INTO ratingsctl.schema_migration (version) VALUES (4);
