//! Visits to doors: written with the change they follow from, read as counts.

use super::StoreError;
use super::deliveries::{Loaded, micros};
use super::tx::Tx;
use callahead_domain::call_ahead::home_chance::{MONTH_S, hour_of_week, visit};
use callahead_domain::delivery::Event;
use callahead_domain::policy::Policy;
use entity::{delivery, visit as rows};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// Keys in one question: well under what either database takes.
const KEYS_AT_ONCE: usize = 500;
/// Counts of one answer; the newest come first.
const MOST_COUNTS: u64 = 50_000;

/// Under which keyed hashes visits to a delivery's door are counted; none where nothing is kept of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HomeKeys {
    /// Of the customer's contact.
    pub customer: Option<Vec<u8>>,
    /// Of the address.
    pub door: Option<Vec<u8>>,
}

/// Visits of one kind in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The courier went for an answer.
    pub answered: bool,
    /// Months of thirty days since the epoch.
    pub month: i64,
    /// Somebody was there.
    pub found: i64,
    /// Nobody was.
    pub missed: i64,
}

/// Visits at an address or to a customer, or in an hour.
pub type Counts<K> = Vec<(K, Count)>;

/// Counts the visit an event says something about, if any; `id`: the event's.
pub(super) fn count(tx: &Tx, loaded: &Loaded, event: &Event, id: Uuid, policy: &Policy) {
    let (Some(visit), Some(pin)) = (visit(&loaded.delivery, event), loaded.delivery.region) else { return };
    let of_a_person = policy.home_history && visit.personal;
    let keep = |key: &Option<Vec<u8>>| key.clone().filter(|_| of_a_person);
    let one = if visit.undone { -1 } else { 1 };
    let (found, missed) = if visit.found { (one, 0) } else { (0, one) };
    tx.insert(rows::ActiveModel {
        id: Set(id),
        region_id: Set(pin.region.uuid()),
        hour: Set(i32::from(hour_of_week(visit.at, policy.time_zone))),
        answered: Set(visit.answered),
        found: Set(found),
        missed: Set(missed),
        customer_key: Set(keep(&loaded.row.customer_key)),
        door_key: Set(keep(&loaded.row.door_key)),
        at: Set(micros(visit.at)),
    });
}

/// The month of a row: written out, because a bound value would not be the same expression twice to PostgreSQL.
fn month() -> SimpleExpr {
    Expr::cust(format!("\"at\" / {}", MONTH_S * 1_000_000))
}

fn counted(query: sea_orm::Select<rows::Entity>) -> sea_orm::Select<rows::Entity> {
    query
        .column(rows::Column::Answered)
        .column_as(month(), "month")
        .column_as(rows::Column::Found.sum(), "found")
        .column_as(rows::Column::Missed.sum(), "missed")
        .group_by(rows::Column::Answered)
        .group_by(month())
        .order_by(month(), Order::Desc)
        .limit(MOST_COUNTS)
}

/// A customer's key and the address visited, if it was kept.
type CustomerAt = (Vec<u8>, Option<Vec<u8>>);

/// Visits to these customers by address.
pub async fn of_customers(
    conn: &impl ConnectionTrait,
    keys: &[Vec<u8>],
) -> Result<Counts<CustomerAt>, StoreError> {
    let mut all = Vec::new();
    for some in keys.chunks(KEYS_AT_ONCE) {
        let query = rows::Entity::find()
            .select_only()
            .column(rows::Column::CustomerKey)
            .column(rows::Column::DoorKey)
            .filter(rows::Column::CustomerKey.is_in(some.to_vec()))
            .group_by(rows::Column::CustomerKey)
            .group_by(rows::Column::DoorKey);
        for row in counted(query).into_tuple().all(conn).await? {
            let (key, door, answered, month, found, missed) = row;
            all.push(((key, door), Count { answered, month, found, missed }));
        }
    }
    Ok(all)
}

/// Visits to these addresses, whoever was visited.
pub async fn of_doors(conn: &impl ConnectionTrait, keys: &[Vec<u8>]) -> Result<Counts<Vec<u8>>, StoreError> {
    let mut all = Vec::new();
    for some in keys.chunks(KEYS_AT_ONCE) {
        let query = rows::Entity::find().select_only().column(rows::Column::DoorKey);
        let query = query.filter(rows::Column::DoorKey.is_in(some.to_vec()));
        let query = counted(query.group_by(rows::Column::DoorKey));
        for (key, answered, month, found, missed) in query.into_tuple().all(conn).await? {
            all.push((key, Count { answered, month, found, missed }));
        }
    }
    Ok(all)
}

/// Visits since an instant in these hours of the week in these regions.
pub async fn of_hours(
    conn: &impl ConnectionTrait,
    regions: &[Uuid],
    hours: &[i32],
    since: i64,
) -> Result<Counts<(Uuid, i32)>, StoreError> {
    let mut all = Vec::new();
    for some in regions.chunks(KEYS_AT_ONCE) {
        let query = rows::Entity::find()
            .select_only()
            .column(rows::Column::RegionId)
            .column(rows::Column::Hour)
            .filter(rows::Column::RegionId.is_in(some.to_vec()))
            .filter(rows::Column::Hour.is_in(hours.to_vec()))
            .filter(rows::Column::At.gte(since))
            .group_by(rows::Column::RegionId)
            .group_by(rows::Column::Hour);
        for row in counted(query).into_tuple().all(conn).await? {
            let (region, hour, answered, month, found, missed) = row;
            all.push(((region, hour), Count { answered, month, found, missed }));
        }
    }
    Ok(all)
}

/// Forgets visits to these customers, and takes their hashes off their deliveries, so that nothing of what was ordered
/// until now is counted later. A change that goes on meanwhile is run again.
pub async fn forget(tx: &Tx, customers: Vec<Vec<u8>>) -> Result<(), StoreError> {
    tx.flush().await?;
    let nothing: Option<Vec<u8>> = None;
    // Deliveries first: whoever is about to count a visit holds its row, and is done once this has it.
    delivery::Entity::update_many()
        .col_expr(delivery::Column::CustomerKey, Expr::value(nothing.clone()))
        .col_expr(delivery::Column::DoorKey, Expr::value(nothing))
        .col_expr(delivery::Column::Version, Expr::col(delivery::Column::Version).add(1))
        .filter(delivery::Column::CustomerKey.is_in(customers.clone()))
        .exec(tx.writer().await?)
        .await?;
    rows::Entity::delete_many()
        .filter(rows::Column::CustomerKey.is_in(customers))
        .exec(tx.writer().await?)
        .await?;
    Ok(())
}
