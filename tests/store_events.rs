//! Events: chained so that tampering is found, and read so that none is skipped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)]

#[path = "support/db.rs"]
mod support;
#[path = "support/lanes.rs"]
mod work;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use callahead::app::unit::Lanes;
use callahead::store::db::{Db, DbKind};
use callahead::store::events::{self, Cursor, NewEvent, Stream, StreamHead};
use entity::event::Model;
use sea_orm::{ConnectionTrait, TransactionTrait};
use support::TestDb;
use uuid::Uuid;
use work::{lanes, work_of};

fn stream(delivery: u128) -> Stream {
    let id = Uuid::from_u128(delivery);
    Stream { delivery_id: id, order_id: id, shop_id: Uuid::from_u128(1) }
}

fn event(id: u128) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(id),
        kind: "order.received".to_owned(),
        at: 7,
        actor: "shop".to_owned(),
        data: format!("{{\"n\":{id}}}"),
    }
}

/// Appends events with these ids to a delivery's stream.
async fn append(lanes: &Lanes, delivery: u128, head: StreamHead, ids: Vec<u128>) -> StreamHead {
    lanes
        .write(work_of(delivery, move |tx| {
            let (head, new) = (head.clone(), ids.iter().copied().map(event).collect());
            Box::pin(async move { Ok(events::append(tx, stream(delivery), &head, 8, new)) })
        }))
        .await
        .unwrap()
}

async fn add_deliveries(db: &Db, ids: std::ops::RangeInclusive<u128>) {
    let lanes = lanes(db);
    lanes
        .write(work_of(0, move |tx| {
            let ids = ids.clone();
            Box::pin(async move {
                for id in ids {
                    tx.insert(work::delivery(id));
                    tx.insert(work::order(id));
                }
                Ok(())
            })
        }))
        .await
        .unwrap();
    lanes.drain().await;
}

/// Reads on until so many events were read: a transaction open elsewhere on the server, be it another test's, holds
/// the feed back for a moment.
async fn read(db: &Db, mut cursor: Cursor, limit: u64, count: usize) -> Vec<Model> {
    let (since, mut all) = (Instant::now(), Vec::new());
    while all.len() < count {
        let rows = events::read_after(db.read(), Some(Uuid::from_u128(1)), cursor, limit).await.unwrap();
        cursor = rows.last().map_or(cursor, Cursor::of);
        all.extend(rows);
        assert!(since.elapsed() < Duration::from_secs(30), "only {:?} came", ids(&all));
    }
    all
}

fn ids(rows: &[Model]) -> Vec<u128> {
    rows.iter().map(|row| row.id.as_u128()).collect()
}

#[tokio::test]
async fn a_streams_chain_holds_and_any_tampering_is_found() {
    for test in TestDb::each().await {
        work::seed_delivery(&test.db).await;
        let lanes = lanes(&test.db);
        let head = append(&lanes, 1, StreamHead::default(), vec![1, 2]).await;
        let head = append(&lanes, 1, head, vec![3, 4, 5]).await;
        let rows = events::of_delivery(test.db.read(), Uuid::from_u128(1)).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert_eq!(events::verify_chain(&rows), Ok(head.clone()));
        assert_eq!(events::verify_stream(&rows, &head), Ok(()));
        assert_eq!(events::verify_chain(&[]), Ok(StreamHead::default()));

        type Change = fn(&mut Model);
        let changes: [Change; 8] = [
            |row| row.data.push(' '),
            |row| row.kind.push('x'),
            |row| row.actor = "courier".to_owned(),
            |row| row.at += 1,
            |row| row.seq += 1,
            |row| row.delivery_id = Uuid::nil(),
            |row| row.prev_hash[0] ^= 1,
            |row| row.hash[31] ^= 1,
        ];
        for change in changes {
            let mut changed = rows.clone();
            change(&mut changed[2]);
            assert_eq!(events::verify_chain(&changed), Err(3));
        }
        // Text moved from one field to the next is not the same event.
        let mut moved = rows.clone();
        moved[2].kind.pop();
        moved[2].actor.insert(0, 'd');
        assert_eq!(events::verify_chain(&moved), Err(3));
        let mut without = rows.clone();
        without.remove(2);
        assert_eq!(events::verify_chain(&without), Err(3));
        let cut = &rows[..4];
        assert!(events::verify_chain(cut).is_ok());
        assert_eq!(events::verify_stream(cut, &head), Err(5), "the delivery knows its end");
    }
}

#[tokio::test]
async fn the_feed_is_read_in_order_by_shop_and_in_pieces() {
    for test in TestDb::each().await {
        work::seed_delivery(&test.db).await;
        let lanes = lanes(&test.db);
        let head = append(&lanes, 1, StreamHead::default(), vec![1, 2]).await;
        append(&lanes, 1, head, vec![3, 4, 5]).await;
        let rows = read(&test.db, Cursor::default(), 2, 5).await;
        assert_eq!(ids(&rows), [1, 2, 3, 4, 5]);
        let all = events::read_after(test.db.read(), None, Cursor::of(&rows[1]), 2).await.unwrap();
        assert_eq!(ids(&all), [3, 4], "of all shops");
        let other =
            events::read_after(test.db.read(), Some(Uuid::from_u128(2)), Cursor::default(), 9).await.unwrap();
        assert_eq!(other, vec![]);
    }
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_never_skipped() {
    let Some(test) = TestDb::postgres().await else { return };
    work::seed_delivery(&test.db).await;
    add_deliveries(&test.db, 2..=3).await;
    let lanes = lanes(&test.db);
    append(&lanes, 1, StreamHead::default(), vec![1]).await;
    let late = test.db.writer().begin().await.unwrap();
    let insert = "INSERT INTO event (id, delivery_id, order_id, shop_id, seq, kind, at, recorded_at, actor, data, \
                  prev_hash, hash) SELECT '00000000-0000-0000-0000-000000000002', id, id, shop_id, 1, 'k', 0, 0, 'a', \
                  '{}', '', '' FROM delivery WHERE id = '00000000-0000-0000-0000-000000000002'";
    assert_eq!(late.execute_unprepared(insert).await.unwrap().rows_affected(), 1);
    append(&lanes, 3, StreamHead::default(), vec![3]).await;

    let first = read(&test.db, Cursor::default(), 9, 1).await;
    assert_eq!(ids(&first), [1], "nothing behind the open transaction is shown");
    late.commit().await.unwrap();
    let rest = read(&test.db, Cursor::of(&first[0]), 9, 2).await;
    assert_eq!(ids(&rest), [2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_beside_many_writers_sees_every_event_once() {
    const WRITERS: u128 = 6;
    const EACH: u128 = 25;
    for test in TestDb::each().await {
        work::seed_delivery(&test.db).await;
        add_deliveries(&test.db, 2..=WRITERS).await;
        // Two replicas where the database can have them.
        let replicas = if test.kind() == DbKind::Sqlite { 1 } else { 2 };
        let replicas: Vec<Lanes> = (0..replicas).map(|_| lanes(&test.db)).collect();
        let writers = (1..=WRITERS).map(|delivery| {
            let lanes = replicas[delivery as usize % replicas.len()].clone();
            tokio::spawn(async move {
                let mut head = StreamHead::default();
                for n in 0..EACH {
                    head = append(&lanes, delivery, head, vec![delivery * 1_000 + n]).await;
                }
            })
        });
        let writers = futures_util::future::join_all(writers);
        let reader = async {
            let (mut cursor, mut seen) = (Cursor::default(), Vec::new());
            while seen.len() < (WRITERS * EACH) as usize {
                let rows = events::read_after(test.db.read(), None, cursor, 5).await.unwrap();
                if let Some(last) = rows.last() {
                    cursor = Cursor::of(last);
                }
                seen.extend(ids(&rows));
            }
            seen
        };
        let (written, seen) = tokio::join!(writers, reader);
        written.into_iter().for_each(|writer| writer.unwrap());
        let once: BTreeSet<u128> = seen.iter().copied().collect();
        assert_eq!(once.len(), seen.len(), "none twice");
        for delivery in 1..=WRITERS {
            let of_one: Vec<u128> = seen.iter().copied().filter(|id| id / 1_000 == delivery).collect();
            assert!(of_one.is_sorted(), "a delivery's events come in order");
        }
    }
}
