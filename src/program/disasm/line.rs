//! The operands of each instruction.

use super::super::{Instruction, StateId};
use super::Listing;

impl Listing<'_> {
    /// Returns an instruction's operands; what does not fit on one line is on those after it.
    pub(super) fn operands(&self, instruction: Instruction, within: StateId) -> Vec<String> {
        let line = match instruction {
            Instruction::Fused(id) => return self.fused(id),
            Instruction::Switch(id) => return self.switch(id, within),
            Instruction::Task(id) => return self.task(id),
            Instruction::Container(id) => return self.container(id, within),
            Instruction::Constant(value) | Instruction::ResultConstant(value) => self.constant(value),
            Instruction::InputPath(path)
            | Instruction::Path(path)
            | Instruction::Put(path)
            | Instruction::OutputPath(path) => self.path_of(path),
            Instruction::Gather(gather) => self.gather(gather),
            Instruction::Gathered(_, path) => self.path_of(path),
            Instruction::Object(shape) => self.shape(shape),
            Instruction::Array(count) => plural(count, "element"),
            Instruction::Call(call) => self.call(call),
            Instruction::Format(format) => self.format(format),
            Instruction::Assign(assign) => self.assigned(assign),
            Instruction::Exit(to) => self.jump(to, None),
            Instruction::Unless(test, to) | Instruction::If(test, to) => {
                format!("{} {}", self.test(test), self.jump(to, Some(within)))
            }
            Instruction::Expression(id) | Instruction::Number(id, _) => self.expression_of(id),
            Instruction::Condition(id, to) => {
                format!("{} {}", self.expression(id), self.jump(to, Some(within)))
            }
            Instruction::Rejoin(id) => self.rejoin(id, within),
            Instruction::Jump(to) => self.jump(to, Some(within)),
            Instruction::Matched(u32::MAX) => "Default".into(),
            Instruction::Matched(rule) => format!("rule {rule}"),
            Instruction::Wait(wait) => self.until(wait),
            Instruction::Fail(fail) => self.texts_of(fail),
            Instruction::Trace(stage) => format!("{stage:?}"),
            Instruction::Enter(_)
            | Instruction::InputEmpty
            | Instruction::Return
            | Instruction::Result
            | Instruction::Data
            | Instruction::ResultData
            | Instruction::Discard
            | Instruction::OutputEmpty
            | Instruction::End
            | Instruction::NoChoice => return Vec::new(),
        };
        vec![line]
    }
}

pub(super) fn plural(count: u32, of: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {of}{end}")
}
