//! The program `callahead`: the command line and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    callahead::cli::main()
}
