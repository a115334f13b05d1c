// name: resolution.write_activities
// purpose: Note activity on periods of ownership that are in the graph, ahead of the rest of a large batch.
// parameters: activities
// columns: -
// access: write
// plan: kept
UNWIND $activities AS row
// insert: resolution.activity
