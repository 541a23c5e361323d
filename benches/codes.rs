//! How long the codes take: `cargo bench --bench codes`.
//!
//! The bar is a hand-off code of the last window of a day verified in under a millisecond, from the scanned text to
//! the answer. One thread, the median and the slowest of many. Time is printed, never asserted.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use callahead_domain::emvqr::Payload;
use callahead_domain::hand_off::chain::{Chain, DAY_WINDOWS, Token};
use callahead_domain::hand_off::slip::Slip;
use callahead_domain::pay_code::{Alias, PayCode};
use callahead_domain::qr::{Repair, svg};
use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 2_000;
const STALL: &str = "00020101021126340018org.example.wallet0108S7K2M9QD5204541153034085802KP5919RYUGYONG SEAFOOD \
                     126009PYONGYANG62190308S7K2M9QD0703T01630466E5";

fn main() {
    let chain = Chain { hid: [7; 8], seed: [9; 16], windows: DAY_WINDOWS };
    let anchor = chain.anchor();
    let last = chain.shown_in(DAY_WINDOWS).unwrap().text();
    let slip = Slip { hid: [7; 8], secret: [9; 16] };
    let (slip_text, digest) = (slip.text(), slip.digest());
    let pay = PayCode::new(&[7; 32], Alias(7), 59_846_666).text();

    println!("| what | median | slowest |");
    println!("|---|---|---|");
    row("verify HO1 of window 2,880", || anchor.proves(&Token::parse(black_box(&last)).unwrap()));
    row("verify HS1", || Slip::parse(black_box(&slip_text)).unwrap().proves([7; 8], digest));
    row("verify PP1", || PayCode::parse(black_box(&pay)).unwrap().proves(&[7; 32]));
    row("read a stall's code", || Payload::parse(black_box(STALL)).is_ok());
    row("draw HO1 as SVG", || svg(black_box(&last), Repair::Normal, "code").is_ok());
}

fn row(name: &str, work: impl Fn() -> bool) {
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| timed(&work)).collect();
    times.sort();
    let micros = |time: Duration| format!("{:.1} µs", time.as_secs_f64() * 1e6);
    let median = times.get(ROUNDS / 2).copied().unwrap_or_default();
    println!("| {name} | {} | {} |", micros(median), micros(times.last().copied().unwrap_or_default()));
}

fn timed(work: &impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    assert!(work());
    began.elapsed()
}
