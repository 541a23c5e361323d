//! Updates guarded by a version: a writer that read an old row changes nothing.

use std::str::FromStr;

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, EntityTrait, Iterable, PrimaryKeyToColumn,
    StatementBuilder,
};

use super::StoreError;
use super::tx::Tx;

/// What became of a guarded update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a stale writer must read again"]
pub enum Guarded {
    /// The row had the expected version and has the next one now.
    Updated,
    /// The row has another version.
    Stale,
    /// The row is not there.
    Missing,
}

impl Guarded {
    /// Turns everything but an update into an error.
    pub fn ok(self) -> Result<(), StoreError> {
        match self {
            Guarded::Updated => Ok(()),
            Guarded::Stale => Err(StoreError::Stale),
            Guarded::Missing => Err(StoreError::Missing),
        }
    }
}

/// Updates the columns `row` has set (`ActiveValue::Set`) where its key matches and `version = expected`, and raises
/// the version by one. The table must have a `version` column; the key must be given in `row`.
pub async fn guarded_update<A: ActiveModelTrait>(
    tx: &Tx,
    row: A,
    expected: i64,
) -> Result<Guarded, StoreError> {
    let version = <A::Entity as EntityTrait>::Column::from_str("version")
        .map_err(|_| StoreError::Broken("the table has no version".to_owned()))?;
    let keys: Vec<_> = <A::Entity as EntityTrait>::PrimaryKey::iter().map(|key| key.into_column()).collect();
    let mut update = Query::update();
    update.table(A::Entity::default());
    let mut key_is = sea_orm::Condition::all();
    for column in <A::Entity as EntityTrait>::Column::iter() {
        let is_key = keys.iter().any(|key| same_column(key, &column));
        match row.get(column) {
            ActiveValue::Set(value) | ActiveValue::Unchanged(value) if is_key => {
                key_is = key_is.add(Expr::col(column).eq(Expr::val(value)));
            }
            ActiveValue::NotSet if is_key => {
                return Err(StoreError::Broken("an update needs the row's key".to_owned()));
            }
            ActiveValue::Set(value) if !same_column(&column, &version) => {
                update.value(column, Expr::val(value));
            }
            _ => {}
        }
    }
    update.value(version, Expr::val(expected.saturating_add(1)));
    update.cond_where(key_is.clone()).and_where(Expr::col(version).eq(expected));
    if tx.execute(StatementBuilder::build(&update, &tx.kind().backend())).await? == 1 {
        return Ok(Guarded::Updated);
    }
    let mut find = Query::select();
    find.expr_as(Expr::val(1), Alias::new("found")).from(A::Entity::default()).cond_where(key_is);
    let found = tx.reader().query_one(&find).await?;
    Ok(if found.is_some() { Guarded::Stale } else { Guarded::Missing })
}

fn same_column<C: sea_orm::IdenStatic>(left: &C, right: &C) -> bool {
    left.as_str() == right.as_str()
}
