// name: splits.counts
// purpose: Count the activity on some periods.
// parameters: periods
// columns: period, activities
// access: read
UNWIND $periods AS id
MATCH (period:Timeline {id: id}) USING INDEX SEEK period:Timeline(id)
RETURN period.id AS period, COUNT { (period)<-[:ON]-(:Activity) } AS activities
