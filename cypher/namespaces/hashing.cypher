// name: namespaces.hashing
// purpose: Read how far the keys of one namespace have got their hashes in others.
// parameters: -
// columns: name, source, after, done
// access: read
MATCH (h:Hashing)
RETURN h.name AS name, h.source AS source, h.after AS after, h.done AS done
