//! `[wallets]`: limits of prepaid wallets.

use super::reader::Reader;

/// `[wallets]`: what a wallet may pay, and how. Amounts are minor units of the wallet's currency.
#[derive(Debug, Clone, Copy)]
pub struct Wallets {
    /// Above this a payment needs the PIN.
    pub pin_above: i64,
    /// A personal code pays at most this without another word of the customer.
    pub code_limit: i64,
    /// Personal codes pay at most this in a day without another word of the customer.
    pub code_day_limit: i64,
    /// A device must have been online within so many hours for its codes to pay.
    pub online_within_h: i64,
    /// How long the customer may agree to a charge above the limits, in seconds.
    pub agree_within_s: i64,
}

impl Wallets {
    pub(super) fn read(r: &mut Reader) -> Self {
        const MOST: i64 = 9_007_199_254_740_991;
        Self {
            pin_above: r.whole("wallets.pin_above", 0..=MOST),
            code_limit: r.whole("wallets.code_limit", 0..=MOST),
            code_day_limit: r.whole("wallets.code_day_limit", 0..=MOST),
            online_within_h: r.whole("wallets.online_within_h", 1..=8_760),
            agree_within_s: r.whole("wallets.agree_within_s", 30..=3_600),
        }
    }
}
