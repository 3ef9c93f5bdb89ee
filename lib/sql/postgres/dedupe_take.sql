-- $1 child (oid), $2 places in it (tid[]), $3 batch, $4 generation: the records there go into quarantine; how many.
-- Through the parent, because rights are given on it; the other children's records at the same places are looked at in vain.
WITH gone AS (
  DELETE FROM public.ratings AS r
  WHERE r.ctid = ANY ($2::tid[]) AND r.tableoid = $1::oid
  RETURNING r.user_id, r.movie_id, r.rating, r."timestamp"
), kept AS (
  INSERT INTO ratingsctl.quarantine_record (user_id, movie_id, rating, "timestamp", batch, generation)
  SELECT user_id, movie_id, rating, "timestamp", $3, $4 FROM gone
)
SELECT count(*) FROM gone
