//! Reads paths, and remembers what paths share the beginning of; see [`crate::program::PathUse::shared`].

use super::run::Run;
use crate::program::{PathUse, Program};
use crate::value::{ValueRef, View};

/// What was found for a beginning: true as long as handles mean what they meant then.
#[derive(Clone, Copy)]
pub(super) struct Memo {
    root: ValueRef,
    value: ValueRef,
    epoch: u32,
}

/// The memory of a run for beginnings of paths.
#[derive(Default)]
pub(super) struct Memos {
    memos: Vec<Memo>,
    /// Moves on when handles change their meaning: another execution, a compaction.
    epoch: u32,
}

impl Memos {
    /// Forgets everything; made for a number of beginnings.
    pub(super) fn forget(&mut self, count: usize) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 || self.memos.len() < count {
            self.memos.clear();
            self.memos.resize(count, Memo { root: ValueRef::NONE, value: ValueRef::NONE, epoch: self.epoch.wrapping_sub(1) });
        }
    }
}

impl Run {
    /// Returns the value of a path of keys and indices, or `None`; as [`crate::path::Accessor::get`].
    #[inline]
    pub(super) fn lookup(&mut self, program: &Program, path: &PathUse, root: ValueRef) -> Option<ValueRef> {
        let view = View::new(&self.heap, &program.constants);
        if path.shared.is_empty() {
            return path.accessor.get(view, root);
        }
        let Memos { memos, epoch } = &mut self.memos;
        let known = path.shared.iter().rposition(|&(_, id)| {
            let memo = memos[id.at()];
            memo.root == root && memo.epoch == *epoch
        });
        let (mut value, mut done) = match known {
            Some(at) => (memos[path.shared[at].1.at()].value, path.shared[at].0),
            None => (root, 0),
        };
        for &(steps, id) in path.shared.iter().skip(known.map_or(0, |at| at + 1)) {
            value = path.accessor.get_part(view, value, done as usize..steps as usize)?;
            memos[id.at()] = Memo { root, value, epoch: *epoch };
            done = steps;
        }
        if done as usize == path.accessor.steps() {
            return Some(value);
        }
        path.accessor.get_part(view, value, done as usize..path.accessor.steps())
    }
}
