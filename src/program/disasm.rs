//! The text form of a program.

use super::{Instruction, Pc, Program};
use std::fmt;
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, instruction) in self.code.iter().enumerate() {
            if let Instruction::Enter(state) = instruction {
                writeln!(f, "{}:", self.state_name(*state))?;
            }
            writeln!(f, "  {at:4} {instruction:?}")?;
        }
        let _ = Pc(0);
        Ok(())
    }
}
