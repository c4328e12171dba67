//! Finds what several paths read in one walk; see [`crate::program::Gather`].

use super::run::Run;
use crate::program::{GatherId, Program, Source};
use crate::value::{ValueRef, View};

impl Run {
    /// Leaves the values of a walk's keys in `found`, [`ValueRef::NONE`] where there is none.
    #[inline]
    pub(super) fn gather(&mut self, program: &Program, gather: GatherId) {
        let gather = &program.gathers[gather.at()];
        let root = match gather.source {
            Source::Result => self.current.result,
            Source::Input => self.current.input,
            _ => self.current.data,
        };
        let view = View::new(&self.heap, &program.constants);
        let found = &mut self.found;
        found.clear();
        found.resize(gather.keys.len(), ValueRef::NONE);
        let top = gather.top as usize;
        let slots = gather.likely.as_ref().and_then(|likely| {
            let shape = &program.shapes[likely.shape.at()];
            Some((view.slots_of(root, &shape.members)?, &likely.places))
        });
        match slots {
            Some((slots, places)) => {
                for (found, &place) in found.iter_mut().zip(places) {
                    *found = slots[place as usize * 2 + 1];
                }
            }
            None => view.find_members(root, &gather.keys[..top], &mut found[..top]),
        }
        for (parent, children) in &gather.parents {
            let parent = found[*parent as usize];
            if !parent.is_none() {
                let (start, end) = (children.start as usize, children.end as usize);
                view.find_members(parent, &gather.keys[start..end], &mut found[start..end]);
            }
        }
    }
}
