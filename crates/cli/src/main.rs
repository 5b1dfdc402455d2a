//! The `kinlink` command.

mod command;
mod config;
mod exit;
mod output;
mod policy_file;

use clap::Parser;

fn main() -> std::process::ExitCode {
    // Two providers of cryptography are compiled in by way of dependencies; this one is meant.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = command::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&error.into()),
    };
    match runtime.block_on(command::run(cli)) {
        Ok(code) => code,
        Err(error) => exit::report(&error),
    }
}
