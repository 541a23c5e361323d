//! One of every page a customer can meet, for the structure tests and for looking at them.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use callahead::http::pages::Page;
use callahead::http::pages::view::*;
use callahead_domain::contact::Language;
use callahead_domain::qr::{Repair, inline};
use chrono::{DateTime, NaiveTime, Utc};

/// 2026-05-14, a Thursday, in Seoul (UTC+9).
pub fn at(clock: &str) -> DateTime<Utc> {
    format!("2026-05-14T{clock}:00+09:00").parse::<DateTime<Utc>>().unwrap()
}

pub fn span(start: &str, end: &str) -> Span {
    Span { start: at(start), end: at(end) }
}

pub fn frame(language: Language) -> Frame {
    let shop = match language {
        Language::En => "Saltmarket Grocer",
        Language::Ko => "솔트마켓 식료품",
        Language::Ru => "Бакалея «Солтмаркет»",
        Language::Zh => "盐市杂货",
        Language::Ar => "بقالة سوق الملح",
    };
    Frame {
        shop: shop.to_owned(),
        reference: "K-2291".to_owned(),
        shop_phone: Some("+1 (555) 0110".to_owned()),
        zone: chrono_tz::Asia::Seoul,
        now: at("18:00"),
        link: "/t/Zm9vYmFyYmF6cXV4Zm9vYg".to_owned(),
        csrf: "a-token".to_owned(),
    }
}

fn ask(frame: &Frame) -> AskView {
    AskView {
        frame: frame.clone(),
        reason: AskReason::Plain,
        window: Some(span("18:20", "18:35")),
        address: "14 Tidegate Lane, flat 9".to_owned(),
        change_until: Some(at("18:10")),
        refused: None,
    }
}

fn later(frame: &Frame) -> LaterView {
    LaterView {
        frame: frame.clone(),
        slots: vec![
            span("18:50", "19:05"),
            span("19:20", "19:35"),
            span("19:50", "20:10"),
            span("20:30", "21:00"),
        ],
        times: vec![at("19:00"), at("19:15"), at("19:30"), at("19:45")],
        cold: true,
        chosen: Some(at("18:50")),
        error: None,
    }
}

fn not_today(frame: &Frame) -> NotTodayView {
    let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let day = |date: &str, opens, closes| Day {
        date: date.parse().unwrap(),
        opens: hour(opens),
        closes: hour(closes),
    };
    NotTodayView {
        frame: frame.clone(),
        days: vec![
            day("2026-05-15", 8, 21),
            day("2026-05-16", 9, 18),
            day("2026-05-18", 8, 21),
            day("2026-09-23", 8, 21),
        ],
        cold: true,
        error: None,
    }
}

fn answered(frame: &Frame, answer: Answered) -> AnsweredView {
    AnsweredView {
        frame: frame.clone(),
        answer,
        window: Some(span("18:20", "18:35")),
        courier: Some("Odo".to_owned()),
        stops_before: Some(5),
        code: None,
        note: Some("Yard entrance, door code 27B".to_owned()),
        note_kept: false,
        note_error: false,
        change_until: Some(at("18:10")),
    }
}

fn on_the_way(frame: &Frame) -> OnTheWayView {
    OnTheWayView {
        frame: frame.clone(),
        courier: "Odo".to_owned(),
        expected_at: Some(at("18:06")),
        promised_by: Some(at("18:35")),
        step: Step::Next,
        seen_at: Some(at("17:59")),
        refreshing: true,
        may_change: true,
        may_show_code: true,
        kept: false,
    }
}

fn near(frame: &Frame) -> NearView {
    NearView {
        frame: frame.clone(),
        courier: "Odo".to_owned(),
        at_door: true,
        code: Some("482913".to_owned()),
        picture: inline("HO1:W50TK404DGWLT9U%X9QRUZ9S J701LC124$R2QUV4", Repair::Strong, "HO1").ok(),
        parcels: 2,
        total: Some("48.20 KPW".to_owned()),
        kept: false,
    }
}

fn receipt(frame: &Frame) -> ReceiptView {
    let priced = |text: &str, price: &str| (text.to_owned(), Some(price.to_owned()));
    ReceiptView {
        frame: frame.clone(),
        at: at("17:46"),
        receiver: None,
        courier: Some("Odo".to_owned()),
        proof: ProofKind::Code,
        items: vec![priced("Bread, milk, 14 more", "45.20"), priced("Delivery", "3.00")],
        total: "48.20 KPW".to_owned(),
        money: vec![MoneyLine { state: MoneyState::Taken, amount: "48.20 KPW".to_owned() }],
        closes_on: Some("2026-06-13".parse().unwrap()),
        may_object: false,
        objected: false,
    }
}

fn gone(frame: Option<&Frame>, reason: GoneReason) -> GoneView {
    GoneView { frame: frame.cloned(), reason, money: Vec::new() }
}

fn error(kind: ErrorKind) -> ErrorView {
    ErrorView {
        kind,
        request_id: Some("req_01hzy8k3v4w5x6y7z8a9b0c1d2".to_owned()),
        link: Some("/t/Zm9vYmFyYmF6cXV4Zm9vYg".to_owned()),
    }
}

/// Every page with a name for its file.
pub fn all(language: Language) -> Vec<(&'static str, Page)> {
    let f = &frame(language);
    [questions(f), answers(f), ends(f)].into_iter().flatten().collect()
}

fn questions(f: &Frame) -> Vec<(&'static str, Page)> {
    let name_errors = vec![FieldError::NoName, FieldError::BadPhone];
    let other = |errors| OtherView {
        frame: f.clone(),
        window: Some(span("18:20", "18:35")),
        name: String::new(),
        phone: if errors == Vec::new() { String::new() } else { "12".to_owned() },
        errors,
    };
    let cancel = CancelView {
        frame: f.clone(),
        given_back: "45.20 KPW".to_owned(),
        kept: Some("3.00 KPW".to_owned()),
        may_wait: true,
        carried: false,
    };
    let address = AddressView {
        frame: f.clone(),
        address: "behind the school".to_owned(),
        text: String::new(),
        told: false,
        may_cancel: true,
        error: None,
        refused: None,
    };
    let told = AddressView { text: "3 School Lane".to_owned(), told: true, ..address.clone() };
    vec![
        ("ask", Page::Ask(ask(f))),
        ("ask-open", Page::Ask(AskView { window: None, change_until: None, ..ask(f) })),
        ("ask-refused", Page::Ask(AskView { refused: Some(AnswerRefused::Stale), ..ask(f) })),
        ("ask-set-off", Page::Ask(AskView { refused: Some(AnswerRefused::SetOff), ..ask(f) })),
        ("ask-at-door", Page::Ask(AskView { refused: Some(AnswerRefused::AtDoor), ..ask(f) })),
        ("late", Page::Ask(AskView { reason: AskReason::Late, ..ask(f) })),
        ("missed", Page::Ask(AskView { reason: AskReason::Missed { at: at("17:30") }, ..ask(f) })),
        ("later", Page::Later(later(f))),
        ("later-error", Page::Later(LaterView { error: Some(FieldError::NoTime), chosen: None, ..later(f) })),
        (
            "later-after-hours",
            Page::Later(LaterView { error: Some(FieldError::AfterHours(NaiveTime::MIN)), ..later(f) }),
        ),
        (
            "later-times",
            Page::Later(LaterView { slots: vec![], error: Some(FieldError::TimeTaken), ..later(f) }),
        ),
        ("later-none", Page::Later(LaterView { slots: vec![], times: vec![], ..later(f) })),
        ("not-today", Page::NotToday(not_today(f))),
        ("not-today-error", Page::NotToday(NotTodayView { error: Some(FieldError::NoDay), ..not_today(f) })),
        ("not-today-none", Page::NotToday(NotTodayView { days: vec![], ..not_today(f) })),
        ("other", Page::Other(other(Vec::new()))),
        ("other-error", Page::Other(other(name_errors))),
        ("address-told", Page::Address(told)),
        (
            "address-error",
            Page::Address(AddressView { error: Some(FieldError::BadAddress), ..address.clone() }),
        ),
        (
            "address-refused",
            Page::Address(AddressView { refused: Some(AnswerRefused::Stale), ..address.clone() }),
        ),
        ("address", Page::Address(address)),
        ("cancel", Page::Cancel(cancel.clone())),
        ("cancel-carried", Page::Cancel(CancelView { kept: None, carried: true, ..cancel.clone() })),
        ("cancel-plain", Page::Cancel(CancelView { kept: None, may_wait: false, ..cancel })),
    ]
}

fn answers(f: &Frame) -> Vec<(&'static str, Page)> {
    let date = "2026-05-16".parse().unwrap();
    let with_code = AnsweredView {
        code: Some("482913".to_owned()),
        note_kept: true,
        stops_before: Some(0),
        ..answered(f, Answered::Home)
    };
    let early = AnsweredView {
        window: None,
        courier: None,
        stops_before: None,
        note: None,
        change_until: None,
        ..answered(f, Answered::Home)
    };
    let far = OnTheWayView {
        expected_at: Some(at("17:58")),
        step: Step::OnTheWay,
        seen_at: Some(at("17:40")),
        refreshing: false,
        may_change: false,
        may_show_code: false,
        ..on_the_way(f)
    };
    vec![
        ("answered", Page::Answered(answered(f, Answered::Home))),
        ("answered-code", Page::Answered(with_code)),
        ("answered-early", Page::Answered(early)),
        ("answered-from", Page::Answered(answered(f, Answered::HomeFrom(at("19:20"))))),
        ("answered-until", Page::Answered(answered(f, Answered::HomeUntil(at("19:20"))))),
        ("answered-place", Page::Answered(answered(f, Answered::Place("the kiosk".to_owned())))),
        (
            "answered-note-error",
            Page::Answered(AnsweredView { note_error: true, ..answered(f, Answered::Home) }),
        ),
        ("answered-day", Page::Answered(answered(f, Answered::NotToday(Some(date))))),
        ("answered-not-today", Page::Answered(answered(f, Answered::NotToday(None)))),
        ("answered-receiver", Page::Answered(answered(f, Answered::Receiver("Ida Holm".to_owned())))),
        ("live", Page::OnTheWay(on_the_way(f))),
        ("live-far", Page::OnTheWay(far)),
        ("live-kept", Page::OnTheWay(OnTheWayView { kept: true, ..on_the_way(f) })),
        ("near", Page::Near(near(f))),
        ("near-kept", Page::Near(NearView { kept: true, ..near(f) })),
        ("near-early-kept", Page::Near(NearView { at_door: false, kept: true, ..near(f) })),
        ("near-early", Page::Near(NearView { at_door: false, total: None, ..near(f) })),
        ("near-one", Page::Near(NearView { parcels: 1, total: None, ..near(f) })),
        ("near-locked", Page::Near(NearView { code: None, ..near(f) })),
    ]
}

fn ends(f: &Frame) -> Vec<(&'static str, Page)> {
    let given_back = vec![MoneyLine { state: MoneyState::GivenBack, amount: "48.20 KPW".to_owned() }];
    let disputed = ReceiptView {
        receiver: Some("Ida Holm".to_owned()),
        proof: ProofKind::Photo,
        items: vec![("Crate of jars".to_owned(), None)],
        money: vec![MoneyLine { state: MoneyState::WaitingForShop, amount: "48.20 KPW".to_owned() }],
        closes_on: None,
        may_object: true,
        ..receipt(f)
    };
    let part = ReceiptView {
        courier: None,
        proof: ProofKind::Signature,
        money: [MoneyState::Held, MoneyState::Taken, MoneyState::GivenBack]
            .map(|state| MoneyLine { state, amount: "16.00 KPW".to_owned() })
            .to_vec(),
        ..receipt(f)
    };
    let vouched = ReceiptView {
        courier: None,
        proof: ProofKind::Witness,
        money: vec![MoneyLine { state: MoneyState::Owed, amount: "48.20 KPW".to_owned() }],
        may_object: false,
        objected: true,
        ..disputed.clone()
    };
    vec![
        ("receipt", Page::Receipt(receipt(f))),
        ("receipt-other", Page::Receipt(disputed)),
        ("receipt-part", Page::Receipt(part)),
        ("receipt-vouched", Page::Receipt(vouched)),
        ("receipt-scan", Page::Receipt(ReceiptView { proof: ProofKind::Scan, ..receipt(f) })),
        ("gone", Page::Gone(gone(None, GoneReason::Unknown))),
        ("finished", Page::Gone(gone(Some(f), GoneReason::Finished))),
        ("cancelled", Page::Gone(GoneView { money: given_back, ..gone(Some(f), GoneReason::Cancelled) })),
        ("returned", Page::Gone(gone(Some(f), GoneReason::Returned))),
        ("lost", Page::Gone(gone(Some(f), GoneReason::Lost))),
        ("error-bad", Page::Error(error(ErrorKind::BadRequest))),
        ("error-many", Page::Error(error(ErrorKind::TooMany))),
        ("error", Page::Error(ErrorView { request_id: None, link: None, ..error(ErrorKind::Internal) })),
    ]
}
