//! The `parlor` program: reads the command line and does what it says.

use std::process::ExitCode;

/// Gives memory back to the system after a crowd has left; the system's own allocator keeps most of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    parlor::cli::run()
}
