// A fresh graph has an environment for identified contacts; a graph with environments of its own gets none.
OPTIONAL MATCH (e:Environment)
WITH count(e) AS there WHERE there = 0
MERGE (made:Environment {name: 'contacts'})
SET made.kind = 'identified', made.targeting_dimension = 'contacts', made.inbound_anonymous = false,
  made.definition = '{"kind":"identified"}';
