//! Settings: read once at the start, typed, all problems told at once. Only `cli` and `startup` come here
//! to load; other rooms are handed the section they need. Nothing else reads the environment.

mod master_key;
mod network;
mod reader;
mod reference;
mod sections;
mod source;
#[cfg(test)]
mod tests;
mod travel;
mod wallets;
mod weights;

use std::fmt;

pub use master_key::{
    MasterKey, MasterKeyError, load_or_create as master_key, path as master_key_path,
    read_file as read_master_key,
};
pub use network::{Network, NetworkError};
pub use reader::{Problem, Setting, Shown, mask_url};
pub use reference::{reference, show};
pub use sections::{
    CHANNELS, Channels, CourierPage, Data, Database, Dispatch, EmailChannel, Jobs, Log, LogFormat,
    MailSecurity, Payments, Secrets, Server, Stripe, Testing,
};
pub use source::{DEFAULT_TOML, Sources};
pub use travel::{Travel, TravelHttp, TravelMatrix, TravelSource};
pub use wallets::Wallets;

use reader::Reader;

/// Sections another room understands: their names are not checked here.
const OPAQUE: [&str; 1] = ["policy"];

/// Everything that can be set; see `default.toml` for what each setting means.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the service answers and how much it takes from one caller.
    pub server: Server,
    /// Where everything is kept.
    pub database: Database,
    /// Keys that must not be guessed.
    pub secrets: Secrets,
    /// Files beside the database.
    pub data: Data,
    /// Work done in the background.
    pub jobs: Jobs,
    /// Giving deliveries to couriers.
    pub dispatch: Dispatch,
    /// How long a way takes.
    pub travel: Travel,
    /// How people are reached.
    pub channels: Channels,
    /// The courier's page.
    pub courier_page: CourierPage,
    /// Asking a shop's own endpoint.
    pub payments: Payments,
    /// Limits of prepaid wallets.
    pub wallets: Wallets,
    /// What the service writes about itself.
    pub log: Log,
    /// The rules of regions that set none of their own: a table the domain's policy reads.
    pub policy: serde_json::Value,
    /// How the service's own tests make it die.
    pub testing: Testing,
}

/// Every setting that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one, in the order of the sections.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(f, "{count} setting{} cannot be used:", if count == 1 { "" } else { "s" })?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// The settings from these sources.
    ///
    /// # Errors
    /// Names every setting that is wrong or unknown, and a file that cannot be read.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        Self::load_with_settings(sources).map(|(config, _)| config)
    }

    /// The same, and each setting as it may be shown; see [`show`].
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_with_settings(sources: &Sources) -> Result<(Self, Vec<Setting>), ConfigError> {
        let (figment, unreadable) = sources.merge();
        let mut reader = Reader::new(figment);
        reader.problems = unreadable;
        let config = Self::read(&mut reader);
        reader.refuse_unknown(&OPAQUE);
        if reader.problems.is_empty() {
            Ok((config, reader.asked))
        } else {
            Err(ConfigError { problems: reader.problems })
        }
    }

    fn read(r: &mut Reader) -> Self {
        Self {
            server: Server::read(r),
            database: Database::read(r),
            secrets: Secrets::read(r),
            data: Data::read(r),
            jobs: Jobs::read(r),
            dispatch: Dispatch::read(r),
            travel: Travel::read(r),
            channels: Channels::read(r),
            courier_page: CourierPage::read(r),
            payments: Payments::read(r),
            wallets: Wallets::read(r),
            log: Log::read(r),
            policy: r.opaque("policy"),
            testing: Testing::read(r),
        }
    }
}
