//! The master key: the one secret every other key is derived from.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretBox};

use super::Config;
use crate::app::ports::Entropy;

/// 32 secret bytes; never shown, wiped when dropped.
pub type MasterKey = SecretBox<[u8; 32]>;

/// Why there is no master key. Messages name the file and what to do, never its content.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file or its directory cannot be read or written.
    #[error("master key {path}: {source}; let this user read and write there, or set secrets.master")]
    File {
        /// The file in question.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file holds something else than 64 hexadecimal digits.
    #[error("master key {path}: not 64 hexadecimal digits; put back the right file, or set secrets.master")]
    Content {
        /// The file in question.
        path: PathBuf,
    },
}

/// Where the key is kept when no setting gives it: `master.key` in the data directory.
#[must_use]
pub fn path(config: &Config) -> PathBuf {
    config.data.dir.join("master.key")
}

/// The key from `secrets.master`, or from the key file, or newly made and kept in the key file (readable
/// by this user alone, on disk before it is used). Processes starting at once end up with the same key.
///
/// # Errors
/// When the file cannot be read or made, or holds no key.
pub fn load_or_create(config: &Config, entropy: &dyn Entropy) -> Result<MasterKey, MasterKeyError> {
    if let Some(key) = parse_hex(config.secrets.master.expose_secret()) {
        return Ok(SecretBox::new(Box::new(key)));
    }
    let path = path(config);
    let fault = |source| MasterKeyError::File { path: path.clone(), source };
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            create(&path, entropy).map_err(fault)?;
            read(&path)
        }
        Err(error) => Err(fault(error)),
        Ok(_) => read(&path),
    }
}

/// The key file's key; nothing is made.
///
/// # Errors
/// When the file is missing, cannot be read, or holds no key.
pub fn read_file(config: &Config) -> Result<MasterKey, MasterKeyError> {
    read(&path(config))
}

fn read(path: &Path) -> Result<MasterKey, MasterKeyError> {
    let fault = |source| MasterKeyError::File { path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(fault)?;
    let key = parse_hex(text.trim()).ok_or_else(|| MasterKeyError::Content { path: path.to_owned() })?;
    Ok(SecretBox::new(Box::new(key)))
}

/// Writes a new key beside `path` and links it into place: the file is there whole or not at all, and one
/// that another process made in the meantime stays.
fn create(path: &Path, entropy: &dyn Entropy) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let fresh = dir.join(format!(".master.key.{}", hex(&entropy.ten())));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    let written = writeln!(file, "{}", hex(&entropy.thirty_two())).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&fresh, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    fs::remove_file(&fresh)?;
    linked?;
    fs::File::open(dir)?.sync_all()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Exactly 64 hexadecimal digits as 32 bytes.
pub(super) fn parse_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, at) in key.iter_mut().zip((0_usize..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at.checked_add(2)?)?, 16).ok()?;
    }
    Some(key)
}
