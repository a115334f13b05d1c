// Asked in the database "system", which answers also when the other one does not start
SHOW DATABASE neo4j YIELD currentStatus, statusMessage
RETURN currentStatus AS status, statusMessage AS message
