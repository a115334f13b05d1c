// name: properties.entries
// purpose: Read property entries of some contacts, of the names asked for or of all, and how many names there are.
// parameters: wanted
// columns: contact, names, entries
// access: read
// plan: kept
UNWIND $wanted AS row
MATCH (contact:Contact {id: row.contact}) USING INDEX SEEK contact:Contact(id)
OPTIONAL MATCH (contact)-[:HAS_PROPERTY]->(p:Property)
WITH
  row.contact AS contact,
  count(DISTINCT p.name) AS names,
  collect(
    CASE
      WHEN p IS NOT NULL AND (row.names IS NULL OR p.name IN row.names) THEN
        [
          p.name,
          p.value,
          p.occurred_at.epochMillis * 1000 + p.occurred_at.microsecond % 1000,
          p.arrived_at.epochMillis * 1000 + p.arrived_at.microsecond % 1000,
          p.message_id,
          p.merge,
          p.position,
          elementId(p),
          p.shown,
          p.first_arrived_at.epochMillis * 1000 + p.first_arrived_at.microsecond % 1000,
          p.rule,
          p.said
        ]
    END
  ) AS entries
RETURN contact, names, entries
