//! The robots: what each kind of person does when something reaches them. They know what such a person would know
//! and act through the API only.

pub mod choose;
pub mod courier;
pub mod customer;
pub mod desk;
pub mod shop;
