//! Instructions and labels.

use crate::program::{Instruction, Pc, Program};

/// Code under construction. A place that is not known yet is a label: a [`Pc`] with the top bit.
#[derive(Default)]
pub(super) struct Code {
    code: Vec<Instruction>,
    /// Where each label was placed.
    labels: Vec<Option<Pc>>,
}

const LABEL: u32 = 1 << 31;

impl Code {
    /// Makes a label that stands for a place until it is placed.
    pub(super) fn label(&mut self) -> Pc {
        self.labels.push(None);
        Pc(LABEL | (self.labels.len() - 1) as u32)
    }

    /// Places a label here.
    pub(super) fn place(&mut self, label: Pc) {
        let here = Pc(self.code.len() as u32);
        self.labels[(label.0 & !LABEL) as usize] = Some(here);
    }

    /// Appends an instruction.
    pub(super) fn emit(&mut self, instruction: Instruction) {
        self.code.push(instruction);
    }

    fn resolve(&self, pc: &mut Pc) {
        if pc.0 & LABEL != 0 {
            *pc = self.labels[(pc.0 & !LABEL) as usize].unwrap_or(Pc(0));
        }
    }

    /// Turns every label of the program into its place.
    pub(super) fn finish(mut self, program: &mut Program) {
        let mut code = std::mem::take(&mut self.code);
        for instruction in &mut code {
            match instruction {
                Instruction::Exit(pc)
                | Instruction::Unless(_, pc)
                | Instruction::If(_, pc)
                | Instruction::Condition(_, pc)
                | Instruction::Jump(pc) => self.resolve(pc),
                _ => {}
            }
        }
        program.code = code;
        for flow in &mut program.flows {
            self.resolve(&mut flow.entry);
        }
        for state in &mut program.states {
            self.resolve(&mut state.enter);
            self.resolve(&mut state.body);
            state
                .catchers
                .iter_mut()
                .for_each(|catcher| self.resolve(&mut catcher.target));
        }
        for fused in &mut program.fused {
            self.resolve(&mut fused.last_state);
            fused.next.iter_mut().for_each(|next| self.resolve(next));
        }
        for switch in &mut program.switches {
            switch.strings.values_mut().for_each(|pc| self.resolve(pc));
            switch.numbers.iter_mut().for_each(|(_, _, pc)| self.resolve(pc));
            self.resolve(&mut switch.otherwise);
        }
        for rejoin in &mut program.rejoins {
            rejoin.places.iter_mut().for_each(|pc| self.resolve(pc));
        }
        for container in &mut program.containers {
            if let crate::program::Branches::Map(map) = &mut container.branches {
                map.selector
                    .iter_mut()
                    .chain(&mut map.inline)
                    .for_each(|pc| self.resolve(pc));
            }
        }
    }
}
