// name: reidentify.mark
// purpose: Note that a union was made because other rules hold now, not because somebody decided about these two.
// parameters: id
// columns: -
// access: write
MATCH (merge:Merge {id: $id}) USING INDEX SEEK merge:Merge(id)
SET merge.reidentified = true
