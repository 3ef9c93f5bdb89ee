-- False when a hash partition of ratings is missing: detached or dropped, which fires no trigger. The parts must make a whole.
SELECT coalesce(sum(1.0 / (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'modulus (\d+)'))[1]::integer) > 0.999, false) AS whole
FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'public.ratings'::regclass
