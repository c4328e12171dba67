//! The `stepstream` binary: arguments in, exit code out; everything else is in the library.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    stepstream::cli::main().into()
}
