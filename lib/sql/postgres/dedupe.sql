-- $1 batch, $2 generation, $3 users (bigint[]; empty: everybody). Of records equal in all four columns one stays, the others go into quarantine;
-- how many of whom, and in how many groups. A row is named by table and ctid, both from this statement's snapshot.
WITH numbered AS (
  SELECT tableoid AS home, ctid AS place,
         row_number() OVER (PARTITION BY user_id, movie_id, rating, "timestamp") AS copy
  FROM public.ratings
  WHERE $3::bigint[] = '{}' OR user_id = ANY ($3::bigint[])
), gone AS (
  DELETE FROM public.ratings AS r
  USING numbered AS n
  WHERE n.copy > 1 AND r.tableoid = n.home AND r.ctid = n.place
  RETURNING r.user_id, r.movie_id, r.rating, r."timestamp"
), kept AS (
  INSERT INTO ratingsctl.quarantine (user_id, movie_id, rating, "timestamp", batch, generation)
  SELECT user_id, movie_id, rating, "timestamp", $1, $2 FROM gone
)
SELECT user_id, count(*) AS rows, count(DISTINCT (movie_id, rating, "timestamp")) AS groups
FROM gone
GROUP BY user_id
