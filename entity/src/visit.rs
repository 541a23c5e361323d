//! A visit to a door that is counted: somebody was there, or nobody.

use sea_orm::entity::prelude::*;

/// A visit to a door that is counted: somebody was there, or nobody.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "visit")]
pub struct Model {
    /// Key: that of the event it was counted for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the region.
    pub region_id: Uuid,
    /// Hour of the week there, 0 to 167 from Monday's midnight.
    pub hour: i32,
    /// The courier went for an answer.
    pub answered: bool,
    /// 1 if somebody was there; -1 takes such a visit back.
    pub found: i32,
    /// 1 if nobody was; -1 takes such a visit back.
    pub missed: i32,
    /// Keyed hash of the customer's contact; none where nothing is kept of a person.
    pub customer_key: Option<Vec<u8>>,
    /// Keyed hash of the address.
    pub door_key: Option<Vec<u8>>,
    /// Microseconds since the epoch.
    pub at: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
