//! Running store functions through the write lanes, for tests.
#![allow(dead_code)] // not every test uses all of it

use callahead::app::Error;
use callahead::app::unit::{LaneSettings, Lanes, Unit};
use callahead::store::db::Db;
use callahead::store::tx::Tx;
use futures_util::future::BoxFuture;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

/// A unit made of a function.
pub struct Do<F> {
    key: u128,
    work: F,
}

impl<F, T> Unit for Do<F>
where
    F: for<'a> Fn(&'a Tx) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn key(&self) -> Uuid {
        Uuid::from_u128(self.key)
    }

    async fn run(&self, tx: &Tx) -> Result<T, Error> {
        (self.work)(tx).await
    }
}

/// A unit that does this.
pub fn work<F, T>(work: F) -> Do<F>
where
    F: for<'a> Fn(&'a Tx) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
    T: Send + 'static,
{
    Do { key: 0, work }
}

/// The same for another aggregate.
pub fn work_of<F, T>(key: u128, work: F) -> Do<F>
where
    F: for<'a> Fn(&'a Tx) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
    T: Send + 'static,
{
    Do { key, work }
}

/// Lanes with their usual settings.
pub fn lanes(db: &Db) -> Lanes {
    Lanes::start(db, &LaneSettings::default())
}

/// A shop (1), a pickup point (1), an order (1) and its delivery (1).
pub async fn seed_delivery(db: &Db) {
    let lanes = lanes(db);
    let seeding = work(|tx| {
        Box::pin(async move {
            // Children first: the order of writing is the transaction's own affair.
            tx.insert(delivery(1));
            tx.insert(order(1));
            tx.insert(pickup_point());
            tx.insert(shop());
            Ok(())
        })
    });
    lanes.write(seeding).await.expect("the rows fit");
    lanes.drain().await;
}

/// Runs a script past the lanes.
pub async fn script(db: &Db, sql: &str) {
    db.writer().execute_unprepared(sql).await.expect(sql);
}

fn shop() -> entity::shop::ActiveModel {
    entity::shop::Model {
        id: Uuid::from_u128(1),
        name: "Shop".to_owned(),
        currency: "KPW".to_owned(),
        time_zone: "UTC".to_owned(),
        language: "en".to_owned(),
        phone: None,
        country: None,
        provider: "record".to_owned(),
        provider_url: None,
        provider_secret: None,
        policy: "{}".to_owned(),
        version: 1,
        created_at: 0,
    }
    .into()
}

fn pickup_point() -> entity::pickup_point::ActiveModel {
    entity::pickup_point::Model {
        id: Uuid::from_u128(1),
        shop_id: Uuid::from_u128(1),
        external_id: None,
        name: "Door".to_owned(),
        address: "1 Street".to_owned(),
        lat: 39.0,
        lon: 125.7,
        created_at: 0,
    }
    .into()
}

/// An order of the shop.
pub fn order(id: u128) -> entity::orders::ActiveModel {
    entity::orders::Model {
        id: Uuid::from_u128(id),
        shop_id: Uuid::from_u128(1),
        external_id: None,
        pickup_point_id: Uuid::from_u128(1),
        customer: "{\"name\":\"A customer\",\"phone\":\"+85020000000\"}".to_owned(),
        address: "2 Street".to_owned(),
        lat: Some(39.0),
        lon: Some(125.7),
        note: None,
        total_minor: 12_500,
        currency: "KPW".to_owned(),
        items: "[]".to_owned(),
        needs: "[]".to_owned(),
        version: 1,
        created_at: 0,
    }
    .into()
}

/// The delivery of an order.
pub fn delivery(id: u128) -> entity::delivery::ActiveModel {
    entity::delivery::Model {
        id: Uuid::from_u128(id),
        order_id: Uuid::from_u128(id),
        shop_id: Uuid::from_u128(1),
        region_id: None,
        region_version: None,
        courier_id: None,
        stage: "received".to_owned(),
        gate: "silent".to_owned(),
        state: "{}".to_owned(),
        seq: 0,
        head_hash: vec![0; 32],
        version: 1,
        wake_at: None,
        attention_at: None,
        harm_at: None,
        planned_at: None,
        link_hash: None,
        customer_key: None,
        door_key: None,
        created_at: 0,
        updated_at: 0,
    }
    .into()
}
