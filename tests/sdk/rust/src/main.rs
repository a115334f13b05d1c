//! Sends a short story with Segment's or RudderStack's Rust crate as its registry gives it; the host is the only thing
//! that is Kinfold's. A fourth argument has identify and track calls as JSON, to be told instead.

use serde_json::{json, Value};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, sdk, host, key, calls] = arguments.as_slice() else { panic!("SDK HOST KEY CALLS") };
    let calls: Vec<(String, Value)> = if calls.is_empty() { vec![] } else { serde_json::from_str(calls).unwrap() };
    let told = match sdk.as_str() {
        "segment" => with_segment(host, key, &calls),
        _ => with_rudderstack(host, key, &calls),
    };
    if let Err(error) = told {
        eprintln!("error {error}");
    }
}

fn text(message: &Value, name: &str) -> Option<String> {
    message[name].as_str().map(str::to_string)
}

fn with_segment(host: &str, key: &str, calls: &[(String, Value)]) -> Result<(), String> {
    use segment::message::{Alias, BatchMessage, Group, Identify, Page, Screen, Track, User};
    use segment::{AutoBatcher, Batcher, HttpClient};

    let both = || User::Both { user_id: "42".into(), anonymous_id: "browser-1".into() };
    let user = || User::UserId { user_id: "42".into() };
    let visitor = |id: &str| User::AnonymousId { anonymous_id: id.into() };
    let told = |(call, said): &(String, Value)| -> BatchMessage {
        let anonymous_id = text(said, "anonymousId").unwrap();
        let user = match text(said, "userId") {
            Some(user_id) => User::Both { user_id, anonymous_id },
            None => User::AnonymousId { anonymous_id },
        };
        match call.as_str() {
            "identify" => Identify { user, traits: said["traits"].clone(), ..Default::default() }.into(),
            _ => Track { user, event: text(said, "event").unwrap(), ..Default::default() }.into(),
        }
    };
    let story: Vec<BatchMessage> = vec![
        Page {
            user: visitor("browser-1"),
            name: "Home".into(),
            properties: json!({"url": "https://shop.example/"}),
            ..Default::default()
        }
        .into(),
        Identify { user: both(), traits: json!({"email": "ana@example.com", "plan": "pro"}), ..Default::default() }
            .into(),
        Track {
            user: user(),
            event: "Order Completed".into(),
            properties: json!({"revenue": 39.9, "products": [{"sku": "a"}, {"sku": "b"}]}),
            ..Default::default()
        }
        .into(),
        Screen {
            user: visitor("phone-1"),
            name: "Basket".into(),
            context: Some(json!({"device": {"token": "push-1"}})),
            ..Default::default()
        }
        .into(),
        Group { user: user(), group_id: "acme".into(), traits: json!({"employees": 7}), ..Default::default() }.into(),
        Alias { user: user(), previous_id: "phone-1".into(), ..Default::default() }.into(),
    ];
    let story = if calls.is_empty() { story } else { calls.iter().map(told).collect() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let client = HttpClient::new(Default::default(), host.into());
        let mut batcher = AutoBatcher::new(client, Batcher::new(None), key.into());
        for message in story {
            batcher.push(message).await.map_err(|error| error.to_string())?;
        }
        batcher.flush().await.map_err(|error| format!("{error:?}"))
    })
}

fn with_rudderstack(host: &str, key: &str, calls: &[(String, Value)]) -> Result<(), String> {
    use rudderanalytics::client::RudderAnalytics;
    use rudderanalytics::message::{Alias, Group, Identify, Message, Page, Screen, Track};

    let told = |(call, said): &(String, Value)| {
        let (user_id, anonymous_id) = (text(said, "userId"), text(said, "anonymousId"));
        match call.as_str() {
            "identify" => {
                let traits = Some(said["traits"].clone());
                Message::Identify(Identify { user_id, anonymous_id, traits, ..Default::default() })
            }
            _ => {
                let event = text(said, "event").unwrap();
                Message::Track(Track { user_id, anonymous_id, event, ..Default::default() })
            }
        }
    };
    let (user, visitor) = (Some("42".to_string()), Some("browser-1".to_string()));
    let story = vec![
        Message::Page(Page {
            anonymous_id: visitor.clone(),
            name: "Home".into(),
            properties: Some(json!({"url": "https://shop.example/"})),
            ..Default::default()
        }),
        Message::Identify(Identify {
            user_id: user.clone(),
            anonymous_id: visitor,
            traits: Some(json!({"email": "ana@example.com", "plan": "pro"})),
            ..Default::default()
        }),
        Message::Track(Track {
            user_id: user.clone(),
            event: "Order Completed".into(),
            properties: Some(json!({"revenue": 39.9, "products": [{"sku": "a"}, {"sku": "b"}]})),
            ..Default::default()
        }),
        Message::Screen(Screen {
            anonymous_id: Some("phone-1".into()),
            name: "Basket".into(),
            context: Some(json!({"device": {"token": "push-1"}})),
            ..Default::default()
        }),
        Message::Group(Group {
            user_id: user,
            group_id: "acme".into(),
            traits: Some(json!({"employees": 7})),
            ..Default::default()
        }),
        Message::Alias(Alias { user_id: "42".into(), previous_id: "phone-1".into(), ..Default::default() }),
    ];
    let story = if calls.is_empty() { story } else { calls.iter().map(told).collect() };
    let client = RudderAnalytics::load(key.into(), host.into());
    for message in &story {
        client.send(message).map_err(|error| error.to_string())?;
    }
    Ok(())
}
