// name: splits.one
// purpose: Read one split as the journal shows it.
// parameters: id
// columns: id, contact, around, blocked, by, why, at, undone_at, parts, taken
// access: read
MATCH (separation:Separation {id: $id})-[:OF]->(whole) USING INDEX SEEK separation:Separation(id)
RETURN
  separation.id AS id,
  whole.id AS contact,
  separation.around AS around,
  coalesce(separation.blocked, false) AS blocked,
  separation.by AS by,
  separation.why AS why,
  separation.at.epochMillis * 1000 + separation.at.microsecond % 1000 AS at,
  separation.undone_at.epochMillis * 1000 + separation.undone_at.microsecond % 1000 AS undone_at,
  COLLECT {
    MATCH (separation)-[made:MADE]->(part)
    RETURN {
      contact: part.id,
      activities: made.activities,
      keys: COLLECT {
        MATCH (separation)-[took:TOOK]->(k:Key)
        WHERE took.part = made.part
        RETURN [k.namespace, k.value] ORDER BY k.namespace, took.since, k.value
      },
      properties: coalesce(made.properties, [])
    }
    ORDER BY made.part
  } AS parts,
  COLLECT {
    MATCH (separation)-[took:TOOK]->(k:Key)
    WHERE took.part IS NULL
    RETURN [k.namespace, k.value] ORDER BY k.namespace, k.value
  } AS taken
