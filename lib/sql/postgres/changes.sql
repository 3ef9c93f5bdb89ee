-- $1 position, $2 salt last seen (position 2⁶³−1: nothing yet). One statement, one snapshot; rows by kind:
--   0  the position row: pos, floor, salt, Δ in ms, generation, store id, whether ($1, $2) is history, recovery
--   1  a user who moved since: user id, own position; more than 10,000 mean "treat all as moved"
--   2  a point passed since: position, salt; the newest 1,000
SELECT 0 AS kind, p.pos AS a, p.floor AS b, p.salt, p.delta_ms::bigint AS delta_ms, p.generation, p.store_id,
       EXISTS (SELECT 1 FROM ratingsctl.salt_history AS h WHERE h.pos = $1 AND h.salt = $2) AS known,
       pg_is_in_recovery() AS recovery
FROM ratingsctl.position AS p
UNION ALL
(SELECT 1, u.user_id, u.pos, NULL, NULL, NULL, NULL, NULL, NULL
 FROM ratingsctl.user_position AS u
 WHERE u.pos > $1
 LIMIT 10001)
UNION ALL
(SELECT 2, h.pos, NULL, h.salt, NULL, NULL, NULL, NULL, NULL
 FROM ratingsctl.salt_history AS h
 WHERE h.pos > $1
 ORDER BY h.pos DESC
 LIMIT 1000)
