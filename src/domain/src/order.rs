//! What a customer bought and paid for, as the shop hands it over.

use crate::contact::{Email, Language, Phone};
use serde::{Deserialize, Serialize};

/// Who gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Name, 1 to 120 characters.
    pub name: String,
    /// Telephone.
    pub phone: Option<Phone>,
    /// E-mail.
    pub email: Option<Email>,
    /// Language of notices and pages.
    pub language: Language,
}

/// A line of the basket, shown to shop and customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What.
    pub name: String,
    /// How many.
    pub quantity: u32,
}
