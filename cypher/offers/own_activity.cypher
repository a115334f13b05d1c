// name: offers.own_activity
// purpose: Tell whether an activity on the period of a cookie carried nothing but that cookie: it is the browser's own, whoever was identified by it.
// needs: a
a.email IS NULL AND a.user_id IS NULL AND a.subscription IS NULL AND a.elsewhere IS NULL AND NOT EXISTS { (a)-[:CARRIED]->() }
