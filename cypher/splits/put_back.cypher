// name: splits.put_back
// purpose: Hang the property entries that a split kept on the contact again; those that an undone union had filled go.
// parameters: id
// columns: -
// access: write
MATCH (separation:Separation {id: $id})-[:OF]->(whole) USING INDEX SEEK separation:Separation(id)
MATCH (separation)-[keeps:KEEPS]->(p:Property)
DELETE keeps
WITH whole, p, EXISTS {
  MATCH (merge:Merge {id: p.merge}) USING INDEX SEEK merge:Merge(id)
  WHERE merge.undone_at IS NOT NULL
} OR EXISTS {
  MATCH (other:Separation {id: p.merge}) USING INDEX SEEK other:Separation(id)
  WHERE other.undone_at IS NOT NULL
} AS gone
FOREACH (_ IN CASE WHEN gone THEN [1] ELSE [] END | DELETE p)
FOREACH (_ IN CASE WHEN gone THEN [] ELSE [1] END | CREATE (whole)-[:HAS_PROPERTY]->(p))
