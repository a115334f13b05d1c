// name: reidentify.total
// purpose: Count the activity that is kept.
// parameters: -
// columns: activities
// access: read
MATCH (a:Activity)
RETURN count(a) AS activities
