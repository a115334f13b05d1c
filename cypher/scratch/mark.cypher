// name: scratch.mark
// purpose: Mark a graph that was made to be thrown away, with a word that only its maker knows.
// parameters: token
// columns: token
// access: write
CREATE (mark:Scratch {token: $token})
RETURN mark.token AS token
