-- $1 users (bigint[]), $2 batch, $3 generation: their rows go into quarantine, packed; how many of whom.
WITH gone AS (
  DELETE FROM public.ratings WHERE user_id = ANY ($1::bigint[])
  RETURNING user_id, movie_id, rating, "timestamp"
), packed AS MATERIALIZED (
  SELECT user_id, array_agg(movie_id) AS movie_ids, array_agg(rating) AS ratings, array_agg("timestamp") AS timestamps
  FROM gone
  GROUP BY user_id
), kept AS (
  INSERT INTO ratingsctl.quarantine_pack (user_id, batch, generation, records, movie_ids, ratings, timestamps)
  SELECT user_id, $2, $3, cardinality(movie_ids), movie_ids, ratings, timestamps FROM packed
)
SELECT user_id, cardinality(movie_ids)::bigint AS records FROM packed
