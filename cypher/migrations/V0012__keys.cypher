// Every key is a Key with its namespace, beside the label by which people query for it.
CREATE CONSTRAINT key_value IF NOT EXISTS FOR (n:Key) REQUIRE (n.namespace, n.value) IS UNIQUE;
// The keys of a graph of before, some at a time: a statement that answers `more: true` is run again.
MATCH (k:Email) WHERE NOT k:Key WITH k LIMIT 20000 SET k:Key, k.namespace = 'email' RETURN count(k) = 20000 AS more;
MATCH (k:UserId) WHERE NOT k:Key WITH k LIMIT 20000 SET k:Key, k.namespace = 'user_id' RETURN count(k) = 20000 AS more;
MATCH (k:Tracker) WHERE NOT k:Key WITH k LIMIT 20000 SET k:Key, k.namespace = 'tracker_id' RETURN count(k) = 20000 AS more;
MATCH (k:Subscription) WHERE NOT k:Key WITH k LIMIT 20000 SET k:Key, k.namespace = 'subscription' RETURN count(k) = 20000 AS more;
// What a deployment declared, so that every server of one graph reads its keys alike.
CREATE CONSTRAINT namespace_name IF NOT EXISTS FOR (n:Namespace) REQUIRE n.name IS UNIQUE;
