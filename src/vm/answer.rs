//! Answers from the world.

use super::frame::{Activity, FrameId};
use super::request::{Answer, Token};
use super::run::Run;
use crate::program::Program;

impl Run {
    /// Brings the answer to a request; then advance the run. An answer that nobody waits for any
    /// more (its branch was aborted, its run is over) is ignored; returns whether it was taken.
    pub fn resume(&mut self, program: &Program, token: Token, answer: Answer<'_>, now_ms: i64) -> bool {
        let id = FrameId(token.frame);
        let Some(frame) = self
            .frames
            .get(id.at())
            .filter(|frame| frame.generation == token.generation)
        else {
            return false;
        };
        self.now_ms = now_ms;
        let (activity, state) = (frame.activity, frame.registers.state);
        if let Activity::Task(_) | Activity::Waiting | Activity::Retrying = activity {
            self.frames[id.at()].generation = token.generation.wrapping_add(1);
        }
        match activity {
            Activity::Task(task) => self.answer(program, id, task, answer),
            Activity::Waiting => {
                self.frames[id.at()].activity = Activity::Running;
                self.ready.push(id);
            }
            Activity::Retrying => {
                let frame = &mut self.frames[id.at()];
                frame.activity = Activity::Running;
                frame.registers.pc = program.states[state.at()].body;
                frame.registers.data = frame.registers.input;
                self.ready.push(id);
            }
            Activity::Free | Activity::Running | Activity::Container(_) => return false,
        }
        true
    }
}
