// name: scratch.empty
// purpose: Delete up to 20,000 nodes of a graph that was marked to be thrown away; no other graph has its mark.
// parameters: token
// columns: deleted
// access: write
MATCH (mark:Scratch {token: $token})
MATCH (n)
WHERE NOT n:Scratch AND NOT n:Migration AND NOT n:Schema
WITH n LIMIT 20000
DETACH DELETE n
RETURN count(*) AS deleted
