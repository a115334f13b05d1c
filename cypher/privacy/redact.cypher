// name: privacy.redact
// purpose: Take what names the erased out of some of the other contacts' activity: keys that go, and lines of traces.
// parameters: tied, emails, user_ids, trackers, subscriptions, gone_emails, gone_user_ids, gone_trackers, gone_subscriptions, marks, instead, limit
// columns: redacted
// access: write
CALL () {
  UNWIND $emails AS value
  MATCH (a:Activity {email: value}) USING INDEX SEEK a:Activity(email)
  RETURN a
  UNION
  UNWIND $user_ids AS value
  MATCH (a:Activity {user_id: value}) USING INDEX SEEK a:Activity(user_id)
  RETURN a
  UNION
  UNWIND $subscriptions AS value
  MATCH (a:Activity {subscription: value}) USING INDEX SEEK a:Activity(subscription)
  RETURN a
  UNION
  UNWIND $trackers AS value
  MATCH (a:Activity {elsewhere: value}) USING INDEX SEEK a:Activity(elsewhere)
  RETURN a
  UNION
  UNWIND $trackers AS value
  MATCH (k:Key {namespace: 'tracker_id', value: value})<-[:OF|WAS_OF]-(period:Timeline) USING INDEX SEEK k:Key(namespace, value)
  MATCH (period)<-[:ON]-(a:Activity)
  WHERE a.trace IS NOT NULL
  RETURN a
  UNION
  UNWIND $tied AS wanted
  MATCH (k:Key {namespace: wanted[0], value: wanted[1]})<-[:CARRIED]-(a:Activity) USING INDEX SEEK k:Key(namespace, value)
  RETURN a
}
WITH a
WHERE
  coalesce(a.email IN $gone_emails, false)
  OR coalesce(a.user_id IN $gone_user_ids, false)
  OR coalesce(a.subscription IN $gone_subscriptions, false)
  OR coalesce(a.tracker_id IN $gone_trackers, false)
  OR any(line IN coalesce(a.trace, []) WHERE any(mark IN $marks WHERE line CONTAINS mark))
WITH a LIMIT $limit
SET
  a.email = CASE WHEN NOT a.email IN $gone_emails THEN a.email END,
  a.user_id = CASE WHEN NOT a.user_id IN $gone_user_ids THEN a.user_id END,
  a.subscription = CASE WHEN NOT a.subscription IN $gone_subscriptions THEN a.subscription END,
  a.elsewhere = CASE WHEN NOT a.tracker_id IN $gone_trackers THEN a.elsewhere END,
  a.tracker_id = CASE WHEN NOT a.tracker_id IN $gone_trackers THEN a.tracker_id END,
  a.trace = CASE WHEN a.trace IS NOT NULL THEN [
    line IN a.trace | CASE WHEN any(mark IN $marks WHERE line CONTAINS mark) THEN $instead ELSE line END
  ] END
RETURN count(*) AS redacted
