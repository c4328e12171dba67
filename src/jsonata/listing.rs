//! Code as text, for people.

use super::builtin;
use super::code::{Code, Last, Op};

impl Code {
    /// Returns the code as text, an instruction a line.
    pub fn listing(&self) -> String {
        let line = |(address, op): (usize, &Op)| {
            let depth = self.marks[address].depth;
            format!("{address:4}  {depth:3}  {op:?}{}\n", self.operand(*op))
        };
        self.ops.iter().enumerate().map(line).collect()
    }

    /// Returns what an instruction's number stands for.
    fn operand(&self, op: Op) -> String {
        let names = |first: u32, count: u32| {
            let keys = &self.keys[first as usize..(first + count) as usize];
            keys.iter()
                .map(|key| format!(".{}", key.name()))
                .collect::<String>()
        };
        match op {
            Op::Constant(index) => format!("  {}", self.constants[index as usize]),
            Op::Number(index) | Op::FilterIndex(index) => format!("  {}", self.numbers[index as usize]),
            Op::Name(key) | Op::StepName { key, .. } => format!("  {}", self.keys[key as usize].name()),
            Op::Chain { first, count } => format!("  {}", names(first, count)),
            Op::VariableChain(index) => {
                let chain = self.chains[index as usize];
                let variable = &self.variables[chain.variable as usize];
                format!("  {}{}", shown(variable.last), names(chain.first, chain.count))
            }
            Op::Load(variable) => format!("  {}", shown(self.variables[variable as usize].last)),
            Op::CallBuiltin { id, .. } => format!("  ${}", builtin::of(id).name),
            _ => String::new(),
        }
    }
}

fn shown(last: Last) -> String {
    match last {
        Last::Global(global, None) => format!("Global({global})"),
        Last::Global(global, Some(id)) => format!("Global({global}) or ${}", builtin::of(id).name),
        other => format!("{other:?}"),
    }
}
