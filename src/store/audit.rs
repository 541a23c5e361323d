//! What an audit reads: everything about a page of deliveries, as of one moment.

use entity::{delivery, event, hand_off, job, payment, payment_resolution, provider_command};
use sea_orm::{
    AccessMode, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, IsolationLevel,
    QueryFilter, QueryOrder, QuerySelect, Statement, TransactionTrait,
};
use uuid::Uuid;

use super::StoreError;
use super::db::Db;

/// A page of deliveries with all that belongs to them.
#[derive(Debug, Default)]
pub struct Page {
    /// The rows, in the order of ids.
    pub deliveries: Vec<delivery::Model>,
    /// Their events, in the order of `seq` for each.
    pub events: Vec<event::Model>,
    /// Their payments.
    pub payments: Vec<payment::Model>,
    /// What became of the payments.
    pub resolutions: Vec<payment_resolution::Model>,
    /// What was sent for the payments.
    pub commands: Vec<provider_command::Model>,
    /// Their hand-offs.
    pub hand_offs: Vec<hand_off::Model>,
    /// Their jobs.
    pub jobs: Vec<job::Model>,
}

/// A transaction that only reads and sees one moment.
async fn moment(db: &Db) -> Result<DatabaseTransaction, StoreError> {
    let conn = db.read();
    Ok(match conn.get_database_backend() {
        DbBackend::Postgres => {
            conn.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await?
        }
        _ => conn.begin().await?,
    })
}

/// The deliveries after this one, at most `limit`.
pub async fn page(db: &Db, after: Option<Uuid>, limit: u64) -> Result<Page, StoreError> {
    let conn = moment(db).await?;
    let mut query = delivery::Entity::find().order_by_asc(delivery::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(delivery::Column::Id.gt(after));
    }
    let deliveries = query.all(&conn).await?;
    let ids: Vec<Uuid> = deliveries.iter().map(|row| row.id).collect();
    let payments =
        payment::Entity::find().filter(payment::Column::DeliveryId.is_in(ids.clone())).all(&conn).await?;
    let payment_ids: Vec<Uuid> = payments.iter().map(|row| row.id).collect();
    let page = Page {
        events: event::Entity::find()
            .filter(event::Column::DeliveryId.is_in(ids.clone()))
            .order_by_asc(event::Column::DeliveryId)
            .order_by_asc(event::Column::Seq)
            .all(&conn)
            .await?,
        resolutions: payment_resolution::Entity::find()
            .filter(payment_resolution::Column::PaymentId.is_in(payment_ids.clone()))
            .all(&conn)
            .await?,
        commands: provider_command::Entity::find()
            .filter(provider_command::Column::PaymentId.is_in(payment_ids))
            .all(&conn)
            .await?,
        hand_offs: hand_off::Entity::find()
            .filter(hand_off::Column::DeliveryId.is_in(ids.clone()))
            .all(&conn)
            .await?,
        jobs: job::Entity::find().filter(job::Column::DeliveryId.is_in(ids)).all(&conn).await?,
        deliveries,
        payments,
    };
    conn.commit().await?;
    Ok(page)
}

/// Ids of jobs whose delivery is not there.
pub async fn orphaned_jobs<C: ConnectionTrait>(conn: &C) -> Result<Vec<Uuid>, StoreError> {
    let sql = "SELECT id FROM job WHERE delivery_id IS NOT NULL \
               AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.id = job.delivery_id) ORDER BY id";
    let rows = conn.query_all_raw(Statement::from_string(conn.get_database_backend(), sql)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}
