//! A table service for tests: a real HTTP server on the loopback that speaks OSRM's table format, with faults on demand.
//!
//! Every way takes as many seconds as [`TableService::takes`] was told; `seen` counts what came in, `answered` what went
//! out, so that a test can tell a request that hangs from one that was never made.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query, get};
use actix_web::{App, HttpResponse, HttpServer};
use serde::Deserialize;
use serde_json::{Value, json};

/// What goes wrong with every request until something else is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing.
    #[default]
    Clean,
    /// Status 500.
    Broken,
    /// No answer, ever.
    Hangs,
    /// Something that is no JSON.
    Garbage,
    /// There is no way anywhere.
    Nulls,
    /// More bytes than anybody should read.
    TooLong,
    /// A row is missing.
    WrongDimensions,
    /// Status 400 and this code.
    Code(&'static str),
}

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub profile: String,
    /// `lon,lat`, as sent.
    pub places: Vec<String>,
    pub sources: Vec<usize>,
    pub destinations: Vec<usize>,
}

#[derive(Debug, Default)]
struct Desk {
    fault: Fault,
    takes_s: f64,
    seen: Vec<Seen>,
    answered: usize,
}

/// The running service; stops when dropped.
#[derive(Debug)]
pub struct TableService {
    address: std::net::SocketAddr,
    desk: Arc<Mutex<Desk>>,
    server: ServerHandle,
}

#[derive(Debug, Deserialize)]
struct Asked {
    annotations: String,
    sources: String,
    destinations: String,
}

impl TableService {
    /// Starts on a free port of the loopback. Needs a Tokio runtime.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::new(Mutex::new(Desk { takes_s: 60.0, ..Desk::default() }));
        let data = Data::from(desk.clone());
        let app =
            move || App::new().app_data(data.clone()).route("/table/v1/{profile}/{places}", get().to(table));
        let server = HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(0);
        let server = server.listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, desk, server: handle }
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What goes wrong from now on.
    pub fn plan(&self, fault: Fault) {
        self.desk().fault = fault;
    }

    /// How long every way takes from now on.
    pub fn takes(&self, seconds: f64) {
        self.desk().takes_s = seconds;
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.desk().seen.clone()
    }

    /// How many requests were answered, with whatever.
    pub fn answered(&self) -> usize {
        self.desk().answered
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap()
    }
}

impl Drop for TableService {
    fn drop(&mut self) {
        // The order to stop goes out at once; nobody needs to wait for it.
        drop(self.server.stop(false));
    }
}

fn numbers(text: &str) -> Vec<usize> {
    text.split(';').map(|number| number.parse().unwrap()).collect()
}

async fn table(desk: Data<Mutex<Desk>>, path: Path<(String, String)>, asked: Query<Asked>) -> HttpResponse {
    let (profile, places) = path.into_inner();
    assert_eq!(asked.annotations, "duration");
    let seen = Seen {
        profile,
        places: places.split(';').map(str::to_owned).collect(),
        sources: numbers(&asked.sources),
        destinations: numbers(&asked.destinations),
    };
    let (fault, takes_s) = {
        let mut desk = desk.lock().unwrap();
        desk.seen.push(seen.clone());
        (desk.fault, desk.takes_s)
    };
    if fault == Fault::Hangs {
        std::future::pending::<()>().await;
    }
    let way = |from: &usize, to: &usize| match fault {
        Fault::Nulls => Value::Null,
        _ if seen.places[*from] == seen.places[*to] => json!(0),
        _ => json!(takes_s),
    };
    let row = |from: &usize| seen.destinations.iter().map(|to| way(from, to)).collect::<Vec<_>>();
    let mut rows: Vec<Vec<Value>> = seen.sources.iter().map(row).collect();
    if fault == Fault::WrongDimensions {
        rows.pop();
    }
    let answer =
        |status: u16, body: Value| HttpResponse::build(StatusCode::from_u16(status).unwrap()).json(body);
    desk.lock().unwrap().answered += 1;
    match fault {
        Fault::Broken => answer(500, json!({"message": "out of memory"})),
        Fault::Garbage => HttpResponse::Ok().body("<html>welcome</html>"),
        Fault::TooLong => HttpResponse::Ok().body(" ".repeat(17 * 1024 * 1024)),
        Fault::Code(code) => answer(400, json!({"code": code, "message": "no"})),
        _ => answer(200, json!({"code": "Ok", "durations": rows, "sources": [], "destinations": []})),
    }
}
