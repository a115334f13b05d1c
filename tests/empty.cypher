MATCH (n)
WHERE NOT n:Migration AND NOT n:Schema
WITH n LIMIT $most
DETACH DELETE n
RETURN count(*) AS deleted
