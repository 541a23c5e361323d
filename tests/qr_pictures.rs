//! What we draw, two readers of other people read: every kind of code as a QR picture, in the version the format
//! was made for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use callahead_domain::emvqr::{LocalName, StallCode};
use callahead_domain::hand_off::chain::{Chain, DAY_WINDOWS};
use callahead_domain::hand_off::slip::Slip;
use callahead_domain::money::Currency;
use callahead_domain::pay_code::{Alias, PayCode, PayNumber};
use callahead_domain::qr::{Repair, modules, svg};
use rxing::common::HybridBinarizer;
use rxing::qrcode::QRCodeReader;
use rxing::{BinaryBitmap, Luma8LuminanceSource, Reader};

/// Pixels of one module.
const SCALE: usize = 6;

/// An SVG of ours as grey pixels: its steps are `Mx yhNv1h-Nz`, dark runs of N modules.
fn pixels(svg: &str) -> (usize, Vec<u8>) {
    let side: usize = svg.split("viewBox=\"0 0 ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let path = svg.rsplit("<path d=\"").next().unwrap().split('"').next().unwrap();
    let width = side * SCALE;
    let mut grey = vec![255u8; width * width];
    for step in path.split('z').filter(|step| !step.is_empty()) {
        let (start, run) = step.strip_prefix('M').unwrap().split_once('h').unwrap();
        let (x, y) = start.split_once(' ').unwrap();
        let run = run.split_once("v1h-").unwrap().0;
        let (x, y, run): (usize, usize, usize) =
            (x.parse().unwrap(), y.parse().unwrap(), run.parse().unwrap());
        for row in y * SCALE..(y + 1) * SCALE {
            grey[row * width + x * SCALE..row * width + (x + run) * SCALE].fill(0);
        }
    }
    (width, grey)
}

fn read_by_rqrr(width: usize, grey: &[u8]) -> String {
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, width, |x, y| grey[y * width + x]);
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1, "one picture");
    grids[0].decode().expect("rqrr reads it").1
}

fn read_by_rxing(width: usize, grey: Vec<u8>) -> String {
    let side = u32::try_from(width).unwrap();
    let source = Luma8LuminanceSource::new(grey, side, side).unwrap();
    let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
    QRCodeReader.decode(&mut bitmap).expect("rxing reads it").getText().to_owned()
}

/// Both readers read the text again, and the picture is of this version.
fn holds(text: &str, repair: Repair, version: usize) {
    let svg = svg(text, repair, "a code").unwrap();
    let (width, grey) = pixels(&svg);
    assert_eq!(read_by_rqrr(width, &grey), text);
    assert_eq!(read_by_rxing(width, grey), text);
    assert_eq!(modules(text, repair).unwrap().len(), 17 + 4 * version, "{text}");
}

#[test]
fn the_changing_code_is_of_version_3_also_with_strong_repair() {
    let chain = Chain { hid: [0xa7; 8], seed: [0x3c; 16], windows: DAY_WINDOWS };
    for window in [1, 77, 1_440, 2_880] {
        let text = chain.shown_in(window).unwrap().text();
        holds(&text, Repair::Normal, 3);
        holds(&text, Repair::Strong, 3);
    }
}

#[test]
fn the_slip_is_of_version_3() {
    holds(&Slip { hid: [0xa7; 8], secret: [0x3c; 16] }.text(), Repair::Normal, 3);
}

#[test]
fn the_customers_pay_code_is_of_version_2_and_its_number_of_version_1() {
    holds(&PayCode::new(&[7; 32], Alias(0x0102_0304_0506_0708), 59_846_666).text(), Repair::Normal, 2);
    holds(&PayNumber::new(&[7; 32], Alias(0x0102_0304_0506_0708), 59_846_666).text(), Repair::Normal, 1);
}

/// Capitals and digits alone are written in the dense mode; one small letter makes every character a byte. So a
/// scheme does well to write its name in capitals, which mean the same.
#[test]
fn a_stalls_code_is_of_version_6_in_capitals_and_of_version_8_otherwise() {
    let plain = StallCode {
        gui: "org.example.wallet",
        stall: "S7K2M9QD",
        category: "5411",
        currency: Currency::parse("KPW").unwrap(),
        amount_minor: None,
        country: "KP",
        name: "RYUGYONG SEAFOOD 12",
        city: "PYONGYANG",
        terminal: Some("T01"),
        local: None,
    };
    let capitals = StallCode { gui: "ORG.EXAMPLE.WALLET", ..plain };
    holds(&capitals.text().unwrap(), Repair::Normal, 6);
    holds(&plain.text().unwrap(), Repair::Normal, 8);
    let local = LocalName { language: "ko", name: "류경수산물식당 12호", city: Some("평양") };
    holds(&StallCode { local: Some(local), ..plain }.text().unwrap(), Repair::Normal, 10);
}
