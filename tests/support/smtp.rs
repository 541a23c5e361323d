//! A mail server for tests, in a process of its own: the test binary starts itself again with only
//! [`smtp_server_process`] to run. It listens on a free port of loopback, speaks enough SMTP for a client that
//! checks every answer, keeps each accepted mail as an `.eml` file and misbehaves on request of the address:
//!
//! | local part of the recipient | what happens |
//! |---|---|
//! | `tempfail` | `451` to RCPT |
//! | `reject` | `550` to RCPT |
//! | `reject-text` | `554` after the text |
//! | `tempfail-text` | `452` after the text |
//! | `drop-before-data` | the line is cut at RCPT |
//! | `drop-after-data` | the mail is kept, then the line is cut without an answer |
//! | `hang` | the mail is kept and no answer ever comes |
//! | `hang-rcpt` | no answer to RCPT |

// The process knows its directory from the environment and ends with its parent.
#![allow(clippy::disallowed_methods)]
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

const DIRECTORY: &str = "SMTP_SERVER_DIRECTORY";
const READY: &str = "smtp server listens on ";

/// A running mail server; ended on drop.
#[derive(Debug)]
pub struct SmtpServer {
    /// Where it listens.
    pub address: SocketAddr,
    directory: PathBuf,
    child: Child,
    _alive: ChildStdin,
}

impl SmtpServer {
    /// Starts the process and waits until it listens.
    pub fn start() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("callahead-smtp-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let module = module_path!().split_once("::").map_or("", |(_, rest)| rest);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{module}::smtp_server_process"), "--nocapture"])
            .env(DIRECTORY, &directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let alive = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .find_map(|line| line.unwrap().split_once(READY).map(|(_, port)| port.trim().parse().unwrap()))
            .expect("the mail server says where it listens");
        Self { address, directory, child, _alive: alive }
    }

    /// The raw mails accepted so far, in order.
    pub fn mails(&self) -> Vec<Vec<u8>> {
        stored(&self.directory).iter().map(|path| std::fs::read(path).unwrap()).collect()
    }

    /// Connections opened so far.
    pub fn connections(&self) -> usize {
        std::fs::read(self.directory.join("connections")).map(|marks| marks.len()).unwrap_or(0)
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn stored(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut mails: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "eml")).collect();
    mails.sort();
    mails
}

/// The server process itself; does nothing in an ordinary test run.
#[test]
#[expect(clippy::disallowed_methods, reason = "the parent names the directory in the environment")]
fn smtp_server_process() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "{READY}{}", listener.local_addr().unwrap()).unwrap();
    out.flush().unwrap();
    std::thread::spawn(end_with_the_parent);
    for stream in listener.incoming() {
        let directory = directory.clone();
        append(&directory.join("connections"), b"+");
        std::thread::spawn(move || Conversation::new(stream.unwrap(), directory).run());
    }
}

#[expect(clippy::disallowed_methods, reason = "the server has nothing to clean up")]
fn end_with_the_parent() {
    let _ = std::io::stdin().read(&mut [0]);
    std::process::exit(0);
}

fn append(path: &Path, bytes: &[u8]) {
    std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
}

struct Conversation {
    lines: BufReader<TcpStream>,
    stream: TcpStream,
    directory: PathBuf,
    recipient: String,
}

/// What to do after a line: go on, or cut the connection.
type Next = std::ops::ControlFlow<()>;
const GO_ON: Next = Next::Continue(());
const CUT: Next = Next::Break(());

impl Conversation {
    fn new(stream: TcpStream, directory: PathBuf) -> Self {
        let lines = BufReader::new(stream.try_clone().unwrap());
        Self { lines, stream, directory, recipient: String::new() }
    }

    fn run(mut self) {
        let mut next = self.say("220 loopback ESMTP");
        while next == GO_ON {
            let mut line = String::new();
            match self.lines.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => next = self.answer(line.trim_end()),
            }
        }
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }

    fn say(&mut self, line: &str) -> Next {
        match self.stream.write_all(format!("{line}\r\n").as_bytes()) {
            Ok(()) => GO_ON,
            Err(_) => CUT,
        }
    }

    fn answer(&mut self, line: &str) -> Next {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => self.say("250-loopback\r\n250 SIZE 1000000"),
            "HELO" | "MAIL" | "NOOP" => self.say("250 ok"),
            "RSET" => {
                self.recipient.clear();
                self.say("250 ok")
            }
            "RCPT" => self.rcpt(line),
            "DATA" => self.data(),
            "QUIT" => {
                let _ = self.say("221 bye");
                CUT
            }
            _ => self.say("502 what"),
        }
    }

    fn rcpt(&mut self, line: &str) -> Next {
        let address = line.split(['<', '>']).nth(1).unwrap_or_default();
        self.recipient = address.split('@').next().unwrap_or_default().to_owned();
        match self.recipient.as_str() {
            "tempfail" => self.say("451 4.2.1 mailbox busy"),
            "reject" => self.say("550 5.1.1 nobody of that name"),
            "drop-before-data" => CUT,
            "hang-rcpt" => hang(),
            _ => self.say("250 ok"),
        }
    }

    fn data(&mut self) -> Next {
        if self.recipient.is_empty() {
            return self.say("503 no recipient");
        }
        let _ = self.say("354 go on");
        let mut mail = Vec::new();
        loop {
            let mut line = Vec::new();
            match self.lines.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return CUT,
                Ok(_) if line == b".\r\n" => break,
                Ok(_) => mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line)),
            }
        }
        let recipient = std::mem::take(&mut self.recipient);
        match recipient.as_str() {
            "reject-text" => return self.say("554 5.7.1 not wanted"),
            "tempfail-text" => return self.say("452 4.3.1 disk full"),
            _ => self.store(&mail),
        }
        match recipient.as_str() {
            "drop-after-data" => CUT,
            "hang" => hang(),
            _ => self.say("250 2.0.0 queued as Q7"),
        }
    }

    fn store(&self, mail: &[u8]) {
        static MAILS: AtomicUsize = AtomicUsize::new(0);
        let number = MAILS.fetch_add(1, Ordering::SeqCst);
        let part = self.directory.join(format!("{number:06}.part"));
        std::fs::write(&part, mail).unwrap();
        std::fs::rename(&part, self.directory.join(format!("{number:06}.eml"))).unwrap();
    }
}

fn hang() -> Next {
    loop {
        std::thread::park();
    }
}
