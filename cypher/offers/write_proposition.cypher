// name: offers.write_proposition
// purpose: Note the activity of a visit that changed nothing else, and make a proposition of it, in one round trip.
// parts: resolution.write, offers.record
