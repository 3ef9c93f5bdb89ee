-- $1 a backend of ours that does not count, $2 whether locks that only readers hold count, too, $3 whether the writers' lock
-- itself was waited for: who holds up a change of ratings. Who has a lock and waits for another one is a waiter himself: at the
-- end of his queue is the one to name. Without $3 the writers' lock was ours: who has it now came behind us. Processes of the
-- server's own have no user; and of others a role without pg_read_all_stats sees neither type, nor statement, nor since when.
WITH RECURSIVE held AS (
  SELECT l.pid, l.relation, l.mode, l.locktype = 'advisory' AS command
  FROM pg_locks AS l
  LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
  WHERE l.granted AND coalesce(l.pid, 0) NOT IN (pg_backend_pid(), $1::integer)
    AND (l.pid IS NULL OR a.xact_start IS NOT NULL OR (a.pid IS NOT NULL AND a.backend_type IS NULL))
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (l.locktype = 'relation' OR (l.locktype = 'advisory' AND l.classid = 1918989413 AND l.objid = 1 AND l.objsubid = 2))
), queue AS (
  SELECT h.pid, h.command, 1 AS place
  FROM held AS h
  WHERE ($3::boolean OR NOT EXISTS (SELECT 1 FROM held AS c WHERE c.command AND c.pid = h.pid))
    AND (h.command
         OR ((h.relation IN (to_regclass('ratingsctl.position'), to_regclass('public.ratings'))
              OR h.relation IN (SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = to_regclass('public.ratings')))
             AND ($2::boolean OR h.mode <> 'AccessShareLock')))
  UNION
  SELECT nullif(b.pid, 0), q.command, q.place + 1
  FROM queue AS q CROSS JOIN LATERAL unnest(pg_blocking_pids(q.pid)) AS b (pid)
  WHERE q.place < 10
)
SELECT CASE WHEN q.pid IS NULL THEN 'a prepared transaction, see pg_prepared_xacts'
            WHEN a.usesysid IS NOT NULL THEN coalesce(nullif(a.application_name, ''), 'a session')
            ELSE 'PostgreSQL''s own ' || coalesce(a.backend_type, 'process')
                 || CASE WHEN a.query LIKE '%(to prevent wraparound)' THEN ' against wraparound' ELSE '' END END
       || coalesce(' (' || nullif(concat_ws(', ', 'pid ' || q.pid, 'user ' || a.usename,
                   'since ' || to_char(a.xact_start AT TIME ZONE 'UTC', 'HH24:MI:SS') || ' UTC'), '') || ')', '')
FROM queue AS q
LEFT JOIN pg_stat_activity AS a ON a.pid = q.pid
WHERE coalesce(cardinality(pg_blocking_pids(q.pid)), 0) = 0 AND coalesce(q.pid, 0) <> $1::integer
ORDER BY q.command DESC, a.xact_start
LIMIT 1
