// name: webhooks.define
// purpose: Make a webhook that begins after a number of the feed, or change where one goes; what waits is tried at once.
// parameters: name, url, secret, kinds, position, at
// columns: -
// access: write
MERGE (w:Webhook {name: $name})
  ON CREATE SET w.position = $position, w.created_at = $at
SET
  w.url = $url,
  w.kinds = $kinds,
  w.secret = coalesce($secret, w.secret),
  w.tries = 0,
  w.next_at = NULL,
  w.failing_since = NULL
