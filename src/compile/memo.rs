//! Beginnings that several paths share: found once per value, not once per use.
//!
//! `$.order.id` and `$.order.total` both begin with `$.order`; a Choice reads `$.amount` in rule after
//! rule. Values never change, so what a run has found for a root stays true for that root.

use crate::program::{MemoId, PathUse, Program};
use std::collections::HashMap;

/// Longest beginning that is remembered.
const STEPS_MAX: usize = 8;

/// Gives every beginning of two or more paths a place in the run's memory.
pub(super) fn share(program: &mut Program) {
    let mut uses: HashMap<String, u32> = HashMap::new();
    for path in &program.paths {
        beginnings(path).for_each(|(_, text)| *uses.entry(text).or_default() += 1);
    }
    let mut ids: HashMap<String, MemoId> = HashMap::new();
    for path in &mut program.paths {
        let mut shared = Vec::new();
        let mut longer = 0;
        // From the longest on: a beginning that all its uses share with a longer one needs no place.
        let all: Vec<(usize, String)> = beginnings(path).collect();
        for (steps, text) in all.into_iter().rev() {
            let count = uses[&text];
            if count < 2 || count == longer {
                continue;
            }
            longer = count;
            let next = MemoId(ids.len() as u32);
            shared.push((steps as u32, *ids.entry(text).or_insert(next)));
        }
        shared.reverse();
        path.shared = shared.into();
    }
    program.memos = ids.len();
}

fn beginnings(path: &PathUse) -> impl Iterator<Item = (usize, String)> + '_ {
    let steps = if path.accessor.is_direct() { path.accessor.steps().min(STEPS_MAX) } else { 0 };
    (1..=steps).map(|count| (count, path.accessor.beginning(count)))
}
