//! How long a text message is: GSM 03.38 characters where all of them are in that alphabet, else UTF-16 units.

/// The basic alphabet, one unit each.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension table, two units each.
const EXTENDED: &str = "^{}\\[~]|€";

/// Units and the units one message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmsLength {
    /// Septets, or UTF-16 units where a character is outside the GSM alphabet.
    pub units: usize,
    /// 160 or 70.
    pub limit: usize,
}

impl SmsLength {
    /// Whether it travels as one message.
    #[must_use]
    pub fn fits(self) -> bool {
        self.units <= self.limit
    }
}

/// Measures a text.
#[must_use]
pub fn measure(text: &str) -> SmsLength {
    let septets: Option<usize> = text.chars().map(septets_of).sum();
    match septets {
        Some(units) => SmsLength { units, limit: 160 },
        None => SmsLength { units: text.encode_utf16().count(), limit: 70 },
    }
}

fn septets_of(c: char) -> Option<usize> {
    if BASIC.contains(c) {
        Some(1)
    } else if EXTENDED.contains(c) {
        Some(2)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gsm_text_counts_septets_and_anything_else_makes_it_seventy_units() {
        assert_eq!(measure("18:20-18:35"), SmsLength { units: 11, limit: 160 });
        assert_eq!(measure("5 €"), SmsLength { units: 4, limit: 160 });
        assert_eq!(measure("18:20–18:35"), SmsLength { units: 11, limit: 70 });
        assert_eq!(measure("집에 🙂"), SmsLength { units: 5, limit: 70 });
        assert!(measure(&"a".repeat(160)).fits() && !measure(&"a".repeat(161)).fits());
    }
}
