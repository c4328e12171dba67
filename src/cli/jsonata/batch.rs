//! `--batch`: a line in, a line out, flushed after each.

use super::world;
use crate::cli::output::{Stop, is_closed, stdout_raw};
use crate::jsonata::Dialect;
use crate::jsonata::batch::Batch;
use std::io::BufRead;

/// Answers the lines of stdin until it ends.
pub(super) fn run(dialect: Dialect) -> Result<(), Stop> {
    let (mut batch, mut input) = (Batch::default(), std::io::stdin().lock());
    let (mut line, mut out, mut number) = (Vec::new(), Vec::new(), 0);
    loop {
        line.clear();
        let read = input.read_until(b'\n', &mut line);
        let bytes = read.map_err(|error| Stop::new(format!("error: cannot read stdin: {error}")))?;
        if bytes == 0 || is_closed() {
            return Ok(());
        }
        number += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        out.clear();
        let answered = batch.answer(line.trim_ascii(), dialect, world(), &mut out);
        answered.map_err(|error| Stop::new(format!("error: line {number} is not JSON: {error}")))?;
        stdout_raw(&out);
    }
}
