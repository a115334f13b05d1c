// name: privacy.tombstone
// purpose: Tell whether what had this id was erased, and when.
// parameters: id
// columns: what, receipt, at
// access: read
MATCH (t:Tombstone {id: $id}) USING INDEX SEEK t:Tombstone(id)
RETURN t.what AS what, t.receipt AS receipt, t.at.epochMillis * 1000 + t.at.microsecond % 1000 AS at
