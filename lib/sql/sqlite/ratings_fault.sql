-- Why the table that is called ratings is not the one that we made; NULL: it is. Columns that were added do not count:
-- everything that reads or moves rows names its columns.
WITH ours (place, name, type) AS (
  VALUES (1, 'user_id', 'INTEGER'), (2, 'movie_id', 'INTEGER'), (3, 'rating', 'REAL'), (4, 'timestamp', 'INTEGER')
), found AS (
  SELECT lower(name) AS name, upper(type) AS type FROM pragma_table_info('ratings')
), differing AS (
  SELECT o.name || CASE WHEN f.name IS NULL THEN ' is missing'
                        ELSE ' is ' || coalesce(nullif(f.type, ''), 'of no type') || ', not ' || o.type END AS words
  FROM ours AS o LEFT JOIN found AS f ON f.name = o.name
  WHERE f.type IS NOT o.type ORDER BY o.place
)
SELECT CASE
         WHEN NOT EXISTS (SELECT 1 FROM found) THEN 'missing'
         WHEN EXISTS (SELECT 1 FROM differing) THEN (SELECT group_concat(words, ', ') FROM differing)
         WHEN NOT EXISTS (SELECT 1 FROM sqlite_master
                          WHERE type = 'table' AND name = 'ratings' COLLATE NOCASE AND sql LIKE '%CHECK%')
           THEN 'its conditions (CHECK) are missing'
       END AS fault
