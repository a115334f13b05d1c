"""Ten calls and more with the Python client that openapi-generator makes of Kinfold's document."""

import json
import sys

from kinfold_client import (
    ApiClient,
    BlockListApi,
    Configuration,
    ContactsApi,
    Event,
    NamespacesApi,
    ResolveApi,
    SegmentBody,
    SegmentsApi,
)
from kinfold_client.exceptions import NotFoundException

host, key = sys.argv[1:]
client = ApiClient(Configuration(host=host), header_name="Authorization", header_value=f"Bearer {key}")
contacts, segments = ContactsApi(client), SegmentsApi(client)


def event(**said):
    return ResolveApi(client).resolve(Event.from_dict(said))


def missing():
    try:
        contacts.get_contact("nobody")
    except NotFoundException as error:
        return error.status
    return 200


ana = event(
    email="ana@example.com",
    tracker_id="t1",
    properties={"plan": "pro"},
    event="Order",
    event_properties={"amount": 3},
)
contact_id = ana.contact.id
batch = [event(tracker_id="t1"), event(email="bob@example.com")]
found = contacts.find_contacts(email="ana@example.com")
contact = contacts.get_contact(contact_id)
activity = contacts.get_activity(contact_id, limit=5)
where = {"property": "plan", "is": "pro"}
segment = segments.put_segment("pro", SegmentBody.from_dict({"kind": "dynamic", "where": where}))
members = segments.list_members("pro")
rule = BlockListApi(client).put_blocked("value", "kiosk", namespace="user_id", body={})
namespaces = NamespacesApi(client).list_namespaces()

sys.stdout.write(
    json.dumps(
        {
            "rule": ana.rule,
            "batch": len(batch),
            "found": [one.id == contact_id for one in found.items],
            "plan": contact.to_dict()["properties"]["plan"],
            "activity": [one.event for one in activity.items],
            "segment": segment.kind,
            "members": len(members.items),
            "blocked": [rule.kind, rule.namespace, rule.value],
            "namespaces": [one.name for one in namespaces.items],
            "missing": missing(),
        }
    )
)
