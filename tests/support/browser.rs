//! A real browser in front of a test: Debian's chromium behind its chromedriver, as a phone of 390 by 844, with a gate
//! in front of the service that can be shut like a tunnel. Where none is installed the test is passed over with one
//! line; in CI that is a failure.
#![allow(dead_code, clippy::disallowed_methods, clippy::print_stderr)]

#[path = "webdriver.rs"]
mod webdriver;

use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, MutexGuard, watch};
use webdriver::Driver;

/// One browser at a time: two cores are not many.
static ONE: Mutex<()> = Mutex::const_new(());
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// How long anything may take to show.
const PATIENCE: Duration = Duration::from_secs(12);

fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A browser with one open page.
pub struct Browser {
    /// The driver.
    pub driver: Driver,
    profile: PathBuf,
    _chromedriver: Child,
    _turn: MutexGuard<'static, ()>,
}

impl Browser {
    /// Starts one, or says why the test is passed over.
    pub async fn start() -> Option<Browser> {
        let (Some(chromium), Some(chromedriver)) = (installed("chromium"), installed("chromedriver")) else {
            assert!(std::env::var_os("CI").is_none(), "CI needs chromium and chromium-driver");
            eprintln!("passed over: chromium and chromedriver are not installed");
            return None;
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let turn = ONE.lock().await;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let profile = std::env::temp_dir().join(format!("callahead-browser-{}-{number}", std::process::id()));
        let mut child = Command::new(chromedriver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let port = port_of(&mut child).await;
        let mut args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            "--window-size=500,1000",
            "--lang=en",
        ]
        .map(str::to_owned)
        .to_vec();
        args.push(format!("--user-data-dir={}", profile.display()));
        let wait = json!({"script": 2 * PATIENCE.as_millis(), "pageLoad": PATIENCE.as_millis()});
        let wanted = json!({"browserName": "chrome", "timeouts": wait, "goog:chromeOptions": {"binary": chromium, "args": args}});
        let driver = Driver::new(&format!("http://127.0.0.1:{port}"), wanted).await;
        let browser = Browser { driver, profile, _chromedriver: child, _turn: turn };
        browser.size(390, 844).await;
        browser
            .cdp("Emulation.setTouchEmulationEnabled", json!({"enabled": true, "maxTouchPoints": 5}))
            .await;
        // There is no dialler here; the link's own listeners still hear the touch.
        let no_dialler = "addEventListener('click', (event) => { const link = event.target.closest('a'); if (link && /^(tel|sms|geo):/.test(link.href)) event.preventDefault(); }, true)";
        browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({"source": no_dialler})).await;
        Some(browser)
    }

    /// A command of the debugging protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.driver.cdp(command, parameters).await
    }

    /// The size of the phone's screen.
    pub async fn size(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 2, "mobile": true});
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// What an expression gives.
    pub async fn eval(&self, expression: &str) -> Value {
        let script = format!("return ({expression});");
        self.driver.execute(&script).await
    }

    /// Runs statements that may wait; gives what they return.
    pub async fn run(&self, statements: &str) -> Value {
        let script = format!(
            "const end = arguments[arguments.length - 1]; (async () => {{ {statements} }})().then((it) => end({{ it }}), (error) => end({{ error: String(error) }}));"
        );
        let found = self.driver.execute_async(&script).await;
        assert!(found["error"].is_null(), "{statements}: {found}");
        found["it"].clone()
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub fn until<'a>(&'a self, expression: &'a str) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let statements = format!(
                "const by = performance.now() + {}; while (performance.now() < by) {{ try {{ if ({expression}) return true; }} catch {{}} await new Promise((on) => setTimeout(on, 20)); }} return false;",
                PATIENCE.as_millis()
            );
            if self.run(&statements).await != json!(true) {
                let seen = self.eval("document.body.innerText").await;
                let address = self.eval("location.href").await;
                panic!(
                    "{place}: never true: {expression}\nat {address}, which shows:\n{}",
                    seen.as_str().unwrap_or_default()
                );
            }
        }
    }

    /// Waits until a screen of the courier's page is shown.
    #[track_caller]
    pub fn screen<'a>(&'a self, name: &str) -> impl Future<Output = ()> + use<'a> {
        let expression = format!("document.querySelector('[data-screen={name}]')");
        async move { self.until(&expression).await }
    }

    /// Waits until the page shows this text.
    #[track_caller]
    pub fn shows<'a>(&'a self, text: &str) -> impl Future<Output = ()> + use<'a> {
        let expression = format!("document.body.innerText.includes({})", json!(text));
        async move { self.until(&expression).await }
    }

    /// Touches what a selector finds, as soon as it is there and takes a touch.
    pub async fn tap(&self, selector: &str) {
        // A button that has just changed is inert for a moment, and the page says so.
        let ready = format!(
            "document.querySelector({}) && document.documentElement.dataset.inert === undefined",
            json!(selector)
        );
        self.until(&ready).await;
        let at = self
            .eval(&format!(
                "(() => {{ const it = document.querySelector({}); it.scrollIntoView({{ block: 'center' }}); const box = it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
                json!(selector)
            ))
            .await;
        let point = json!({"x": at[0], "y": at[1]});
        self.cdp("Input.dispatchTouchEvent", json!({"type": "touchStart", "touchPoints": [point]})).await;
        self.cdp("Input.dispatchTouchEvent", json!({"type": "touchEnd", "touchPoints": []})).await;
    }

    /// Types into a field.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.until(&format!("document.querySelector({})", json!(selector))).await;
        self.driver.keys(selector, text).await;
    }

    /// Keeps a picture of the page where `CALLAHEAD_PICTURES` names a folder.
    pub async fn picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("CALLAHEAD_PICTURES") {
            let file = PathBuf::from(folder).join(format!("{name}.png"));
            self.driver.picture(&file).await;
        }
    }

    /// Closes it.
    pub async fn close(self) {
        let Browser { driver, profile, .. } = self;
        driver.quit().await;
        let _ = std::fs::remove_dir_all(profile);
    }
}

async fn port_of(child: &mut Child) -> u16 {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(port) = line.split("successfully on port ").nth(1) {
            let port = port.trim_end_matches('.').parse().unwrap();
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return port;
        }
    }
    panic!("chromedriver named no port");
}

/// A gate between the phone and the service: shut, nothing passes, and what was open is cut.
pub struct Gate {
    /// Where the phone finds the service.
    pub url: String,
    open: watch::Sender<bool>,
    /// Requests let through are not counted; connections are.
    pub connections: Arc<AtomicU64>,
}

impl Gate {
    /// In front of the service at this address.
    pub async fn before(service: &str) -> Gate {
        let target = service.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (open, seen) = watch::channel(true);
        let connections = Arc::new(AtomicU64::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((mut phone, _)) = listener.accept().await {
                if !*seen.borrow() {
                    continue;
                }
                counted.fetch_add(1, Ordering::Relaxed);
                let (target, mut shut) = (target.clone(), seen.clone());
                tokio::spawn(async move {
                    let Ok(mut service) = TcpStream::connect(&target).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut phone, &mut service) => {}
                        _ = shut.wait_for(|open| !*open) => {}
                    }
                });
            }
        });
        Gate { url, open, connections }
    }

    /// No signal from here on.
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    /// The signal is back.
    pub fn lift(&self) {
        self.open.send_replace(true);
    }
}
