//! The courier's page in a real browser, against the whole service.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/phone.rs"]
mod phone;

use phone::Phone;
use serde_json::{Value, json};

/// Counts every touch from here on.
async fn count_touches(phone: &Phone) {
    let script =
        "(() => { self.touches = 0; addEventListener('pointerup', () => { self.touches += 1; }, true); })()";
    phone.page.eval(script).await;
}

async fn touches(phone: &Phone) -> Value {
    phone.page.eval("self.touches").await
}

/// What the page of this courier is told of a delivery's door.
async fn stop(phone: &Phone, order: &Value) -> Value {
    let feed = phone.app.get("/v1/courier/feed", &phone.town.session).await.expect(200);
    let mine = |stop: &&Value| stop["delivery_id"] == order["delivery_id"] && stop["kind"] == "drop_off";
    feed["stops"].as_array().unwrap().iter().find(mine).cloned().unwrap_or(Value::Null)
}

/// From the shop to the door, by touches.
async fn to_the_door(phone: &Phone) -> Value {
    let order = phone.answered().await;
    phone.look().await;
    phone.page.tap("[data-act=collect]").await;
    phone.page.tap("[data-act=arrive]").await;
    phone.page.screen("door").await;
    order
}

#[tokio::test]
async fn ux_c01_four_taps_answered() {
    let Some(phone) = Phone::on_duty(json!({"assign": "offer"})).await else { return };
    let order = phone.answered().await;
    phone.look().await;
    phone.page.screen("offer").await;
    phone.page.picture("c04-offer").await;
    count_touches(&phone).await;
    phone.page.tap("[data-act=take]").await;
    phone.page.tap("[data-act=collect]").await;
    phone.page.until("document.querySelector('[data-act=arrive]')").await;
    phone.page.picture("c05-next").await;
    phone.page.tap("[data-act=arrive]").await;
    phone.page.screen("door").await;
    phone.page.picture("c09-door").await;
    assert_eq!(touches(&phone).await, json!(3));
    // Where there is no camera the digits are typed: finding the keys changes nothing, the sixth digit hands over.
    phone.page.tap("[data-act=type]").await;
    phone.page.picture("c11-type").await;
    phone.type_digits(&phone.code(&order)).await;
    phone.page.screen("empty").await;
    phone.page.picture("c13-done").await;
    phone.stands(&order, "handed_over").await;
    phone.app.past_the_grace().await;
    phone.close().await;
}

/// A camera that sees one code, as a phone with a detector of its own would.
async fn camera_sees(phone: &Phone, text: &str) {
    let script = format!(
        "self.BarcodeDetector = class {{ async detect() {{ return [{{ rawValue: {} }}]; }} }}",
        json!(text)
    );
    phone.page.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    phone.page.driver.refresh().await;
}

#[tokio::test]
async fn a_scanned_code_is_the_fourth_touch_and_the_last() {
    let Some(phone) = Phone::on_duty(json!({"assign": "offer"})).await else { return };
    let order = phone.answered().await;
    camera_sees(&phone, &phone.code(&order)).await;
    phone.page.screen("offer").await;
    count_touches(&phone).await;
    for act in ["take", "collect", "arrive", "scan"] {
        phone.page.tap(&format!("[data-act={act}]")).await;
    }
    phone.page.screen("empty").await;
    assert_eq!(touches(&phone).await, json!(4));
    phone.stands(&order, "handed_over").await;
    phone.app.past_the_grace().await;
    phone.close().await;
}

#[tokio::test]
async fn ux_c02_six_taps_with_call() {
    let Some(phone) = Phone::on_duty(json!({"assign": "offer"})).await else { return };
    let order = phone.town.place(&phone.app).await;
    phone.app.settle().await;
    phone.look().await;
    count_touches(&phone).await;
    phone.page.tap("[data-act=take]").await;
    phone.page.tap("[data-act=collect]").await;
    phone.stands(&order, "collected").await;
    while stop(&phone, &order).await["next_action"]["kind"] != "call" {
        phone.app.advance(60).await;
    }
    phone.look().await;
    phone.page.screen("call").await;
    phone.page.picture("c06-call").await;
    phone.page.tap("[data-act=call]").await;
    phone.page.eval("document.dispatchEvent(new Event('visibilitychange'))").await;
    phone.page.screen("outcome").await;
    phone.page.picture("c07-outcome").await;
    phone.page.tap("#outcome-home_now").await;
    phone.page.tap("[data-act=arrive]").await;
    phone.page.screen("door").await;
    // Take it, collect, call, outcome, at the door; the sixth is the scan, or the last of the digits.
    assert_eq!(touches(&phone).await, json!(5));
    phone.page.tap("[data-act=type]").await;
    phone.type_digits(&phone.code(&order)).await;
    phone.stands(&order, "handed_over").await;
    let (_, events) = phone.stand(&order).await;
    assert_eq!(events.iter().filter(|event| event.contains("answer")).count(), 1, "{events:?}");
    phone.app.past_the_grace().await;
    phone.close().await;
}

#[tokio::test]
async fn a_failed_attempt_takes_six_touches_two_of_which_only_open_a_screen() {
    let Some(phone) = Phone::on_duty(json!({})).await else { return };
    let order = to_the_door(&phone).await;
    phone.stands(&order, "at_door").await;
    count_touches(&phone).await;
    phone.page.tap("[href^='#/nobody']").await;
    phone.page.screen("nobody").await;
    phone.page.picture("c15-nobody").await;
    phone.page.tap(".list li:nth-child(2) button").await;
    phone.page.tap("[data-act=call]").await;
    phone.page.eval("document.dispatchEvent(new Event('visibilitychange'))").await;
    phone.page.tap("#outcome-no_answer").await;
    phone.page.screen("nobody").await;
    phone.app.clock.advance_by(chrono::TimeDelta::seconds(600));
    phone.look().await;
    phone.page.until("!document.querySelector('[data-act=give_up]').hasAttribute('aria-disabled')").await;
    phone.page.tap("[data-act=give_up]").await;
    phone.page.tap("#reason-not_home").await;
    // Nobody here and the call's screen change nothing; the call, its outcome, giving up and the reason do.
    assert_eq!(touches(&phone).await, json!(6));
    phone.page.shows("Not handed over").await;
    phone.page.until("document.querySelector('.sync').innerText.includes('All sent')").await;
    let (stage, events) = phone.stand(&order).await;
    assert!(["returning", "collected"].contains(&stage.as_str()), "{events:?}");
    phone.close().await;
}

#[tokio::test]
async fn ux_c05_undo_8s_no_capture() {
    let Some(phone) = Phone::on_duty(json!({})).await else { return };
    let order = to_the_door(&phone).await;
    phone.page.tap("[data-act=type]").await;
    phone.type_digits(&phone.code(&order)).await;
    phone.stands(&order, "handed_over").await;
    phone.page.tap("#undo").await;
    phone.stands(&order, "at_door").await;
    phone.app.past_the_grace().await;
    let shown =
        phone.app.get(&format!("/v1/orders/{}", order["id"].as_str().unwrap()), &phone.town.shop_key).await;
    assert_eq!(shown.expect(200)["payment"]["state"], "authorised");
    phone.page.screen("door").await;
    phone.close().await;
}

#[tokio::test]
async fn what_is_taken_back_before_it_left_never_reaches_the_service() {
    let Some(phone) = Phone::on_duty(json!({})).await else { return };
    let order = phone.answered().await;
    phone.look().await;
    phone.page.tap("[data-act=collect]").await;
    phone.page.until("document.querySelector('[data-act=arrive]')").await;
    phone.page.tap("#undo").await;
    phone.page.until("document.querySelector('[data-act=collect]')").await;
    phone.page.until("document.querySelector('.sync').innerText.includes('All sent')").await;
    let (stage, _) = phone.stand(&order).await;
    assert_eq!(stage, "assigned");
    phone.close().await;
}

#[tokio::test]
async fn ux_c07_five_wrong_digits() {
    let Some(phone) = Phone::on_duty(json!({})).await else { return };
    let order = to_the_door(&phone).await;
    phone.page.tap("[data-act=type]").await;
    // A slip of the finger is found on the phone and is no try.
    phone.type_digits("123456").await;
    phone.page.shows("A digit is wrong").await;
    let right = phone.code(&order);
    let holds = callahead_domain::hand_off::code::check_digit_ok;
    let wrong =
        (0..1_000_000_u32).map(|number| format!("{number:06}")).filter(|code| holds(code) && *code != right);
    for (code, left) in wrong.take(5).zip([4, 3, 2, 1, 0]) {
        phone.page.screen("type").await;
        phone.type_digits(&code).await;
        if left > 0 {
            phone.page.shows("That code did not match").await;
            phone.page.shows(&format!("{left} tr")).await;
        }
    }
    phone.page.screen("fallback").await;
    phone.page.shows("Too many tries").await;
    phone.page.picture("c12-fallback").await;
    let (stage, _) = phone.stand(&order).await;
    assert_eq!(stage, "at_door");
    phone.close().await;
}

#[tokio::test]
async fn a_signature_hands_over_where_there_is_no_code() {
    let Some(phone) = Phone::on_duty(json!({})).await else { return };
    let order = to_the_door(&phone).await;
    phone.page.tap("[href^='#/fallback']").await;
    phone.page.screen("fallback").await;
    phone.page.tap("[data-act=signed]").await;
    phone.page.shows("The signature is missing").await;
    let draw = "(() => { const pad = document.getElementById('sig'); const at = (type, x, y) => { const box = pad.getBoundingClientRect(); pad.dispatchEvent(new PointerEvent(type, { pointerId: 1, clientX: box.x + x, clientY: box.y + y })); }; pad.setPointerCapture = () => {}; at('pointerdown', 10, 10); for (let n = 1; n < 20; n += 1) at('pointermove', 10 + 5 * n, 10 + 3 * n); at('pointerup', 120, 70); })()";
    phone.page.eval(draw).await;
    phone.page.tap("[data-act=signed]").await;
    phone.stands(&order, "handed_over").await;
    let (_, events) = phone.stand(&order).await;
    assert!(
        events.iter().any(|event| event.contains("handed_over") || event.contains("hand_off")),
        "{events:?}"
    );
    phone.close().await;
}

#[tokio::test]
async fn ux_c08_giveup_closed_until_rule() {
    let Some(phone) = Phone::on_duty(json!({"waiting_s": 420})).await else { return };
    let order = to_the_door(&phone).await;
    phone.stands(&order, "at_door").await;
    phone.page.tap("[href^='#/nobody']").await;
    phone.page.screen("nobody").await;
    phone.page.tap("[data-act=give_up]").await;
    phone
        .page
        .until("document.querySelector('[data-screen=nobody] [data-opens]').textContent.includes('Opens at')")
        .await;
    phone.app.clock.advance_by(chrono::TimeDelta::seconds(421));
    phone.page.driver.refresh().await;
    phone.page.until("!document.querySelector('[data-act=give_up]').hasAttribute('aria-disabled')").await;
    phone.page.tap("[data-act=give_up]").await;
    phone.page.screen("reason").await;
    phone.close().await;
}

#[tokio::test]
async fn ux_c09_offer_expires_by_server_clock() {
    let Some(phone) = Phone::on_duty(json!({"assign": "offer", "offer_rounds": 1})).await else { return };
    phone.answered().await;
    phone.look().await;
    phone.page.screen("offer").await;
    // The phone's own clock is months away from the service's; the seconds are the service's.
    let left = phone
        .page
        .eval("Number(document.querySelector('[data-ring] text').textContent.split(':').pop())")
        .await;
    assert!((0..=60).contains(&left.as_i64().unwrap()), "{left}");
    phone.app.advance(120).await;
    phone.look().await;
    phone.page.screen("empty").await;
    phone.close().await;
}

#[tokio::test]
async fn ux_c10_return_from_dialler_opens_outcome() {
    let Some(phone) = Phone::on_duty(json!({})).await else { return };
    let order = to_the_door(&phone).await;
    phone.page.tap("[href^='#/call']").await;
    phone.page.screen("call").await;
    let seen = |state: &str| {
        format!(
            "(() => {{ Object.defineProperty(document, 'visibilityState', {{ value: '{state}', configurable: true }}); document.dispatchEvent(new Event('visibilitychange')); }})()"
        )
    };
    phone.page.tap("[data-act=call]").await;
    phone.page.eval(&seen("hidden")).await;
    phone.page.screen("call").await;
    phone.page.eval(&seen("visible")).await;
    phone.page.screen("outcome").await;
    phone.page.tap("#outcome-later").await;
    phone.page.screen("later").await;
    phone.page.picture("c08-later").await;
    phone.page.tap(".ans button:first-child").await;
    phone.page.screen("door").await;
    phone.page.until("document.querySelector('.sync').innerText.includes('All sent')").await;
    let (_, events) = phone.stand(&order).await;
    assert_eq!(events.iter().filter(|event| event.contains("answer")).count(), 2, "{events:?}");
    phone.close().await;
}

#[tokio::test]
async fn ux_c15_button_inert_400ms_after_change() {
    let Some(phone) = Phone::on_duty(json!({})).await else { return };
    phone.answered().await;
    phone.look().await;
    phone.page.until("document.querySelector('[data-act=collect]')").await;
    // The finger comes down again the very moment the button has another meaning.
    let script = "(() => { self.pressed = 0; new MutationObserver(() => { const it = document.querySelector('[data-act=arrive]'); if (it && !self.pressed) { self.pressed = 1; it.click(); } }).observe(document.getElementById('app'), { childList: true, subtree: true }); })()";
    phone.page.eval(script).await;
    phone.page.tap("[data-act=collect]").await;
    phone.page.until("self.pressed === 1 && document.documentElement.dataset.inert === undefined").await;
    phone.page.until("document.querySelector('[data-act=arrive]')").await;
    phone.page.tap("[data-act=arrive]").await;
    phone.page.screen("door").await;
    phone.close().await;
}

#[tokio::test]
async fn two_orders_of_one_shop_are_collected_with_one_touch_unless_one_is_missing() {
    let Some(phone) = Phone::on_duty(json!({})).await else { return };
    let (first, second) = (phone.answered().await, phone.answered().await);
    phone.app.advance(120).await;
    phone.look().await;
    phone.page.until("document.querySelectorAll('.list button.row').length === 2").await;
    phone.page.picture("c05-collect-two").await;
    phone.page.tap(".list li:nth-child(2) button").await;
    phone.page.shows("not here").await;
    phone.page.tap("[data-act=collect]").await;
    phone.page.until("document.querySelector('#undo')").await;
    phone.page.until("document.querySelector('.sync').innerText.includes('All sent')").await;
    let stages = [phone.stand(&first).await.0, phone.stand(&second).await.0];
    assert_eq!(stages.iter().filter(|stage| *stage == "assigned").count(), 1, "{stages:?}");
    phone.close().await;
}

#[tokio::test]
async fn the_shift_ends_from_the_page_and_breaks_are_taken_there() {
    let Some(phone) = Phone::fresh(json!({})).await else { return };
    phone.sign_in().await;
    phone.page.screen("start").await;
    phone.page.picture("c03-start").await;
    phone.page.tap("[data-act=start]").await;
    phone.page.screen("empty").await;
    phone.page.tap("[href='#/menu']").await;
    phone.page.screen("menu").await;
    phone.page.picture("c19-menu").await;
    phone.page.tap("#break-15").await;
    phone.page.shows("You are on a break").await;
    phone.page.tap("[href='#/menu']").await;
    phone.page.tap("#break-end").await;
    phone.page.shows("No stops now").await;
    phone.page.tap("[data-act=day]").await;
    phone.page.screen("day").await;
    phone.page.picture("c18-day").await;
    phone.page.tap("[data-act=end]").await;
    phone.page.screen("start").await;
    phone.page.tap("[href='#/waiting']").await;
    phone.page.tap("[href='#/next']").await;
    let shift = phone.app.get("/v1/courier/shift", &phone.town.session).await;
    assert_ne!(shift.status, 200);
    phone.close().await;
}
