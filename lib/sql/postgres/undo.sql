-- $1 batch, $2 generation: puts back what the batch holds for users whom no batch excludes (any more), of that
-- generation or later; how many of whom.
WITH back AS (
  DELETE FROM ratingsctl.quarantine AS q
  WHERE q.batch = $1 AND q.generation >= $2
    -- NOT IN, which is hashed whatever the statistics say: an anti join planned while the list was empty is a
    -- nested loop that takes minutes.
    AND q.user_id NOT IN (SELECT e.user_id FROM ratingsctl.exclusion AS e)
  RETURNING q.user_id, q.movie_id, q.rating, q."timestamp"
), put AS (
  INSERT INTO public.ratings (user_id, movie_id, rating, "timestamp")
  SELECT user_id, movie_id, rating, "timestamp" FROM back
)
SELECT user_id, count(*) AS rows FROM back GROUP BY user_id
