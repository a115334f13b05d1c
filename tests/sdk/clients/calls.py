"""Ten calls and more with the client that openapi-python-client makes of Kinfold's document."""

import json
import sys

from client import AuthenticatedClient
from client.api.block_list import put_blocked
from client.api.contacts import find_contacts, get_activity, get_contact
from client.api.namespaces import list_namespaces
from client.api.resolve import resolve
from client.api.segments import list_members, put_segment
from client.models import EmptyBody, Event, PutBlockedKind, SegmentBody

host, key = sys.argv[1:]
client = AuthenticatedClient(base_url=host, token=key)


def event(**said):
    return resolve.sync(client=client, body=Event.from_dict(said))


ana = event(
    email="ana@example.com",
    tracker_id="t1",
    properties={"plan": "pro"},
    event="Order",
    event_properties={"amount": 3},
)
contact_id = ana.contact.id
batch = [event(tracker_id="t1"), event(email="bob@example.com")]
found = find_contacts.sync(client=client, email="ana@example.com")
contact = get_contact.sync(contact_id, client=client)
activity = get_activity.sync(contact_id, client=client, limit=5)
where = {"property": "plan", "is": "pro"}
segment = put_segment.sync("pro", client=client, body=SegmentBody.from_dict({"kind": "dynamic", "where": where}))
members = list_members.sync("pro", client=client)
rule = put_blocked.sync(PutBlockedKind.VALUE, "kiosk", client=client, body=EmptyBody(), namespace="user_id")
namespaces = list_namespaces.sync(client=client)
missing = get_contact.sync_detailed("nobody", client=client)

sys.stdout.write(
    json.dumps(
        {
            "rule": ana.rule,
            "batch": len(batch),
            "found": [one.id == contact_id for one in found.items],
            "plan": contact.to_dict()["properties"]["plan"],
            "activity": [one.event for one in activity.items],
            "segment": str(segment.kind),
            "members": len(members.items),
            "blocked": [str(rule.kind), rule.namespace, rule.value],
            "namespaces": [one.name for one in namespaces.items],
            "missing": int(missing.status_code),
        }
    )
)
