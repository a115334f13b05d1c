// Replaces the password every new store is made with; runs on the system database.
ALTER CURRENT USER SET PASSWORD FROM $old TO $new
