// name: access.create
// purpose: Keep a new access key by its digest.
// parameters: id, digest, scope, name, answer, at
// columns: -
// access: write
CREATE (:AccessKey {id: $id, digest: $digest, scope: $scope, name: $name, answer: $answer, created_at: $at})
