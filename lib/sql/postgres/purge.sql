-- $1 users (bigint[]), $2 batch, $3 generation: their rows go into quarantine; how many of whom.
WITH gone AS (
  DELETE FROM public.ratings WHERE user_id = ANY ($1::bigint[])
  RETURNING user_id, movie_id, rating, "timestamp"
), kept AS (
  INSERT INTO ratingsctl.quarantine (user_id, movie_id, rating, "timestamp", batch, generation)
  SELECT user_id, movie_id, rating, "timestamp", $2, $3 FROM gone
)
SELECT user_id, count(*) AS rows FROM gone GROUP BY user_id
