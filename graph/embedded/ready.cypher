// Answers once the database takes queries.
RETURN 1 AS ready
