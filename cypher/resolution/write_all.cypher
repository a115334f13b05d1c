// name: resolution.write_all
// purpose: Write everything that a batch changed, where it changed more than contacts, new keys and activity.
// parts: union.restore, resolution.disown, resolution.write, resolution.create_keys, resolution.own, resolution.periods, subscriptions.replace, subscriptions.write, properties.write, resolution.split, union.journal, union.redirect, resolution.carry, alerts.raise
