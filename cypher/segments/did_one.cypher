// name: segments.did_one
// purpose: Tell whether a contact did one of the events without which nobody meets a condition, where there are such.
// needs: c
($did IS NULL OR EXISTS { MATCH (c)-[:HAS]->()<-[:ON]-(a) WHERE a.event IN $did })
