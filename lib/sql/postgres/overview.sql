-- The store as a whole, in milliseconds whatever its size: the rows are the planner's estimate, NULL before the first
-- ANALYZE of a child.
SELECT current_setting('server_version'),
       (SELECT max(version) FROM ratingsctl.schema_migration),
       p.generation,
       (SELECT CASE WHEN bool_and(c.reltuples >= 0) THEN sum(c.reltuples)::bigint END
          FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'public.ratings'::regclass),
       (SELECT count(DISTINCT user_id) FROM ratingsctl.exclusion),
       (SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint
          FROM pg_inherits WHERE inhparent = 'public.ratings'::regclass)
FROM ratingsctl.position AS p
