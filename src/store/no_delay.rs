//! No waiting for acknowledgements on the way to PostgreSQL.
//!
//! Without `TCP_NODELAY` the kernel keeps the last part of a statement that is longer than one segment until the part
//! before it is acknowledged, and the other side may take 40 ms for that: with seven statements a group, a commit took
//! 300 ms. The driver used to set the option and forgot it in sqlx 0.9.0 (its issue 4335); it hands out no socket to
//! set it on. So after each connect the process looks through its own sockets, by a second descriptor of each
//! (`pidfd_getfd`, Linux 5.6). Where that is forbidden (some containers), it stays as slow as the driver leaves it.
//! To be deleted with the next release of the driver.

use std::net::TcpStream;

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// Sets `TCP_NODELAY` on every TCP socket of this process that is connected to `port`. Answers how many there are.
///
/// # Errors
/// When the kernel or a sandbox does not let a process look at its own sockets.
pub(super) fn set(port: u16) -> std::io::Result<usize> {
    let me = pidfd_open(getpid(), PidfdFlags::empty())?;
    let mut count = 0;
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        // Nothing but sockets is touched: closing a second descriptor of a file would give up the file's locks.
        if !std::fs::read_link(entry.path()).is_ok_and(|what| what.to_string_lossy().starts_with("socket:")) {
            continue;
        }
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let socket = match pidfd_getfd(&me, number, PidfdGetfdFlags::empty()) {
            Ok(descriptor) => TcpStream::from(descriptor),
            // Closed since it was listed.
            Err(rustix::io::Errno::BADF) => continue,
            Err(error) => return Err(error.into()),
        };
        // What is no connected TCP socket has no peer.
        if socket.peer_addr().is_ok_and(|peer| peer.port() == port) {
            socket.set_nodelay(true)?;
            count += 1;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::net::{TcpListener, TcpStream};

    #[test]
    fn the_sockets_to_a_port_wait_for_no_acknowledgement() {
        let (one, other) =
            (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let to_one = TcpStream::connect(one.local_addr().unwrap()).unwrap();
        let to_other = TcpStream::connect(other.local_addr().unwrap()).unwrap();
        assert_eq!(super::set(one.local_addr().unwrap().port()).unwrap(), 1);
        assert!(to_one.nodelay().unwrap() && !to_other.nodelay().unwrap());
    }
}
