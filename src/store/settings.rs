//! Single values the installation keeps in its database.

use super::StoreError;
use super::tx::Tx;
use entity::setting;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};

/// Sets a value unless there is one; answers the one that holds.
pub async fn claim(tx: &Tx, key: &str, value: &str) -> Result<String, StoreError> {
    let row = setting::ActiveModel { key: Set(key.to_owned()), value: Set(value.to_owned()) };
    setting::Entity::insert(row)
        .on_conflict(OnConflict::column(setting::Column::Key).do_nothing().to_owned())
        .exec_without_returning(tx.writer().await?)
        .await?;
    let held = setting::Entity::find_by_id(key).one(tx.reader()).await?;
    Ok(held.ok_or(StoreError::Missing)?.value)
}
