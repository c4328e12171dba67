//! `--batch`: a line in, a line out, flushed after each. A line that is no question is told on stderr, too.

use super::world;
use crate::cli::output::{Stop, is_closed, stderr, stdout_raw};
use crate::cli::{EXIT_OK, EXIT_PROBLEM};
use crate::jsonata::Dialect;
use crate::jsonata::batch::Batch;
use std::io::BufRead;

/// Answers the lines of stdin until it ends; returns how the command exits.
pub(super) fn run(dialect: Dialect) -> Result<u8, Stop> {
    let (mut batch, mut input) = (Batch::default(), std::io::stdin().lock());
    let (mut line, mut out, mut number) = (Vec::new(), Vec::new(), 0);
    let mut code = EXIT_OK;
    loop {
        line.clear();
        let read = input.read_until(b'\n', &mut line);
        let bytes = read.map_err(|error| Stop::new(format!("error: cannot read stdin: {error}")))?;
        if bytes == 0 || is_closed() {
            return Ok(code);
        }
        number += 1;
        out.clear();
        let answered = batch.answer(line.trim_ascii(), dialect, world(), &mut out);
        stdout_raw(&out);
        if let Err(complaint) = answered {
            stderr(&format!("error: line {number}: {complaint}"));
            code = EXIT_PROBLEM;
        }
    }
}
