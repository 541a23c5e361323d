//! How fast orders are taken in through HTTP, beside a raw multi-row group-committed insert of the very same rows in the
//! same run: `cargo bench --bench ingest [-- --orders 6000 --connections 64 --set database.lanes=2]`.
//!
//! Server, client and database share the machine. SQLite always; PostgreSQL when `TEST_DATABASE_URL` names a server.
//! Prints both rates, their ratio and the latency of the HTTP side. Time is printed, never asserted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

#[path = "../tests/support/app.rs"]
mod support;

use callahead::store::db::{Db, DbKind, DbSettings};
use migration::{Migrator, MigratorTrait};
use sea_orm::sea_query::{Alias, Expr, Query};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Iterable, Statement, StatementBuilder,
    TransactionTrait, Value,
};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::db::TestDb;
use support::{TestApp, Town};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

struct Options {
    orders: usize,
    connections: usize,
    /// Settings of the service other than the usual ones.
    set: Vec<(String, String)>,
}

fn options() -> Options {
    let words: Vec<String> = std::env::args().collect();
    let number = |name: &str, usual: usize| {
        let place = words.iter().position(|word| word == name);
        place.and_then(|place| words.get(place + 1)).and_then(|word| word.parse().ok()).unwrap_or(usual)
    };
    let set = words.windows(2).filter(|pair| pair[0] == "--set").filter_map(|pair| pair[1].split_once('='));
    Options {
        orders: number("--orders", 6_000),
        connections: number("--connections", 64),
        set: set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }
}

fn main() {
    let options = options();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        bench("SQLite", TestDb::bare_sqlite().await, TestDb::bare_sqlite().await, &options).await;
        match (TestDb::bare_postgres().await, TestDb::bare_postgres().await) {
            (Some(one), Some(two)) => bench("PostgreSQL", one, two, &options).await,
            _ => println!("PostgreSQL: TEST_DATABASE_URL names no server, left out"),
        }
    });
}

async fn bench(name: &str, through_http: TestDb, raw: TestDb, options: &Options) {
    let url = through_http.url();
    let mut settings = vec![("server.workers", "2")];
    settings.extend(options.set.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut app = TestApp::at(&url, &settings).await;
    app.leave_jobs = true;
    let (seconds, mut latencies) = ingest(&app, options).await;
    let rate = options.orders as f64 / seconds;
    latencies.sort();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{name}: {} orders over {} connections through HTTP: {rate:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
        options.orders,
        options.connections,
        at(0.5),
        at(0.99)
    );
    let groups = rows(&app, options.orders).await;
    let (tables, orders): (usize, usize) = (TABLES.len(), groups.len());
    let db = Db::open(&DbSettings::new(raw.url())).await.unwrap();
    Migrator::up(db.writer(), None).await.unwrap();
    let seconds = reference(&db, groups, options.connections).await;
    let raw_rate = orders as f64 / seconds;
    println!(
        "{name}: the same rows ({tables} tables) by raw multi-row group-committed inserts: {raw_rate:.0}/s"
    );
    println!("{name}: ratio {:.2} (bar 0.50)", rate / raw_rate);
    drop(app);
    drop(through_http);
}

/// Plain keep-alive connections writing prepared requests: the client should cost as little as it can.
async fn ingest(app: &TestApp, options: &Options) -> (f64, Vec<Duration>) {
    let town = Town::with_policy(app, serde_json::json!({})).await;
    let address = app.url.trim_start_matches("http://").to_owned();
    let each = options.orders / options.connections;
    let warm = post_orders(&address, &town, "warm", 50).await;
    assert_eq!(warm.len(), 50);
    let began = Instant::now();
    let clients: Vec<_> = (0..options.connections)
        .map(|client| {
            let (address, key, order) = (address.clone(), town.shop_key.clone(), town.order());
            tokio::spawn(async move { post(&address, &key, order, &format!("c{client}"), each).await })
        })
        .collect();
    let mut latencies = Vec::with_capacity(options.orders);
    for client in clients {
        latencies.extend(client.await.unwrap());
    }
    (began.elapsed().as_secs_f64(), latencies)
}

async fn post_orders(address: &str, town: &Town, name: &str, count: usize) -> Vec<Duration> {
    post(address, &town.shop_key, town.order(), name, count).await
}

async fn post(
    address: &str,
    key: &str,
    mut order: serde_json::Value,
    name: &str,
    count: usize,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0_u8; 16 * 1024];
    let mut latencies = Vec::with_capacity(count);
    for number in 0..count {
        order["external_id"] = format!("{name}-{number}").into();
        let body = order.to_string();
        let request = format!(
            "POST /v1/orders HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\nidempotency-key: {name}-{number}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let began = Instant::now();
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream, &mut buffer).await;
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        latencies.push(began.elapsed());
    }
    latencies
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> String {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.unwrap();
        assert!(read > 0, "the service closed the connection");
        filled += read;
        let text = std::str::from_utf8(&buffer[..filled]).unwrap_or_default();
        let Some(head) = text.find("\r\n\r\n") else { continue };
        let length = text[..head]
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        let length: usize = length.unwrap().parse().unwrap();
        if filled >= head + 4 + length {
            return text[..head].to_owned();
        }
    }
}

const TABLES: [&str; 6] = ["idempotency", "orders", "delivery", "payment", "parcel", "event"];

/// One order's rows: per table the columns' values, in the order of [`TABLES`].
type OrderRows = Vec<Vec<Vec<Value>>>;

struct Columns(Vec<Vec<&'static str>>);

fn values<A: ActiveModelTrait>(row: A, skip: &[&str]) -> Vec<Value>
where
    <A::Entity as EntityTrait>::Column: Iterable,
{
    <A::Entity as EntityTrait>::Column::iter()
        .filter(|column| !skip.contains(&sea_orm::IdenStatic::as_str(column)))
        .map(|column| match row.get(column) {
            sea_orm::ActiveValue::Set(value) | sea_orm::ActiveValue::Unchanged(value) => value,
            sea_orm::ActiveValue::NotSet => unreachable!("a read row has every column"),
        })
        .collect()
}

fn names<E: EntityTrait>(skip: &[&str]) -> Vec<&'static str> {
    E::Column::iter()
        .map(|column| sea_orm::IdenStatic::as_str(&column))
        .filter(|name| !skip.contains(name))
        .collect()
}

const SKIP: [&str; 2] = ["position", "tx"];

fn columns() -> Columns {
    Columns(vec![
        names::<entity::idempotency::Entity>(&[]),
        names::<entity::orders::Entity>(&[]),
        names::<entity::delivery::Entity>(&[]),
        names::<entity::payment::Entity>(&[]),
        names::<entity::parcel::Entity>(&[]),
        names::<entity::event::Entity>(&SKIP),
    ])
}

/// Reads back what the HTTP side wrote, grouped by order.
async fn rows(app: &TestApp, most: usize) -> Vec<OrderRows> {
    let db = app.built.app.db.read();
    let orders = entity::orders::Entity::find().all(db).await.unwrap();
    let mut answers: VecDeque<_> = entity::idempotency::Entity::find().all(db).await.unwrap().into();
    let mut groups = Vec::new();
    for order in orders.into_iter().take(most) {
        let id = order.id;
        groups.push((
            id,
            vec![
                vec![values(answers.pop_front().unwrap().into_active_model(), &[])],
                vec![values(order.into_active_model(), &[])],
                Vec::new(),
                Vec::new(),
                Vec::new(),
                Vec::new(),
            ],
        ));
    }
    let place: std::collections::HashMap<_, _> =
        groups.iter().enumerate().map(|(place, (id, _))| (*id, place)).collect();
    macro_rules! add {
        ($entity:ident, $table:literal, $skip:expr) => {
            for row in entity::$entity::Entity::find().all(db).await.unwrap() {
                if let Some(place) = place.get(&row.order_id) {
                    groups[*place].1[$table].push(values(row.into_active_model(), $skip));
                }
            }
        };
    }
    add!(delivery, 2, &[]);
    add!(payment, 3, &[]);
    add!(parcel, 4, &[]);
    add!(event, 5, &SKIP);
    groups.into_iter().map(|(_, rows)| rows).collect()
}

/// As many submitters as connections; one writer that takes all who wait, inserts their rows table by table, commits
/// once and answers all.
async fn reference(db: &Db, groups: Vec<OrderRows>, submitters: usize) -> f64 {
    prepare_parents(db, &groups).await;
    let (send, receive) = mpsc::channel::<(OrderRows, oneshot::Sender<()>)>(1024);
    let writer = tokio::spawn(write_groups(db.clone(), receive));
    let waiting = Arc::new(Mutex::new(VecDeque::from(groups)));
    let began = Instant::now();
    let tasks: Vec<_> = (0..submitters)
        .map(|_| {
            let (send, waiting) = (send.clone(), Arc::clone(&waiting));
            tokio::spawn(async move {
                loop {
                    let Some(rows) = waiting.lock().unwrap().pop_front() else { return };
                    let (done, answer) = oneshot::channel();
                    send.send((rows, done)).await.unwrap();
                    answer.await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let seconds = began.elapsed().as_secs_f64();
    drop(send);
    writer.await.unwrap();
    seconds
}

/// The shop and the pick-up point the orders point to.
async fn prepare_parents(db: &Db, groups: &[OrderRows]) {
    let names = columns().0[1].clone();
    let value =
        |name: &str| groups[0][1][0][names.iter().position(|column| *column == name).unwrap()].clone();
    let (shop, pickup) = (value("shop_id"), value("pickup_point_id"));
    let insert = |table: &'static str, pairs: Vec<(&'static str, Value)>| {
        let mut statement = Query::insert();
        statement.into_table(Alias::new(table)).columns(pairs.iter().map(|(name, _)| Alias::new(*name)));
        statement.values_panic(pairs.into_iter().map(|(_, value)| Expr::value(value)));
        StatementBuilder::build(&statement, &db.kind().backend())
    };
    let text = |text: &str| Value::from(text.to_owned());
    let shop_row = vec![
        ("id", shop.clone()),
        ("name", text("Shop")),
        ("currency", text("KRW")),
        ("time_zone", text("Asia/Seoul")),
        ("language", text("en")),
        ("provider", text("record")),
        ("policy", text("{}")),
        ("version", 1_i64.into()),
        ("created_at", 1_i64.into()),
    ];
    let point = vec![
        ("id", pickup),
        ("shop_id", shop),
        ("name", text("Counter")),
        ("address", text("1 Market Square")),
        ("lat", 37.5.into()),
        ("lon", 126.9.into()),
        ("created_at", 1_i64.into()),
    ];
    db.writer().execute_raw(insert("shop", shop_row)).await.unwrap();
    db.writer().execute_raw(insert("pickup_point", point)).await.unwrap();
}

async fn write_groups(db: Db, mut receive: mpsc::Receiver<(OrderRows, oneshot::Sender<()>)>) {
    let columns = columns();
    while let Some(first) = receive.recv().await {
        let mut group = vec![first];
        while group.len() < 256 {
            let Ok(next) = receive.try_recv() else { break };
            group.push(next);
        }
        let tx = db.writer().begin().await.unwrap();
        for (table, name) in TABLES.iter().enumerate() {
            let rows: Vec<&Vec<Value>> = group.iter().flat_map(|(rows, _)| &rows[table]).collect();
            // Powers of two, so that each statement is prepared once.
            let mut left = &rows[..];
            while !left.is_empty() {
                let (chunk, rest) = left.split_at(1 << left.len().min(256).ilog2());
                tx.execute_raw(insert(db.kind(), name, &columns.0[table], chunk)).await.unwrap();
                left = rest;
            }
        }
        tx.commit().await.unwrap();
        for (_, done) in group {
            let _ = done.send(());
        }
    }
}

fn insert(kind: DbKind, table: &str, columns: &[&str], rows: &[&Vec<Value>]) -> Statement {
    let mut sql = format!("INSERT INTO \"{table}\" (\"{}\") VALUES ", columns.join("\",\""));
    let mut number = 0;
    for place in 0..rows.len() {
        sql.push_str(if place == 0 { "(" } else { ",(" });
        for column in 0..columns.len() {
            number += 1;
            if column > 0 {
                sql.push(',');
            }
            sql.push_str(&format!("${number}"));
        }
        sql.push(')');
    }
    let values = rows.iter().flat_map(|row| row.iter().cloned());
    Statement::from_sql_and_values(kind.backend(), sql, values)
}
