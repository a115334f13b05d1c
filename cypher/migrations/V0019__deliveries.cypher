// The newest activity that carried a subscription, or a tracker elsewhere: what the gate before a push looks at.
CREATE INDEX activity_subscription_at IF NOT EXISTS FOR (n:Activity) ON (n.subscription, n.received_at);
CREATE INDEX activity_elsewhere_at IF NOT EXISTS FOR (n:Activity) ON (n.elsewhere, n.received_at);
// A subscription that took the place of another, by which an erasure finds what histories say of it.
CREATE INDEX key_change_replaced_by IF NOT EXISTS FOR (n:KeyChange) ON (n.replaced_by);
