//! Orders, their deliveries, parcels and photos.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

const UP: &str = "
CREATE TABLE orders (
    id {uuid} NOT NULL PRIMARY KEY,
    shop_id {uuid} NOT NULL REFERENCES shop (id),
    external_id TEXT,
    pickup_point_id {uuid} NOT NULL REFERENCES pickup_point (id),
    customer TEXT NOT NULL,
    address TEXT NOT NULL,
    lat {float},
    lon {float},
    note TEXT,
    total_minor {int} NOT NULL,
    currency TEXT NOT NULL,
    items TEXT NOT NULL,
    version {int} NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (shop_id, external_id),
    CHECK ((lat IS NULL) = (lon IS NULL))
) {strict};
CREATE INDEX orders_shop ON orders (shop_id, id);

CREATE TABLE delivery (
    id {uuid} NOT NULL PRIMARY KEY,
    order_id {uuid} NOT NULL UNIQUE REFERENCES orders (id),
    shop_id {uuid} NOT NULL,
    region_id {uuid},
    region_version {small},
    courier_id {uuid},
    stage TEXT NOT NULL,
    gate TEXT NOT NULL,
    state TEXT NOT NULL,
    seq {int} NOT NULL,
    head_hash {blob} NOT NULL,
    version {int} NOT NULL,
    wake_at {int},
    attention_at {int},
    harm_at {int},
    planned_at {int},
    link_hash {blob} UNIQUE,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL
) {strict};
CREATE INDEX delivery_wake ON delivery (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX delivery_attention ON delivery (attention_at) WHERE attention_at IS NOT NULL;
CREATE INDEX delivery_region ON delivery (region_id, stage);
CREATE INDEX delivery_courier ON delivery (courier_id) WHERE courier_id IS NOT NULL;
CREATE INDEX delivery_shop ON delivery (shop_id, id);

CREATE TABLE parcel (
    id {uuid} NOT NULL PRIMARY KEY,
    order_id {uuid} NOT NULL REFERENCES orders (id),
    delivery_id {uuid} NOT NULL REFERENCES delivery (id),
    number {small} NOT NULL,
    barcode TEXT NOT NULL,
    value_minor {int},
    weight_g {int},
    UNIQUE (delivery_id, number),
    UNIQUE (delivery_id, barcode)
) {strict};

CREATE TABLE photo (
    id {uuid} NOT NULL PRIMARY KEY,
    courier_id {uuid} NOT NULL,
    delivery_id {uuid} NOT NULL REFERENCES delivery (id),
    content_type TEXT NOT NULL,
    bytes {blob} NOT NULL,
    created_at {int} NOT NULL
) {strict};
CREATE INDEX photo_delivery ON photo (delivery_id);
";

/// Orders, their deliveries, parcels and photos.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::drop_tables(manager, &["photo", "parcel", "delivery", "orders"]).await
    }
}
