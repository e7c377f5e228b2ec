//! The `rolegate` program: the command line and its exit status.

use rolegate::conf::ProcessEnvironment;
use rolegate::{cli, server};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    ExitCode::from(cli::run(std::env::args_os(), &ProcessEnvironment, &server::hooks(), &mut out, &mut err))
}
