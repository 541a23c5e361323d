//! A named lease with its fencing number.

use sea_orm::entity::prelude::*;

/// A named lease with its fencing number.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "lease")]
pub struct Model {
    /// Name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Owner.
    pub owner: String,
    /// Rises with every acquisition.
    pub fence: i64,
    /// 0 when released. Microseconds since the epoch.
    pub until: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
