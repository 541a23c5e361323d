//! The database goes away and comes back; and, printed only, how fast the lanes are here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic,
    clippy::print_stderr
)]

#[path = "support/db.rs"]
mod support;
#[path = "support/lanes.rs"]
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callahead::app::Error;
use callahead::app::unit::{LaneSettings, Lanes, Unit};
use callahead::store::StoreError;
use callahead::store::db::{Db, DbSettings};
use callahead::store::events::{self, NewEvent, Stream, StreamHead};
use callahead::store::jobs::{self, NewJob};
use callahead::store::tx::Tx;
use entity::setting;
use sea_orm::{EntityTrait, Set, TransactionTrait};
use support::TestDb;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use uuid::Uuid;
use work::{lanes, work, work_of};

/// What the wire between us and the database does.
#[derive(Clone, Copy, PartialEq)]
enum Wire {
    Sound,
    /// Connections are cut and new ones not answered.
    Cut,
    /// Nothing passes, nothing is closed.
    Silent,
}

/// A wire to a server that can be cut. Answers its port and its switch.
async fn wire(server: String) -> (u16, watch::Sender<Wire>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (switch, state) = watch::channel(Wire::Sound);
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let (server, mut state) = (server.clone(), state.clone());
            tokio::spawn(async move {
                if *state.borrow() == Wire::Cut {
                    return;
                }
                let far = TcpStream::connect(server).await.unwrap();
                let (near_in, near_out) = near.into_split();
                let (far_in, far_out) = far.into_split();
                let there = carry(near_in, far_out, state.clone());
                let back = carry(far_in, near_out, state.clone());
                tokio::select! {
                    _ = there => {}
                    _ = back => {}
                    _ = state.wait_for(|state| *state == Wire::Cut) => {}
                }
            });
        }
    });
    (port, switch)
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut state: watch::Receiver<Wire>,
) -> Option<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut bytes = [0; 16 * 1024];
    loop {
        let count = from.read(&mut bytes).await.ok().filter(|count| *count > 0)?;
        state.wait_for(|state| *state != Wire::Silent).await.ok()?;
        to.write_all(&bytes[..count]).await.ok()?;
    }
}

async fn put(lanes: &Lanes, key: String) -> Result<(), Error> {
    lanes
        .write(work(move |tx| {
            tx.insert(setting::ActiveModel { key: Set(key.clone()), value: Set(String::new()) });
            Box::pin(async { Ok(()) })
        }))
        .await
}

/// Asks until it works; every refusal on the way must be an honest one.
async fn put_until_it_works(lanes: &Lanes, name: &str) {
    let since = Instant::now();
    for tries in 0.. {
        match put(lanes, format!("{name} {tries}")).await {
            Ok(()) => return,
            Err(error) => assert!(matches!(error, Error::Unavailable(_)), "{error}"),
        }
        assert!(since.elapsed() < Duration::from_secs(15), "the lane did not come back");
    }
}

/// The test's database, reached over a wire.
async fn over_a_wire(test: &TestDb) -> (Db, watch::Sender<Wire>) {
    let url = test.url();
    let place = url.rsplit_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let (port, switch) = wire(place.clone()).await;
    let mut settings = DbSettings::new(url.replace(&place, &format!("127.0.0.1:{port}")));
    settings.max_readers = 2;
    (Db::open(&settings).await.unwrap(), switch)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_database_is_not_waited_for_when_asked_or_closed() {
    let Some(test) = TestDb::postgres().await else { return };
    let (db, switch) = over_a_wire(&test).await;
    let held = db.writer().begin().await.unwrap();
    // Too fresh for the pool to test it before use.
    db.ping().await.unwrap();
    switch.send_replace(Wire::Silent);
    let since = Instant::now();
    assert!(matches!(db.ping().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(db.close().await, Err(StoreError::Unavailable(_))));
    assert!(since.elapsed() < Duration::from_secs(12), "{:?}", since.elapsed());
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_told_quickly_and_the_lanes_come_back_by_themselves() {
    let Some(test) = TestDb::postgres().await else { return };
    let (db, switch) = over_a_wire(&test).await;
    let outage = tokio::time::timeout(Duration::from_secs(90), cut_and_silenced(&db, &switch)).await;
    outage.expect("nothing waits for ever");
    let rows = setting::Entity::find().all(test.db.read()).await.unwrap();
    assert!(
        rows.iter().all(|row| !row.key.starts_with("cut lost")),
        "what was refused before it began did not happen"
    );
}

async fn cut_and_silenced(db: &Db, switch: &watch::Sender<Wire>) {
    let quick = LaneSettings { step_timeout: Duration::from_secs(1), ..LaneSettings::default() };
    let lanes = Lanes::start(db, &quick);
    put(&lanes, "before".to_owned()).await.unwrap();

    for (state, name) in [(Wire::Cut, "cut"), (Wire::Silent, "silent")] {
        switch.send_replace(state);
        let since = Instant::now();
        let waiting = (0..200).map(|n| put(&lanes, format!("{name} lost {n}")));
        for answer in futures_util::future::join_all(waiting).await {
            assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
        }
        let answered = since.elapsed();
        assert!(answered < Duration::from_secs(6), "{name}: answered after {answered:?}");
        assert!(db.ping().await.is_err());
        switch.send_replace(Wire::Sound);
        put_until_it_works(&lanes, name).await;
        eprintln!("{name}: told after {answered:?}");
    }
}

/// Nine rows, as an order taken in writes them.
struct TakeIn(u128);

impl Unit for TakeIn {
    type Output = ();

    fn key(&self) -> Uuid {
        Uuid::from_u128(self.0)
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        let id = self.0;
        tx.insert(work::order(id));
        tx.insert(work::delivery(id));
        for number in [1_u128, 2, 3] {
            tx.insert(entity::parcel::ActiveModel::from(entity::parcel::Model {
                id: Uuid::from_u128(id * 10 + number),
                order_id: Uuid::from_u128(id),
                delivery_id: Uuid::from_u128(id),
                number: number as i32,
                barcode: format!("{number}"),
                value_minor: None,
                weight_g: None,
            }));
        }
        let key = Uuid::from_u128(id);
        let stream = Stream { delivery_id: key, order_id: key, shop_id: Uuid::from_u128(1) };
        let event =
            NewEvent { id: key, kind: "k".to_owned(), at: 0, actor: "a".to_owned(), data: "{}".to_owned() };
        events::append(tx, stream, &StreamHead::default(), 0, vec![event]);
        tx.insert(entity::payment::ActiveModel::from(entity::payment::Model {
            id: key,
            order_id: key,
            delivery_id: key,
            shop_id: Uuid::from_u128(1),
            authorized_minor: 12_500,
            currency: "KPW".to_owned(),
            provider: "record".to_owned(),
            provider_ref: None,
            authorized_until: None,
            state: "authorised".to_owned(),
            version: 1,
            updated_at: 0,
            method: None,
            replaces: None,
            captured_minor: 0,
            refunded_minor: 0,
        }));
        tx.insert(entity::idempotency::ActiveModel::from(entity::idempotency::Model {
            scope: "shop".to_owned(),
            key: key.to_string(),
            fingerprint: vec![0; 32],
            status: 201,
            body: "{}".repeat(200),
            created_at: 0,
        }));
        let (kind, payload) = ("ask".to_owned(), "{}".to_owned());
        let job =
            NewJob { id: key, kind, dedupe: None, payload, run_at: 0, delivery_id: Some(key), created_at: 0 };
        jobs::enqueue(tx, job);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_callers_at_once_are_all_served() {
    const CALLERS: u64 = 64;
    const EACH: u64 = 20;
    for test in TestDb::each().await {
        work::seed_delivery(&test.db).await;
        let lanes = lanes(&test.db);
        let next = Arc::new(AtomicU64::new(1_000));
        let since = Instant::now();
        let callers = (0..CALLERS).map(|_| {
            let (lanes, next) = (lanes.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                for _ in 0..EACH {
                    lanes.write(TakeIn(next.fetch_add(1, Ordering::SeqCst).into())).await.unwrap();
                }
            })
        });
        for caller in futures_util::future::join_all(callers).await {
            caller.unwrap();
        }
        let rate = (CALLERS * EACH) as f64 / since.elapsed().as_secs_f64();
        eprintln!(
            "{:?}: {rate:.0} orders/s of nine rows, {} commits",
            test.kind(),
            *lanes.commits().borrow()
        );
        let head = entity::payment::Entity::find().all(test.db.read()).await.unwrap();
        assert_eq!(head.len() as u64, CALLERS * EACH);
        // A lane of its own still answers.
        lanes.write(work_of(5, |_| Box::pin(async { Ok(()) }))).await.unwrap();
    }
}
