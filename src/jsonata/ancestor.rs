//! Which step a `%` means, found while the tree is processed.
//!
//! A `%` takes a slot. The slot goes outwards until a step is found that it can stand for, one level for each `%` on the
//! way; that step then keeps its input under the slot's label. Must not know how a path is evaluated.

use super::Error;
use super::tree::{Kind, Node, SlotId};

/// One `%`.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Names the kept value; several `%` that mean one step share it.
    label: usize,
    /// How many steps outwards are still to be found.
    level: i32,
}

/// All `%` of an expression.
#[derive(Clone, Debug, Default)]
pub(super) struct Ancestors(Vec<Slot>);

impl Ancestors {
    pub(super) fn add(&mut self) -> SlotId {
        let label = self.0.len();
        self.0.push(Slot { label, level: 1 });
        SlotId(label)
    }

    /// Returns the label under which the value of a `%` is kept.
    pub(super) fn label(&self, slot: SlotId) -> usize {
        self.0[slot.0].label
    }

    /// Lets a node look for what one of its parts looks for.
    pub(super) fn push(owner: &mut Node, part: &Node) {
        let own = match part.kind {
            Kind::Parent(slot) => Some(slot),
            _ => None,
        };
        if part.seeking.is_none() && own.is_none() {
            return;
        }
        let seeking = owner.seeking.get_or_insert_default();
        seeking.extend(part.seeking.iter().flatten());
        seeking.extend(own);
    }

    /// Looks in a step for what its predicate means.
    pub(super) fn of_predicate(&mut self, step: &mut Node, predicate: &Node) -> Result<(), Error> {
        for &slot in predicate.seeking.iter().flatten() {
            if self.0[slot.0].level == 1 {
                self.seek(step, slot)?;
            } else {
                self.0[slot.0].level -= 1;
            }
        }
        if predicate.seeking.is_some() {
            Ancestors::push(step, predicate);
        }
        Ok(())
    }

    /// Looks in the steps of a path for what its last step means.
    pub(super) fn resolve(&mut self, path: &mut Node) -> Result<(), Error> {
        let Kind::Path { steps, .. } = &mut path.kind else {
            return Ok(());
        };
        let Some(last) = steps.last() else {
            return Ok(());
        };
        let mut slots = last.seeking.clone().unwrap_or_default();
        if let Kind::Parent(slot) = last.kind {
            slots.push(slot);
        }
        for slot in slots {
            let mut next = steps.len() - 1;
            while self.0[slot.0].level > 0 {
                if next == 0 {
                    path.seeking.get_or_insert_default().push(slot);
                    break;
                }
                next -= 1;
                // Steps that bind a focus one after the other have one input.
                while next > 0 && steps[next].focus.is_some() && steps[next - 1].focus.is_some() {
                    next -= 1;
                }
                self.seek(&mut steps[next], slot)?;
            }
        }
        Ok(())
    }

    fn seek(&mut self, node: &mut Node, id: SlotId) -> Result<(), Error> {
        match &mut node.kind {
            Kind::Name(_) | Kind::Wildcard => {
                self.0[id.0].level -= 1;
                if self.0[id.0].level == 0 {
                    if let Some(known) = node.ancestor {
                        self.0[id.0].label = self.0[known.0].label;
                    }
                    node.ancestor = Some(id);
                    node.tuple = true;
                }
            }
            Kind::Parent(_) => self.0[id.0].level += 1,
            Kind::Block(parts) => {
                if let Some(last) = parts.last_mut() {
                    node.tuple = true;
                    self.seek(last, id)?;
                }
            }
            Kind::Path { steps, .. } => {
                node.tuple = true;
                let (last, before) = match steps.split_last_mut() {
                    Some(split) => split,
                    None => return Ok(()),
                };
                self.seek(last, id)?;
                for step in before.iter_mut().rev() {
                    if self.0[id.0].level <= 0 {
                        break;
                    }
                    self.seek(step, id)?;
                }
            }
            _ => return Err(Error::new("S0217").at(node.position).with_token(node.type_name())),
        }
        Ok(())
    }
}
