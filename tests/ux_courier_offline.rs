//! The courier's page without signal: what is done is kept, shown as done, and sent once when the signal is back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

#[path = "support/app.rs"]
mod app;
#[path = "support/phone.rs"]
mod phone;

use phone::Phone;
use serde_json::{Value, json};

/// On duty, the page kept on the phone, and an order whose customer is home.
async fn ready(policy: Value) -> Option<(Phone, Value)> {
    let phone = Phone::on_duty(policy).await?;
    phone.page.until("navigator.serviceWorker.controller").await;
    phone.page.run("await navigator.serviceWorker.ready;").await;
    let order = phone.answered().await;
    phone.look().await;
    phone.page.until("document.querySelector('[data-act=collect]')").await;
    Some((phone, order))
}

/// No signal from here on, and the page has noticed.
async fn lose_signal(phone: &Phone) {
    phone.gate.shut();
    phone.look().await;
    phone.page.shows("No signal").await;
}

async fn all_sent(phone: &Phone) {
    phone.gate.lift();
    phone.look().await;
    phone.page.until("document.querySelector('.sync').innerText.includes('All sent')").await;
}

fn count(events: &[String], kind: &str) -> usize {
    events.iter().filter(|event| event.as_str() == kind).count()
}

#[tokio::test]
async fn ux_c03_offline_handover() {
    let Some((phone, order)) = ready(json!({})).await else { return };
    lose_signal(&phone).await;
    phone.page.tap("[data-act=collect]").await;
    phone.page.tap("[data-act=arrive]").await;
    phone.page.tap("[data-act=type]").await;
    phone.page.shows("Works without signal").await;
    phone.type_digits(&phone.code(&order)).await;
    phone.page.screen("empty").await;
    phone.page.driver.refresh().await;
    phone.page.screen("empty").await;
    phone.page.tap("[href='#/waiting']").await;
    phone.page.screen("waiting").await;
    phone.page.until("document.querySelectorAll('li.row').length === 4").await;
    phone.page.picture("c14-waiting").await;
    assert_eq!(phone.stand(&order).await.0, "assigned");
    all_sent(&phone).await;
    phone.stands(&order, "handed_over").await;
    phone.app.past_the_grace().await;
    let (_, events) = phone.stand(&order).await;
    assert_eq!(count(&events, "delivery.handed_over"), 1, "{events:?}");
    assert_eq!(count(&events, "payment.captured"), 1, "{events:?}");
    phone.close().await;
}

#[tokio::test]
async fn ux_c04_two_tabs_one_event() {
    let Some((phone, order)) = ready(json!({})).await else { return };
    // Both pages show the same button, and both are pressed before either has heard of the other.
    phone.page.driver.new_tab().await;
    phone.open("/courier").await;
    phone.page.until("document.querySelector('[data-act=collect]') && document.documentElement.dataset.inert === undefined").await;
    let [first, second] = phone.page.driver.tabs().await.try_into().unwrap();
    for tab in [&first, &second] {
        phone.page.driver.look_at(tab).await;
        phone.page.eval("document.querySelector('[data-act=collect]')?.click()").await;
    }
    for tab in [&second, &first] {
        phone.page.driver.look_at(tab).await;
        phone.page.until("document.querySelector('[data-act=arrive]')").await;
    }
    phone.page.tap("[data-act=arrive]").await;
    phone.stands(&order, "at_door").await;
    let (_, events) = phone.stand(&order).await;
    for kind in ["delivery.collected", "delivery.set_off", "delivery.arrived"] {
        assert!(count(&events, kind) <= 1, "{events:?}");
    }
    phone.close().await;
}

#[tokio::test]
async fn ux_c11_phone_clock_two_hours_off() {
    let Some((phone, order)) = ready(json!({})).await else { return };
    let off = "(() => { const real = Date.now; Date.now = () => real() + 7200000; })()";
    phone.page.eval(off).await;
    phone.page.tap("[data-act=collect]").await;
    phone.page.tap("[data-act=arrive]").await;
    phone.stands(&order, "at_door").await;
    let path = format!("/v1/deliveries/{}", order["delivery_id"].as_str().unwrap());
    let view = phone.app.get(&path, &phone.town.dispatcher).await.expect(200);
    assert!(!view["flags"].to_string().contains("clock_off"), "{view}");
    let line = phone.app.get(&format!("{path}/timeline"), &phone.town.dispatcher).await.expect(200);
    let now = callahead::app::ports::Clock::now(&*phone.app.clock);
    for event in line["data"].as_array().unwrap() {
        let at: chrono::DateTime<chrono::Utc> = event["at"].as_str().unwrap().parse().unwrap();
        assert!((now - at).num_seconds().abs() < 60, "{event}");
    }
    phone.close().await;
}

#[tokio::test]
async fn ux_c12_start_offline_within_500ms() {
    let Some((phone, _)) = ready(json!({})).await else { return };
    phone.gate.shut();
    phone.page.driver.refresh().await;
    phone.page.until("document.querySelector('[data-act=collect]')").await;
    // A figure to be read, not a bar to be held on a busy machine; that it starts at all without signal is held.
    let took = phone.page.eval("performance.getEntriesByType('navigation')[0].domComplete").await;
    eprintln!("started without signal in {took} ms");
    phone.gate.lift();
    phone.close().await;
}

#[tokio::test]
async fn ux_c14_cancelled_while_offline_conflict_in_words() {
    let Some((phone, order)) = ready(json!({})).await else { return };
    phone.page.tap("[data-act=collect]").await;
    phone.stands(&order, "en_route").await;
    phone.look().await;
    lose_signal(&phone).await;
    phone.page.tap("[data-act=arrive]").await;
    phone.page.screen("door").await;
    let path = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
    phone.app.post(&path, &phone.town.shop_key, json!({"reason": "changed their mind"})).await.expect(200);
    phone.app.clock.advance_by(chrono::TimeDelta::seconds(30));
    phone.gate.lift();
    phone.look().await;
    phone.page.until("document.querySelector('.sync--bad')").await;
    phone.page.tap(".sync--bad").await;
    phone.page.screen("waiting").await;
    phone.page.shows("Not taken").await;
    phone.page.shows("on the way back").await;
    phone.page.picture("c14-conflict").await;
    phone.page.tap(".conflict button").await;
    phone.page.shows("Everything is sent").await;
    phone.close().await;
}

#[tokio::test]
async fn the_shift_does_not_end_before_everything_is_sent() {
    let Some((phone, order)) = ready(json!({})).await else { return };
    lose_signal(&phone).await;
    phone.page.tap("[data-act=collect]").await;
    phone.page.tap("[href='#/menu']").await;
    phone.page.tap("[href='#/day']").await;
    phone.page.shows("not sent yet").await;
    phone
        .page
        .until("document.querySelector('[data-act=end]').getAttribute('aria-disabled') === 'true'")
        .await;
    all_sent(&phone).await;
    phone.page.until("!document.querySelector('[data-act=end]').hasAttribute('aria-disabled')").await;
    phone.stands(&order, "en_route").await;
    phone.close().await;
}

/// What travels for a file: compressed, where the browser asks for that.
async fn travels(phone: &Phone, path: &str) -> (usize, std::collections::HashMap<String, String>) {
    let answer = phone.app.client.get(format!("{}{path}", phone.app.url)).header("accept-encoding", "gzip");
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let headers =
        answer.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let headers = headers.collect();
    (answer.bytes().await.unwrap().len(), headers)
}

#[tokio::test]
async fn ux_a03_byte_budgets() {
    let Some(phone) = Phone::fresh(json!({})).await else { return };
    phone.open("/courier").await;
    phone.page.screen("sign_in").await;
    let loaded = phone
        .page
        .eval("performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname)")
        .await;
    // What may be kept for ever travels once, however often it is asked for.
    let paths: std::collections::BTreeSet<&str> =
        loaded.as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    let mut shell = travels(&phone, "/courier").await.0;
    for path in paths.iter().filter(|path| !path.starts_with("/v1/")) {
        let (bytes, headers) = travels(&phone, path).await;
        shell += bytes;
        assert!(
            !path.ends_with(".js") || (bytes <= 35 * 1024 && headers["content-encoding"] == "gzip"),
            "{path}: {bytes}"
        );
    }
    assert!(shell <= 70 * 1024, "the shell is {shell} bytes: {paths:?}");
    assert!(paths.len() < 6, "{paths:?}");
    eprintln!("the shell is {shell} bytes in {} requests", paths.len() + 1);
    phone.page.picture("c01-sign-in").await;
    phone.close().await;
}

#[tokio::test]
async fn ux_a06_manifest_and_offline_start() {
    let Some((phone, _)) = ready(json!({})).await else { return };
    let manifest =
        phone.page.run("return (await fetch(document.querySelector('[rel=manifest]').href)).json();").await;
    assert_eq!((&manifest["start_url"], &manifest["scope"]), (&json!("/courier"), &json!("/courier")));
    for (icon, (size, purpose)) in manifest["icons"].as_array().unwrap().iter().zip([
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    ]) {
        assert_eq!((&icon["sizes"], &icon["purpose"]), (&json!(size), &json!(purpose)));
        let (_, headers) = travels(&phone, icon["src"].as_str().unwrap()).await;
        assert_eq!(headers["content-type"], "image/png");
        assert!(headers["cache-control"].contains("immutable"));
    }
    phone.gate.shut();
    phone.page.driver.refresh().await;
    phone.page.until("document.querySelector('[data-act=collect]')").await;
    phone.gate.lift();
    phone.close().await;
}

#[tokio::test]
async fn ux_a07_csp_no_inline_script() {
    let Some(phone) = Phone::fresh(json!({})).await else { return };
    let (_, headers) = travels(&phone, "/courier").await;
    let policy = &headers["content-security-policy"];
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(headers["x-frame-options"], "DENY");
    assert_eq!(headers["referrer-policy"], "no-referrer");
    phone.open("/courier").await;
    phone.page.screen("sign_in").await;
    let inline = "(() => { const it = document.createElement('script'); it.textContent = 'self.inlined = 1'; document.body.append(it); return self.inlined || 0; })()";
    assert_eq!(phone.page.eval(inline).await, json!(0));
    phone.close().await;
}

#[tokio::test]
async fn ux_c13_next_action_visible_320x568() {
    let Some((phone, _)) = ready(json!({})).await else { return };
    phone.page.size(320, 568).await;
    let fits = "(() => { const box = document.querySelector('.next').getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight + 1 && document.documentElement.scrollWidth <= innerWidth; })()";
    for lang in ["en", "ko"] {
        phone.page.eval(&format!("localStorage.setItem('lang', '{lang}')")).await;
        phone.page.driver.refresh().await;
        phone
            .page
            .until(&format!("document.documentElement.lang === '{lang}' && document.querySelector('.next')"))
            .await;
        phone.page.until(fits).await;
        phone.page.picture(&format!("c13-320-{lang}")).await;
    }
    phone.page.tap("[data-act=collect]").await;
    phone.page.tap("[data-act=arrive]").await;
    phone.page.screen("door").await;
    phone.page.until(fits).await;
    phone.close().await;
}
