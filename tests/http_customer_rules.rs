//! What customers may say and do through their link, in forms and as JSON, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/customer.rs"]
mod customer;
#[path = "support/app.rs"]
mod support;

use customer::{Customer, assigned, field, six_digits, started, through};
use serde_json::{Value, json};
use support::{TestApp, Town};

#[tokio::test]
async fn what_people_write_is_shown_as_text_and_never_as_markup() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let evil = "\"><script>alert(1)</script><img src=x onerror='alert(1)'>&amp;{{7*7}}";
    let mut body = town.order();
    body["address"]["text"] = json!(evil);
    body["customer"]["name"] = json!(evil);
    body["external_id"] = json!("<b>K-1</b>");
    body["items"] = json!([{"name": evil, "quantity": 1}]);
    let order = app.post("/v1/orders", &town.shop_key, body).await.expect(201);
    let customer = Customer::of(&app, &order);
    let clean = |page: &str| {
        for mark in ["<script", "<img", "<b>K-1", "\"><sc"] {
            assert!(!page.contains(mark), "{mark}: {page}");
        }
    };
    let asked = customer.page("").await.text;
    assert!(asked.contains("alert(1)"), "{asked}");
    clean(&asked);
    let again =
        customer.press(&[("answer", "receiver_named"), ("step", "1"), ("name", evil), ("phone", evil)]).await;
    assert_eq!(again.status, 422);
    clean(&again.text);
    customer.done(&[("answer", "receiver_named"), ("step", "1"), ("name", evil), ("phone", "")]).await;
    clean(&customer.page("").await.text);
    app.clock.advance_by(chrono::TimeDelta::seconds(1));
    let note = customer.press_at("/note", &[("note", evil)]).await;
    assert_eq!(note.status, 303);
    let kept = customer.page("?kept=1").await.text;
    assert!(kept.contains("The note is kept") && kept.contains("onerror"), "{kept}");
    clean(&kept);
    app.settle().await;
}

#[tokio::test]
async fn mistakes_in_a_form_are_named_at_the_field_and_what_was_typed_stays() {
    let app = TestApp::sqlite().await;
    let town = Town::with_policy(&app, json!({"last_door": "20:00:00"})).await;
    let customer = Customer::of(&app, &town.place(&app).await);
    let other = customer
        .press(&[("answer", "receiver_named"), ("step", "1"), ("name", "  "), ("phone", "12ab")])
        .await;
    assert_eq!(other.status, 422);
    assert!(other.text.contains("<title>Error: ") && other.text.contains("There is a problem"));
    assert!(
        other.text.contains("href=\"#name\"")
            && other.text.contains("id=\"phone-error\"")
            && other.text.contains("value=\"12ab\"")
    );
    let empty = customer.press(&[("answer", "later"), ("step", "1"), ("slot", ""), ("time", "")]).await;
    assert!(empty.status == 422 && empty.text.contains("Choose a time"));
    let past = customer.press(&[("answer", "later"), ("step", "1"), ("time", "2026-05-04T00:30:00Z")]).await;
    assert!(past.status == 422 && past.text.contains("Choose another"));
    // The clock is at 10:00; the last door at 20:00.
    let night = customer.press(&[("answer", "later"), ("step", "1"), ("time", "2026-05-04T11:30:00Z")]).await;
    assert!(night.status == 422 && night.text.contains("No courier comes after 20:00"), "{}", night.text);
    let day = customer.press(&[("answer", "not_today"), ("step", "1")]).await;
    assert!(day.status == 422 && day.text.contains("Choose a day"));
    let gone = customer.press(&[("answer", "not_today"), ("step", "1"), ("day", "2026-05-04")]).await;
    assert!(gone.status == 422 && gone.text.contains("This day is taken now"));
    assert_eq!(customer.seen().await["gate"], "not_asked");
    customer.done(&[("answer", "home_now")]).await;
    let long = customer.press_at("/note", &[("note", &"x".repeat(141))]).await;
    assert!(long.status == 422 && long.text.contains("At most 140") && long.text.contains(&"x".repeat(141)));
    app.settle().await;
}

#[tokio::test]
async fn a_locked_code_is_replaced_by_the_customer_once() {
    let app = TestApp::sqlite().await;
    let (town, order) = started(&app).await;
    let customer = Customer::of(&app, &order);
    customer.done(&[("answer", "home_now")]).await;
    through(&app, &town, &customer.delivery, &["collect", "set_off", "arrive"]).await;
    let old = six_digits(&customer.page("").await.text).unwrap();
    // Right check digits, wrong codes: 000000 and those that start a row of Damm's table anew.
    for _ in 0..5 {
        let wrong = if old == "000000" { "111115" } else { "000000" };
        town.act(&app, &customer.delivery, "hand_over", json!({"code": wrong})).await;
    }
    let locked = customer.page("").await.text;
    assert!(six_digits(&locked).is_none() && locked.contains("Make a new code"), "{locked}");
    let csrf = field(&locked, "csrf").unwrap();
    let mut codes = Vec::new();
    for _ in 0..2 {
        assert_eq!(
            app.post_form(&customer.path(), &[("csrf", &csrf), ("answer", "rotate_code")]).await.status,
            303
        );
        codes.push(six_digits(&customer.page("").await.text).unwrap());
    }
    assert!(codes[0] != old && codes[0] == codes[1]);
    let refused = town.act(&app, &customer.delivery, "hand_over", json!({"code": old})).await;
    assert_eq!(
        (refused["verdict"].as_str(), refused["code"].as_str()),
        (Some("rejected"), Some("code_wrong"))
    );
    let taken = town.act(&app, &customer.delivery, "hand_over", json!({"code": codes[0]})).await;
    assert_eq!(taken["verdict"], "applied");
    app.past_the_grace().await;
}

#[tokio::test]
async fn a_signature_waits_and_the_customer_may_object_to_it() {
    let app = TestApp::sqlite().await;
    let (town, order) = started(&app).await;
    let customer = Customer::of(&app, &order);
    customer.done(&[("answer", "home_now")]).await;
    through(&app, &town, &customer.delivery, &["collect", "set_off", "arrive"]).await;
    let signature = json!({"signature": {"signer": "Somebody", "strokes": "M0 0L9 9"}});
    let verdict = town.act(&app, &customer.delivery, "hand_over", signature).await;
    assert_eq!(verdict["verdict"], "applied", "{verdict}");
    let receipt = customer.page("").await.text;
    assert!(receipt.contains("Held until the shop agrees") && receipt.contains("I did not get it"));
    assert_eq!(customer.seen().await["can"], json!(["dispute_hand_off"]));
    let csrf = field(&receipt, "csrf").unwrap();
    let sent = app
        .post_form(&customer.path(), &[("csrf", &csrf), ("answer", "dispute"), ("reason", "not me")])
        .await;
    assert_eq!(sent.status, 303);
    let after = customer.page("").await.text;
    assert!(after.contains("You said that something is wrong") && !after.contains("I did not get it"));
    assert_eq!(customer.seen().await["hand_off"]["status"], "rejected");
    app.advance(48 * 3600).await;
    assert_eq!(customer.seen().await["payment"]["shown"], "held");
    app.settle().await;
}

#[tokio::test]
async fn a_cancellation_after_collection_says_what_happens_and_goes_back_first() {
    let app = TestApp::sqlite().await;
    let (town, order) = started(&app).await;
    let customer = Customer::of(&app, &order);
    through(&app, &town, &customer.delivery, &["collect"]).await;
    assert!(customer.words("?step=refused").await.contains("brings it back to the shop"));
    customer.done(&[("answer", "refused"), ("step", "1"), ("confirm", "yes")]).await;
    assert_eq!(customer.seen().await["stage"], "returning");
    assert!(customer.words("").await.contains("back to the shop"));
    app.settle().await;
}

#[tokio::test]
async fn edge_19_one_answer_serves_all_orders_of_one_door_and_undoes_none() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let place = async |change: &dyn Fn(&mut Value)| {
        let mut body = town.order();
        change(&mut body);
        let order = app.post("/v1/orders", &town.shop_key, body).await.expect(201);
        assigned(&app, &town, order["delivery_id"].as_str().unwrap()).await;
        Customer::of(&app, &order)
    };
    let first = place(&|_| ()).await;
    let same = place(&|body| body["address"]["point"]["lat"] = json!(37.5583)).await;
    let answered = place(&|_| ()).await;
    let far = place(&|body| body["address"]["point"]["lat"] = json!(37.56)).await;
    let neighbour = place(&|body| body["customer"]["phone"] = json!("+82 10-3000-0002")).await;
    let silent = place(&|body| body["customer"] = json!({"name": "No Phone"})).await;
    answered.say("answers", json!({"outcome": "unclear", "words": "hm"})).await.expect(200);
    answered.say("answers", json!({"outcome": "other_place", "place": "the kiosk"})).await.expect(200);
    app.clock.advance_by(chrono::TimeDelta::seconds(1));
    first.say("answers", json!({"outcome": "home_now", "note": "Yard"})).await.expect(200);
    let gates = async |customer: &Customer<'_>| customer.seen().await["gate"].as_str().unwrap().to_owned();
    assert_eq!((gates(&first).await.as_str(), gates(&same).await.as_str()), ("cleared", "cleared"));
    assert_eq!(same.seen().await["answer"]["note"], "Yard");
    assert_ne!(same.seen().await["answer"]["id"], first.seen().await["answer"]["id"]);
    assert_eq!(answered.seen().await["answer"]["outcome"], "other_place");
    for untouched in [&far, &neighbour, &silent] {
        assert_ne!(gates(untouched).await, "cleared");
    }
    // Refusing one order refuses none of the others. Later: at the same instant the ids would decide.
    app.clock.advance_by(chrono::TimeDelta::seconds(1));
    first.say("answers", json!({"outcome": "refused"})).await.expect(200);
    assert_eq!(
        (first.seen().await["stage"].as_str(), gates(&same).await.as_str()),
        (Some("cancelled"), "cleared")
    );
    app.settle().await;
}

#[tokio::test]
async fn the_json_link_speaks_the_same_rules_strictly() {
    let app = TestApp::sqlite().await;
    let town = Town::with_policy(&app, json!({"last_door": "20:00:00"})).await;
    let customer = Customer::of(&app, &town.place(&app).await);
    let seen = customer.seen().await;
    assert_eq!(seen["shop"], json!({"name": "Saltmarket Grocer", "phone": "+8227000001"}));
    assert_eq!(
        (seen["payment"]["shown"].as_str(), seen["payment"]["total"]["amount"].as_i64()),
        (Some("held"), Some(24000))
    );
    let languages = json!(["en", "ko", "ru", "zh", "ar"]);
    assert_eq!((seen["courier"].clone(), seen["languages"].clone()), (Value::Null, languages));
    for wanted in ["home_now", "receiver_named", "cancel"] {
        assert!(seen["can"].as_array().unwrap().contains(&json!(wanted)), "{wanted}: {}", seen["can"]);
    }
    for (body, status, code) in [
        (json!({"outcome": "home_now", "mood": "good"}), 400, "unknown_field"),
        (json!({}), 400, "missing_field"),
        (json!({"outcome": "teleport"}), 422, "invalid"),
        (json!({"outcome": "home_from"}), 422, "invalid"),
        (json!({"outcome": "home_from", "from": "2026-05-04T12:00:00Z"}), 422, "after_hours"),
        (json!({"outcome": "home_until", "until": "2026-05-04T00:00:00Z"}), 422, "time_over"),
        (json!({"outcome": "not_today", "day": "2026-05-04"}), 422, "time_over"),
        (json!({"outcome": "not_today", "day": "+262142-12-31"}), 422, "too_far_ahead"),
        (json!({"outcome": "home_from", "from": "9999-01-01T00:00:00Z"}), 422, "too_far_ahead"),
        (json!({"outcome": "home_from", "from": "-262143-01-01T00:00:00Z"}), 422, "time_over"),
        (json!({"outcome": "home_until", "until": "+262142-12-31T23:59:59Z"}), 422, "too_far_ahead"),
        (json!({"outcome": "other_place", "place": "kiosk", "point": [37.5, 126.9]}), 400, "wrong_type"),
        (json!({"outcome": "no_answer"}), 422, "not_sayable"),
        (json!({"outcome": "receiver_named", "receiver": {"name": " "}}), 422, "invalid"),
        (json!({"outcome": "receiver_named", "receiver": {"name": "Ida", "phone": "12"}}), 422, "invalid"),
        (json!({"outcome": "home_now", "note": "x".repeat(141)}), 422, "bad_text"),
        (
            json!({"outcome": "other_place", "place": "kiosk", "point": {"lat": 95.0, "lon": 0.0}}),
            422,
            "invalid",
        ),
    ] {
        customer.say("answers", body).await.expect_problem(status, code);
    }
    assert_eq!(customer.seen().await["gate"], "not_asked");
    let near =
        json!({"outcome": "other_place", "place": "the kiosk", "point": {"lat": 37.556, "lon": 126.955}});
    assert_eq!(customer.say("answers", near).await.expect(200)["gate"], "cleared");
    app.clock.advance_by(chrono::TimeDelta::seconds(1));
    let outside = json!({"outcome": "other_place", "place": "the sea", "point": {"lat": 37.0, "lon": 126.0}});
    assert_eq!(customer.say("answers", outside).await.expect(200)["gate"], "held");
    assert_eq!(customer.say("code/rotate", json!({})).await.status, 200);
    customer
        .say("hand_off/dispute", json!({"reason": "early"}))
        .await
        .expect_problem(409, "illegal_transition");
    assert_eq!(customer.say("cancel", json!({"reason": "moved"})).await.expect(200)["stage"], "cancelled");
    let again = customer
        .say("answers", json!({"outcome": "home_now"}))
        .await
        .expect_problem(409, "illegal_transition");
    assert_eq!(again["current_state"]["stage"], "cancelled");
    app.settle().await;
}

#[tokio::test]
async fn who_asks_too_often_is_told_to_wait_in_both_forms() {
    let settings = [("server.requests_per_second_per_address", "1"), ("server.burst_per_address", "3")];
    let app = TestApp::with(&settings).await;
    let mut last = None;
    for _ in 0..4 {
        last = Some(app.get("/t/AAAAAAAAAAAAAAAAAAAAAA", "").await);
    }
    let page = last.unwrap();
    assert_eq!(page.status, 429);
    assert!(
        page.headers.contains_key("retry-after") && page.text.contains("Too many tries"),
        "{}",
        page.text
    );
    app.get("/v1/c/AAAAAAAAAAAAAAAAAAAAAA", "").await.expect_problem(429, "too_many_requests");
    app.settle().await;
}

/// An order whose address nobody can place yet.
async fn lost(app: &TestApp, town: &Town) -> Value {
    let mut body = town.order();
    body["address"] = json!({"text": "behind the school"});
    app.post("/v1/orders", &town.shop_key, body).await.expect(201)
}

async fn matter(app: &TestApp, town: &Town) -> Value {
    let queue = app.get("/v1/exceptions?kind=needs_address", &town.dispatcher).await.expect(200);
    queue["data"][0].clone()
}

#[tokio::test]
async fn edge_28_the_page_asks_where_it_is_and_what_is_written_is_with_the_exception() {
    for mut app in TestApp::each().await {
        app.leave_jobs = true;
        let town = app.town().await;
        let order = lost(&app, &town).await;
        let customer = Customer::of(&app, &order);
        let words = customer.words("").await;
        assert!(words.contains("Where is it?") && words.contains("behind the school"), "{words}");
        assert_eq!(matter(&app, &town).await["detail"], "");
        for (text, told) in [("  ", "Write your address"), (&*"x".repeat(301), "at most 300 letters")] {
            let answer = customer.press(&[("answer", "address"), ("step", "1"), ("text", text)]).await;
            assert_eq!(answer.status, 422);
            assert!(answer.text.contains(told), "{}", answer.text);
        }
        let told = "The blue gate, 3 School Lane, floor 2";
        customer.done(&[("answer", "address"), ("step", "1"), ("text", told)]).await;
        let words = customer.words("").await;
        assert!(words.contains("We are looking it up"), "{words}");
        assert!(customer.page("").await.text.contains(&format!("value=\"{told}\"")));
        let open = matter(&app, &town).await;
        assert_eq!((&open["detail"], &open["fixes"][0]), (&json!(told), &json!("locate")));
        let path = format!("/v1/deliveries/{}", customer.delivery);
        let seen = app.get(&path, &town.dispatcher).await.expect(200);
        assert_eq!(
            (&seen["address"]["told"], &seen["stage"]["stage"]),
            (&json!(told), &json!("needs_address"))
        );
        // The dispatcher places it; the page goes on with the usual question.
        let locate = json!({"command": "locate", "point": {"lat": 37.558, "lon": 126.957}});
        app.post(&format!("{path}/commands"), &town.dispatcher, locate).await.expect(200);
        assert!(!customer.words("").await.contains("Where is it?"));
        let late = customer.press(&[("answer", "address"), ("step", "1"), ("text", "elsewhere")]).await;
        assert_eq!(late.status, 409, "{}", late.text);
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn edge_28_a_pin_of_the_customer_places_the_order_in_its_region() {
    for mut app in TestApp::each().await {
        app.leave_jobs = true;
        let town = app.town().await;
        let order = lost(&app, &town).await;
        let customer = Customer::of(&app, &order);
        let can = customer.seen().await["can"].clone();
        assert!(can.as_array().unwrap().contains(&json!("correct_address")), "{can}");
        assert!(can.as_array().unwrap().contains(&json!("locate")), "{can}");
        customer.say("address", json!({})).await.expect_problem(422, "invalid");
        customer.say("address", json!({"text": " "})).await.expect_problem(422, "invalid");
        customer.say("address", json!({"point": {"lat": 95, "lon": 0}})).await.expect_problem(422, "invalid");
        let sea = json!({"text": "the blue gate", "point": {"lat": 37.0, "lon": 126.0}});
        let outside = customer.say("address", sea).await.expect_problem(422, "outside_every_region");
        assert!(outside["detail"].as_str().unwrap().contains(&town.region), "{outside}");
        assert_eq!(matter(&app, &town).await["detail"], "the blue gate", "words are kept all the same");
        let here = json!({"point": {"lat": 37.558, "lon": 126.957}});
        assert_eq!(customer.say("address", here.clone()).await.expect(200)["stage"], "received");
        let seen =
            app.get(&format!("/v1/deliveries/{}", customer.delivery), &town.dispatcher).await.expect(200);
        assert_eq!(
            (&seen["region"]["id"], &seen["address"]["point"]["lat"]),
            (&json!(town.region), &json!(37.558))
        );
        customer.say("address", here).await.expect_problem(403, "role_may_not");
        Town::on_duty(&app, &town.session).await;
        app.settle().await;
        let feed = app.get("/v1/courier/feed", &town.session).await.expect(200);
        let door = feed["stops"].as_array().unwrap().iter().find(|stop| stop["kind"] == "drop_off").unwrap();
        assert_eq!(door["address_told"], "the blue gate", "the courier reads it too");
    }
}
