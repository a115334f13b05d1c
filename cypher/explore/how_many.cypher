// name: explore.how_many
// purpose: Count contacts and activities, which the database keeps counted.
// parameters: -
// columns: contacts, activities
// access: read
CALL () { MATCH (c:Contact) RETURN count(c) AS contacts }
CALL () { MATCH (a:Activity) RETURN count(a) AS activities }
RETURN contacts, activities
