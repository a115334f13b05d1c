// name: namespaces.hashed
// purpose: Note how far the keys of one namespace have got their hashes in another: up to which value, or that all of them have.
// parameters: name, source, after, done
// columns: -
// access: write
MERGE (h:Hashing {name: $name})
SET h.source = $source, h.after = $after, h.done = $done
