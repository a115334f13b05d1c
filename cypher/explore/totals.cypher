// name: explore.totals
// purpose: Count, from the store's own counters, ownerships of keys, folded contacts, events and unions.
// parameters: -
// columns: owned, emails, user_ids, trackers, subscriptions, folded, events, unions
// access: read
CALL () { MATCH ()-[o:OWNS]->() RETURN count(o) AS owned }
CALL () { MATCH ()-[o:OWNS]->(:Email) RETURN count(o) AS emails }
CALL () { MATCH ()-[o:OWNS]->(:UserId) RETURN count(o) AS user_ids }
CALL () { MATCH ()-[o:OWNS]->(:Tracker) RETURN count(o) AS trackers }
CALL () { MATCH ()-[o:OWNS]->(:Subscription) RETURN count(o) AS subscriptions }
CALL () { MATCH (r:Redirect) RETURN count(r) AS folded }
CALL () { MATCH (a:Activity) RETURN count(a) AS events }
CALL () { MATCH (m:Merge) RETURN count(m) AS unions }
RETURN owned, emails, user_ids, trackers, subscriptions, folded, events, unions
