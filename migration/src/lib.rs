//! Callahead's schema, one group of tables per file, up and down, for SQLite and PostgreSQL.
//!
//! Applied migrations are never edited: a later change is a new file at the end of the list. Every change must be
//! safe while the previous binary still runs (add first, remove one release later).
//!
//! The tables are written once in SQL with a few type words in braces; [`dialect`] turns them into the words of the
//! database at hand. Unique constraints and unique indexes are named `<table>_<column>_<column>_key` (PostgreSQL's
//! own habit): the store reads a violated constraint's name from both databases, and on SQLite it is derived from
//! the columns.

pub use sea_orm_migration::prelude::{DbErr, MigratorTrait};
use sea_orm_migration::prelude::{MigrationTrait, async_trait};

mod dialect;
mod m0001_shops;
mod m0002_regions;
mod m0003_couriers;
mod m0004_orders;
mod m0005_events;
mod m0006_payments;
mod m0007_service;
mod m0008_assigned;
mod m0009_implausible_positions;
mod m0010_visits;
mod m0011_legs;
mod m0012_ledger;
mod m0013_payment_flow;
mod m0015_wallets;
mod m0016_fit_for;

/// All migrations in the order they are applied.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_shops::Migration),
            Box::new(m0002_regions::Migration),
            Box::new(m0003_couriers::Migration),
            Box::new(m0004_orders::Migration),
            Box::new(m0005_events::Migration),
            Box::new(m0006_payments::Migration),
            Box::new(m0007_service::Migration),
            Box::new(m0008_assigned::Migration),
            Box::new(m0009_implausible_positions::Migration),
            Box::new(m0010_visits::Migration),
            Box::new(m0011_legs::Migration),
            Box::new(m0012_ledger::Migration),
            Box::new(m0013_payment_flow::Migration),
            Box::new(m0015_wallets::Migration),
            Box::new(m0016_fit_for::Migration),
        ]
    }
}
