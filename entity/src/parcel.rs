//! One parcel of a delivery.

use sea_orm::entity::prelude::*;

/// One parcel of a delivery.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "parcel")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the order.
    pub order_id: Uuid,
    /// Key of the delivery.
    pub delivery_id: Uuid,
    /// From 1.
    pub number: i32,
    /// Barcode.
    pub barcode: String,
    /// Minor units.
    pub value_minor: Option<i64>,
    /// Grams.
    pub weight_g: Option<i64>,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
