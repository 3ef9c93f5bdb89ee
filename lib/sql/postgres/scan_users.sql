-- What suspects reads: a COPY takes no parameters, so the first second asked for comes in the setting ratingsctl.since.
COPY (
  SELECT user_id, movie_id, rating, "timestamp"
  FROM public.ratings
  WHERE "timestamp" >= (SELECT current_setting('ratingsctl.since')::bigint)
  ORDER BY user_id
) TO STDOUT (FORMAT binary)
