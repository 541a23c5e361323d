//! What jobs reach the outside world with: channels to people, providers of payments.

use crate::app::ports::Clock;
use crate::config::{Config, Stripe as StripeSettings};
use crate::notify::Notifier;
use crate::notify::email::{Email, EmailSettings};
use crate::notify::log::Log;
use crate::notify::registry::Channels;
use crate::pay::PaymentProvider;
use crate::pay::record::RecordProvider;
use crate::pay::shop::ShopProvider;
use crate::pay::stripe::StripeProvider;
use crate::webhook::target::{TargetClient, TargetRules};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A page of a hundred payments fits in this.
const STRIPE_ANSWER_BYTES: usize = 2 * 1024 * 1024;

/// Channels and providers.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    /// The channels, in the operator's order.
    pub channels: Channels,
    /// Payment providers by name.
    pub providers: BTreeMap<String, Arc<dyn PaymentProvider>>,
}

/// Why the tools cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ToolsError {
    /// A setting of the e-mail channel.
    #[error("channels.email: {0}")]
    Email(#[from] crate::notify::email::SettingsError),
    /// The client that speaks to shops.
    #[error("payments: {0}")]
    Client(#[from] crate::webhook::target::ClientError),
}

impl Tools {
    /// What the settings switch on.
    ///
    /// # Errors
    /// Names the setting that cannot work.
    pub fn new(config: &Config, clock: Arc<dyn Clock>) -> Result<Tools, ToolsError> {
        let rules = TargetRules {
            total: Duration::from_millis(config.payments.shop_timeout_ms),
            allow_private: config.payments.allow_private,
            ..TargetRules::default()
        };
        let shop = ShopProvider::new(TargetClient::new(rules)?, clock);
        let mut providers: Vec<Arc<dyn PaymentProvider>> = vec![Arc::new(RecordProvider), Arc::new(shop)];
        if let Some(stripe) = stripe(&config.payments.stripe)? {
            providers.push(Arc::new(stripe));
        }
        Ok(Tools::of(channels(config)?, providers))
    }

    /// One provider more.
    #[must_use]
    pub fn with(mut self, provider: Arc<dyn PaymentProvider>) -> Tools {
        self.providers.insert(provider.name().to_owned(), provider);
        self
    }

    /// These channels and providers.
    pub fn of(channels: Channels, providers: Vec<Arc<dyn PaymentProvider>>) -> Tools {
        let providers =
            providers.into_iter().map(|provider| (provider.name().to_owned(), provider)).collect();
        Tools { channels, providers }
    }
}

/// Cards, if they are offered. The operator names the address, so it may be anywhere.
fn stripe(settings: &StripeSettings) -> Result<Option<StripeProvider>, ToolsError> {
    let rules = TargetRules {
        total: Duration::from_millis(settings.timeout_ms),
        allow_private: true,
        answer_bytes: STRIPE_ANSWER_BYTES,
        ..TargetRules::default()
    };
    match reqwest::Url::parse(&settings.url) {
        Ok(base) if settings.is_offered() => {
            Ok(Some(StripeProvider::new(TargetClient::new(rules)?, base, settings.secret.clone())))
        }
        _ => Ok(None),
    }
}

fn channels(config: &Config) -> Result<Channels, ToolsError> {
    let mut ordered: Vec<Arc<dyn Notifier>> = Vec::new();
    for name in &config.channels.order {
        match name.as_str() {
            "email" if config.channels.email.enabled => {
                ordered.push(Arc::new(Email::new(EmailSettings::from(&config.channels.email))?));
            }
            "log" => ordered.push(Arc::new(Log)),
            _ => {}
        }
    }
    Ok(Channels::new(ordered))
}
