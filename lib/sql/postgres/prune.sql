-- $1 seconds, $2 who, $3 detail for the audit: what batches at least that old hold is erased; their exclusions stay. How much of which.
WITH old AS (
  SELECT seq, name FROM ratingsctl.batch WHERE at <= now() - make_interval(secs => $1::bigint)
), records AS (
  DELETE FROM ratingsctl.quarantine_record AS q USING old WHERE q.batch = old.seq RETURNING q.batch, q.user_id
), packs AS (
  DELETE FROM ratingsctl.quarantine_pack AS q USING old WHERE q.batch = old.seq RETURNING q.batch, q.user_id, q.records
), counted AS (
  SELECT old.seq, old.name, sum(erased.records)::bigint AS rows, count(DISTINCT erased.user_id) AS users
  FROM (SELECT batch, user_id, 1 AS records FROM records UNION ALL SELECT batch, user_id, records FROM packs) AS erased
  JOIN old ON old.seq = erased.batch
  GROUP BY old.seq, old.name
), marked AS (
  UPDATE ratingsctl.batch AS b SET pruned_at = now() FROM counted WHERE b.seq = counted.seq
), noted AS (
  INSERT INTO ratingsctl.audit (who, command, batch, users, rows, detail)
  SELECT $2, 'batches', name, users, rows, $3 FROM counted ORDER BY seq
)
SELECT name, rows FROM counted ORDER BY seq
