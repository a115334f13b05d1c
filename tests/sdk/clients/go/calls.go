// Ten calls with the client that oapi-codegen makes of Kinfold's document.
package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func text(value string) *string { return &value }

func main() {
	ctx := context.Background()
	key := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Args[2])
		return nil
	}
	client := must(NewClientWithResponses(os.Args[1], WithRequestEditorFn(key)))
	resolve := func(event Event) *Answer {
		return must(client.ResolveWithResponse(ctx, nil, event)).JSON200
	}
	var said Event
	if err := json.Unmarshal([]byte(`{"email": "ana@example.com", "tracker_id": "t1", "properties": {"plan": "pro"},
		"event": "Order", "event_properties": {"amount": 3}}`), &said); err != nil {
		panic(err)
	}
	ana := resolve(said)
	id := *ana.Contact.Id
	batch := []*Answer{resolve(Event{TrackerId: text("t1")}), resolve(Event{Email: text("bob@example.com")})}
	found := []bool{}
	for _, one := range must(client.FindContactsWithResponse(ctx, &FindContactsParams{Email: text("ana@example.com")})).JSON200.Items {
		found = append(found, one.Id == id)
	}
	contact := must(client.GetContactWithResponse(ctx, id, nil)).JSON200
	limit := 5
	activity := []string{}
	for _, one := range must(client.GetActivityWithResponse(ctx, id, &GetActivityParams{Limit: &limit})).JSON200.Items {
		activity = append(activity, one.Event)
	}
	var dynamic SegmentBody
	if err := json.Unmarshal([]byte(`{"kind": "dynamic", "where": {"property": "plan", "is": "pro"}}`), &dynamic); err != nil {
		panic(err)
	}
	segment := must(client.PutSegmentWithResponse(ctx, "pro", dynamic)).JSON201
	members := must(client.ListMembersWithResponse(ctx, "pro", nil)).JSON200
	blocked := must(client.PutBlockedWithResponse(
		ctx, PutBlockedParamsKindValue, "kiosk", &PutBlockedParams{Namespace: text("user_id")}, EmptyBody{},
	)).JSON201
	namespaces := []string{}
	for _, one := range must(client.ListNamespacesWithResponse(ctx, nil)).JSON200.Items {
		namespaces = append(namespaces, one.Name)
	}
	missing := must(client.GetContactWithResponse(ctx, "nobody", nil))
	err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"rule":       *ana.Rule,
		"batch":      len(batch),
		"found":      found,
		"plan":       contact.Properties["plan"],
		"activity":   activity,
		"segment":    segment.Kind,
		"members":    len(members.Items),
		"blocked":    []any{blocked.Kind, *blocked.Namespace, blocked.Value},
		"namespaces": namespaces,
		"missing":    missing.StatusCode(),
	})
	if err != nil {
		panic(err)
	}
}
