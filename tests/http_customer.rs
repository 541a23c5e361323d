//! The customer's pages over a real socket, as a browser without script meets them: answers, links, code, headers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/customer.rs"]
mod customer;
#[path = "support/app.rs"]
mod support;

use customer::{Customer, field, six_digits, started, through};
use reqwest::Method;
use serde_json::{Value, json};
use support::{Answer, TestApp, act};

#[tokio::test]
async fn each_of_the_five_answers_is_given_without_script() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let mut customers = Vec::new();
        for _ in 0..5 {
            customers.push(Customer::of(&app, &town.place(&app).await));
        }
        let asked = customers[0].words("").await;
        assert!(asked.contains("Will you be home") && asked.contains("14 Tidegate Lane, flat 9"), "{asked}");

        customers[0].done(&[("answer", "home_now")]).await;
        assert_eq!(customers[0].seen().await["gate"], "cleared");
        assert!(customers[0].words("").await.contains("Good. See you"));

        let to = customers[1].press(&[("answer", "later")]).await;
        assert_eq!(
            (to.status, &to.headers["location"]),
            (303, &format!("{}?step=later", customers[1].path()))
        );
        let slot =
            field(&customers[1].page("?step=later").await.text.replace("id=\"slot\" ", ""), "slot").unwrap();
        customers[1].done(&[("answer", "later"), ("step", "1"), ("slot", &slot), ("time", "")]).await;
        let seen = customers[1].seen().await;
        assert_eq!(
            (seen["answer"]["outcome"].as_str(), seen["answer"]["from"].as_str()),
            (Some("home_from"), Some(slot.as_str()))
        );
        assert!(customers[1].words("").await.contains("Good. We come after"));

        let day = field(&customers[2].page("?step=not_today").await.text.replace("id=\"day\" ", ""), "day")
            .unwrap();
        customers[2].done(&[("answer", "not_today"), ("step", "1"), ("day", &day)]).await;
        let seen = customers[2].seen().await;
        assert_eq!(
            (seen["gate"].as_str(), seen["answer"]["day"].as_str()),
            (Some("held"), Some(day.as_str()))
        );

        customers[3]
            .done(&[
                ("answer", "receiver_named"),
                ("step", "1"),
                ("name", "Ida Holm"),
                ("phone", "010-2345-6789"),
            ])
            .await;
        let seen = customers[3].seen().await;
        assert_eq!(seen["receiver"], json!({"name": "Ida Holm", "phone": "+821023456789"}));
        assert!(customers[3].words("").await.contains("Good. Ida Holm takes it"));

        assert!(customers[4].words("?step=refused").await.contains("You get 24000"));
        customers[4].done(&[("answer", "refused"), ("step", "1"), ("confirm", "yes")]).await;
        assert_eq!(customers[4].seen().await["stage"], "cancelled");
        assert!(customers[4].words("").await.contains("This order was cancelled"));
        assert_eq!(app.audit().await, Vec::<String>::new());
        app.settle().await;
    }
}

#[tokio::test]
async fn a_form_without_its_token_or_from_another_site_changes_nothing() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let (order, other) = (town.place(&app).await, town.place(&app).await);
    let (customer, stranger) = (Customer::of(&app, &order), Customer::of(&app, &other));
    let theirs = stranger.csrf().await;
    for csrf in ["", "wrong", theirs.as_str()] {
        let answer = app.post_form(&customer.path(), &[("csrf", csrf), ("answer", "home_now")]).await;
        assert_eq!(answer.status, 403);
        assert!(
            answer.text.contains("Nothing has changed")
                && answer.headers["content-type"].starts_with("text/html")
        );
    }
    let body = format!("csrf={}&answer=home_now", customer.csrf().await);
    let form = ("content-type", "application/x-www-form-urlencoded");
    for foreign in [("sec-fetch-site", "cross-site"), ("origin", "https://elsewhere.example")] {
        let answer = app.post_bytes(&customer.path(), "", &[form, foreign], body.clone().into_bytes()).await;
        assert_eq!(answer.status, 403, "{foreign:?}");
    }
    assert_eq!(customer.seen().await["gate"], "not_asked");
    for own in [("sec-fetch-site", "same-origin"), ("origin", app.url.as_str()), ("origin", "null")] {
        let answer = app.post_bytes(&customer.path(), "", &[form, own], body.clone().into_bytes()).await;
        assert_eq!(answer.status, 303, "{own:?}");
    }
    assert_eq!(customer.seen().await["gate"], "cleared");
    app.settle().await;
}

#[tokio::test]
async fn a_form_that_is_too_long_or_no_form_is_refused_with_a_page() {
    let app = TestApp::sqlite().await;
    let customer = app.town().await.place(&app).await;
    let customer = Customer::of(&app, &customer);
    let send = async |kind: &str, body: Vec<u8>| {
        app.post_bytes(&customer.path(), "", &[("content-type", kind)], body).await
    };
    let form = "application/x-www-form-urlencoded";
    for (kind, body, status) in [
        (form, vec![b'a'; 9_000], 413),
        ("application/json", b"{}".to_vec(), 415),
        (form, vec![b'a', b'=', 0xff], 400),
    ] {
        let answer = send(kind, body).await;
        assert_eq!(answer.status, status);
        assert!(
            answer.headers["content-type"].starts_with("text/html")
                && answer.text.contains("This did not work")
        );
    }
    let nonsense = customer.press(&[("answer", "open_the_pod_bay_doors")]).await;
    assert_eq!(nonsense.status, 422);
    assert!(nonsense.text.contains("Choose again"));
    app.settle().await;
}

#[tokio::test]
async fn pressing_twice_and_changing_the_answer_are_harmless() {
    let app = TestApp::sqlite().await;
    let order = app.town().await.place(&app).await;
    let customer = Customer::of(&app, &order);
    for _ in 0..2 {
        app.clock.advance_by(chrono::TimeDelta::seconds(1));
        customer.done(&[("answer", "home_now")]).await;
    }
    let first = customer.seen().await["answer"]["id"].clone();
    app.clock.advance_by(chrono::TimeDelta::seconds(1));
    customer.done(&[("answer", "receiver_named"), ("name", "Ida Holm")]).await;
    let seen = customer.seen().await;
    assert_eq!(
        (&seen["answer"]["supersedes"], seen["receiver"]["name"].as_str()),
        (&first, Some("Ida Holm"))
    );
    let csrf = customer.csrf().await;
    for _ in 0..2 {
        let fields = [("csrf", csrf.as_str()), ("answer", "refused"), ("confirm", "yes")];
        assert_eq!(app.post_form(&customer.path(), &fields).await.status, 303);
    }
    assert_eq!(customer.seen().await["stage"], "cancelled");
    let late = app.post_form(&customer.path(), &[("csrf", csrf.as_str()), ("answer", "home_now")]).await;
    assert_eq!(late.status, 409);
    assert!(late.text.contains("This order was cancelled"));
    app.settle().await;
}

#[tokio::test]
async fn unknown_malformed_and_closed_links_are_answered_alike() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let mut body = town.order();
    body["customer"]["language"] = json!("ko");
    let order = app.post("/v1/orders", &town.shop_key, body).await.expect(201);
    let customer = Customer::of(&app, &order);
    assert!(customer.page("").await.text.contains("<html lang=\"ko\" dir=\"ltr\">"));
    let csrf = customer.csrf().await;
    customer.say("cancel", json!({})).await.expect(200);
    app.clock.advance_by(chrono::TimeDelta::days(29));
    assert_eq!(customer.page("").await.status, 200);
    app.clock.advance_by(chrono::TimeDelta::days(2));

    let closed = customer.token.clone();
    let links = [
        closed.as_str(),
        "AAAAAAAAAAAAAAAAAAAAAA",
        "short",
        "Zm9vYmFyYmF6cXV4Zm9v%3D",
        "%00%ff",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ];
    let plain = |mut answer: Answer| {
        for own in ["x-request-id", "date", "connection"] {
            answer.headers.remove(own);
        }
        if let Some(problem) = answer.json.as_object_mut() {
            problem.remove("request_id");
            answer.text = String::new();
        }
        let mut headers: Vec<_> = answer.headers.into_iter().collect();
        headers.sort();
        (answer.status, headers, answer.json, answer.text)
    };
    let mut pages = Vec::new();
    let mut forms = Vec::new();
    let mut views = Vec::new();
    for link in links {
        pages.push(plain(app.get(&format!("/t/{link}"), "").await));
        forms.push(plain(
            app.post_form(&format!("/t/{link}"), &[("csrf", &csrf), ("answer", "home_now")]).await,
        ));
        views.push(plain(app.get(&format!("/v1/c/{link}"), "").await));
        for tail in ["answers", "cancel", "code/rotate", "hand_off/dispute"] {
            let body =
                if tail == "answers" { json!({"outcome": "home_now"}) } else { json!({"reason": "x"}) };
            views.push(plain(app.post(&format!("/v1/c/{link}/{tail}"), "", body).await));
        }
    }
    for (all, status) in [(pages, 404), (forms, 404), (views, 404)] {
        assert_eq!(all[0].0, status);
        assert!(all.iter().all(|one| *one == all[0]), "{all:#?}");
    }
    app.settle().await;
}

#[tokio::test]
async fn the_code_stays_hidden_until_the_courier_is_near_and_opens_the_hand_off() {
    for app in TestApp::each().await {
        let (town, order) = started(&app).await;
        let customer = Customer::of(&app, &order);
        let hidden = async |query: &str| {
            let page = customer.page(query).await;
            assert!(six_digits(&page.text).is_none(), "{query}: {}", page.text);
            let view = app.get(&format!("/v1/c/{}?show_code=1", customer.token), "").await.expect(200);
            assert_eq!(view["code"], Value::Null);
        };
        hidden("").await;
        hidden("?code=1").await;
        customer.done(&[("answer", "home_now")]).await;
        hidden("?view=code").await;
        through(&app, &town, &customer.delivery, &["collect"]).await;
        hidden("?code=1").await;
        through(&app, &town, &customer.delivery, &["set_off"]).await;

        let way = customer.page("").await.text;
        assert!(
            six_digits(&way).is_none()
                && way.contains("Your order is on its way")
                && way.contains("http-equiv=\"refresh\"")
        );
        assert!(!customer.page("?still=1").await.text.contains("http-equiv=\"refresh\""));
        assert_eq!(customer.seen().await["code"], Value::Null);
        let early = customer.page("?code=1").await.text;
        let code = six_digits(&early).expect("the code");
        assert!(early.contains("Is the courier in front of you?"));
        let view = app.get(&format!("/v1/c/{}?show_code=1", customer.token), "").await.expect(200);
        assert_eq!(view["code"], code.as_str());

        through(&app, &town, &customer.delivery, &["arrive"]).await;
        let near = customer.page("").await.text;
        assert_eq!(six_digits(&near), Some(code.clone()));
        assert!(near.contains("Odo is at your door") && !near.contains("Brandt"));
        assert_eq!(customer.seen().await["code"], code.as_str());

        let verdict = town.act(&app, &customer.delivery, "hand_over", json!({"code": code})).await;
        assert_eq!(verdict["verdict"], "applied", "{verdict}");
        app.advance(60).await;
        let receipt = customer.words("").await;
        assert!(
            receipt.contains("Yours since")
                && receipt.contains("your code")
                && receipt.contains("Taken 24000"),
            "{receipt}"
        );
        assert!(six_digits(&customer.page("?code=1").await.text).is_none());
        assert_eq!(customer.seen().await["can"], json!([]));
        assert_eq!(app.audit().await, Vec::<String>::new());
        app.settle().await;
    }
}

#[tokio::test]
async fn an_answer_after_the_courier_left_is_kept_and_the_page_says_so() {
    let app = TestApp::sqlite().await;
    let (town, order) = started(&app).await;
    let customer = Customer::of(&app, &order);
    customer.done(&[("answer", "home_now")]).await;
    through(&app, &town, &customer.delivery, &["collect", "set_off"]).await;
    assert!(customer.words("?change=1").await.contains("The courier has set off already"));
    app.clock.advance_by(chrono::TimeDelta::seconds(1));
    let day = field(&customer.page("?step=not_today").await.text.replace("id=\"day\" ", ""), "day").unwrap();
    customer.done(&[("answer", "not_today"), ("day", &day)]).await;
    assert!(customer.words("").await.contains("Your answer is kept. Odo has set off already"));
    through(&app, &town, &customer.delivery, &["arrive"]).await;
    assert!(customer.words("").await.contains("Your answer is kept, but Odo is at your door already"));
    let seen = customer.seen().await;
    assert_eq!(
        (seen["stage"].as_str(), seen["answer"]["outcome"].as_str()),
        (Some("at_door"), Some("not_today"))
    );
    app.settle().await;
}

#[tokio::test]
async fn the_language_is_the_customers_until_they_choose_another_which_is_remembered() {
    let app = TestApp::sqlite().await;
    let order = app.town().await.place(&app).await;
    let customer = Customer::of(&app, &order);
    let lang = |answer: &Answer| answer.text.split("<html lang=\"").nth(1).unwrap()[..2].to_owned();
    let first = customer.page("").await;
    assert_eq!((lang(&first).as_str(), first.headers.get("set-cookie")), ("en", None));
    let chosen = customer.page("?lang=ko").await;
    assert_eq!(lang(&chosen), "ko");
    let cookie = chosen.headers["set-cookie"].clone();
    assert!(
        cookie.starts_with("lang=ko;") && cookie.contains("SameSite=Lax") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    let remembered = app.send(Method::GET, &customer.path(), "", &[("cookie", "lang=ko")], None).await;
    assert_eq!((lang(&remembered).as_str(), remembered.headers["content-language"].as_str()), ("ko", "ko"));
    for odd in ["?lang=xx", "?lang=", "?lang=%00", "?nonsense=1&lang"] {
        let page = customer.page(odd).await;
        assert_eq!(
            (page.status, lang(&page).as_str(), page.headers.get("set-cookie")),
            (200, "en", None),
            "{odd}"
        );
    }
    let step = customer.page("?step=later&lang=ko").await;
    assert!(
        lang(&step) == "ko" && step.text.contains("?step=later&amp;lang=en")
            || step.text.contains("?step=later&#38;lang=en"),
        "{}",
        step.text
    );
    app.settle().await;
}

#[tokio::test]
async fn pages_carry_their_headers_no_script_and_nothing_from_outside() {
    let app = TestApp::sqlite().await;
    let (town, order) = started(&app).await;
    let customer = Customer::of(&app, &order);
    let mut pages = Vec::new();
    for query in ["", "?step=later", "?step=not_today", "?step=receiver_named", "?step=refused", "?change=1"]
    {
        pages.push(customer.page(query).await);
    }
    customer.done(&[("answer", "home_now")]).await;
    pages.push(customer.page("").await);
    through(&app, &town, &customer.delivery, &["collect", "set_off"]).await;
    pages.push(customer.page("").await);
    pages.push(app.get("/t/AAAAAAAAAAAAAAAAAAAAAA", "").await);
    let wanted = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex, nofollow"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ];
    for page in &pages {
        for (name, value) in wanted {
            assert_eq!(page.headers.get(name).map(String::as_str), Some(value), "{name}");
        }
        let policy = &page.headers["content-security-policy"];
        assert!(
            policy.contains("default-src 'none'")
                && policy.contains("frame-ancestors 'none'")
                && !policy.contains("unsafe")
        );
        for evil in ["<script", "javascript:", "http://", "https://", " style=", " onclick"] {
            assert!(!page.text.contains(evil), "{evil}");
        }
    }
    let sheet = pages[0].text.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let css = app.get(sheet, "").await;
    assert_eq!((css.status, css.headers["content-type"].as_str()), (200, "text/css; charset=utf-8"));
    assert_eq!(css.headers["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(app.get("/static/customer.0000000000000000.css", "").await.status, 404);
    app.settle().await;
}

#[tokio::test]
async fn a_missed_customer_is_told_and_asked_again() {
    let app = TestApp::sqlite().await;
    let (town, order) = started(&app).await;
    let customer = Customer::of(&app, &order);
    customer.done(&[("answer", "home_now")]).await;
    through(&app, &town, &customer.delivery, &["collect", "set_off", "arrive"]).await;
    app.clock.advance_by(chrono::TimeDelta::seconds(8 * 60));
    let verdict =
        act(&app, &town.session, &customer.delivery, "fail_attempt", json!({"reason": "not_home"})).await;
    assert_eq!(verdict["verdict"], "applied", "{verdict}");
    let words = customer.words("").await;
    assert!(words.contains("We missed you at") && words.contains("You were not charged"), "{words}");
    customer.done(&[("answer", "home_now")]).await;
    assert_eq!(customer.seen().await["gate"], "cleared");
    app.settle().await;
}
