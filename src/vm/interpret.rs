//! The loop over instructions.

use super::event;
use super::fault::{Outcome, Raised};
use super::frame::{Activity, FrameId};
use super::fused::Next;
use super::run::{PAYLOAD_BYTES_MAX, Run, Status};
use super::trace::{Decision, Traced};
use super::work::STATE_WORK;
use crate::program::{AssignId, Instruction, Pc, Program, Stage};
use crate::value::{DEPTH_MAX, Store, ValueRef, View};

/// Why a frame stopped running.
pub(super) enum Stop {
    /// It ended, or waits.
    Blocked,
    /// The run has left as many states, or done as much work, as it may in one go.
    Fuel,
    /// The same in the middle of a state: what it has computed so far stays on the stack.
    Midway,
}

/// A frame that stopped in the middle of a state. All frames share one operand stack, so it goes on before any other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Midway {
    pub(super) frame: FrameId,
    /// Where the block goes on, if it stopped in one, and the last event of the iteration that it is for.
    pub(super) block: Option<(Pc, u32)>,
}

/// How far a block came.
pub(super) enum Block {
    Value(ValueRef),
    /// The work that the run may do in one go is spent; where to go on.
    Spent(Pc),
}

impl Run {
    /// Runs until the execution is over, waits for answers, has left `fuel` states, or has spent its grant of work.
    ///
    /// Take [`Run::requests`] and [`Run::events`] after each call.
    pub fn advance(&mut self, program: &Program, now_ms: i64, fuel: u64) -> Status {
        self.now_ms = now_ms;
        self.take_up_midway();
        let mut fuel = fuel;
        while let Some(frame) = self.ready.pop() {
            self.charge_events(program);
            if self.work.is_spent() {
                self.ready.push(frame);
                return Status::Running;
            }
            let activity = self.frames[frame.at()].activity;
            if !matches!(activity, Activity::Running | Activity::Container(_)) {
                continue;
            }
            self.current = self.frames[frame.at()].registers;
            // Here as well as at a state's end: iterations of one state end without going on, and what
            // they leave may be large.
            if let Err(Raised) = self.keep_within_memory(program, frame) {
                self.midway = None;
                self.stack.clear();
                self.raise(program, frame);
                continue;
            }
            if let Activity::Container(_) = activity {
                self.pump(program, frame);
                continue;
            }
            self.midway = None;
            let stop = match self.interpret(program, frame, &mut fuel) {
                Ok(stop) => stop,
                Err(Raised) => {
                    self.stack.clear();
                    self.raise(program, frame);
                    Stop::Blocked
                }
            };
            if let Stop::Midway = stop {
                self.midway = Some(Midway { frame, block: None });
            }
            if let Stop::Fuel | Stop::Midway = stop {
                self.frames[frame.at()].registers = self.current;
                self.ready.push(frame);
                return Status::Running;
            }
        }
        self.charge_events(program);
        if self.outcome.status == Status::Running {
            self.outcome.status = Status::Waiting;
        }
        let status = self.outcome.status;
        if status == Status::Waiting {
            self.outcome.status = Status::Running;
        }
        status
    }

    /// Puts the frame on top that stopped in the middle of a state: others may have got answers since. When it was
    /// aborted by one of them, what it had computed goes.
    fn take_up_midway(&mut self) {
        let Some(midway) = self.midway else { return };
        let goes_on = !matches!(self.frames[midway.frame.at()].activity, Activity::Free);
        let place = self.ready.iter().position(|&frame| frame == midway.frame);
        match place.filter(|_| goes_on) {
            Some(place) => {
                let frame = self.ready.remove(place);
                self.ready.push(frame);
            }
            None => {
                self.midway = None;
                self.stack.clear();
                self.found.clear();
            }
        }
    }

    /// Runs one frame until it yields, ends, or fails.
    fn interpret(&mut self, program: &Program, frame: FrameId, fuel: &mut u64) -> Outcome<Stop> {
        // The place is kept in a register of the processor; frames have it only while they wait.
        let mut pc = self.current.pc;
        loop {
            let instruction = program.at(pc);
            pc.0 += 1;
            match instruction {
                Instruction::Fused(fused) => {
                    if let Some(next) = self.fused(program, frame, fused, fuel) {
                        match next {
                            Next::Pc(next) => pc = next,
                            Next::Ended => return Ok(Stop::Blocked),
                        }
                    }
                }
                Instruction::Enter(state) => {
                    self.charge_events(program);
                    if *fuel == 0 || self.work.is_spent() {
                        self.current.pc = Pc(pc.0 - 1);
                        return Ok(Stop::Fuel);
                    }
                    *fuel -= 1;
                    self.work.charge(STATE_WORK);
                    self.enter(program, frame, state);
                }
                Instruction::Exit(next) => {
                    self.exit(program)?;
                    pc = next;
                    self.current.input = self.current.output;
                    if self.compact_if_due(frame) {
                        self.current.pc = pc;
                        return Ok(Stop::Fuel);
                    }
                }
                Instruction::End => {
                    self.exit(program)?;
                    self.end(program, frame);
                    return Ok(Stop::Blocked);
                }
                Instruction::InputPath(path) => self.current.data = self.data_path(program, frame, path)?,
                Instruction::InputEmpty => self.current.data = ValueRef::EMPTY_OBJECT,
                Instruction::Result => {
                    let value = self.pop();
                    self.current.result = value;
                    self.current.output = value;
                }
                Instruction::Data => {
                    let value = self.pop();
                    self.check_handed_on(program, value)?;
                    self.current.data = value;
                }
                Instruction::ResultConstant(value) => {
                    self.current.result = value;
                    self.current.output = value;
                }
                Instruction::ResultData => {
                    self.current.result = self.current.data;
                    self.current.output = self.current.data;
                }
                Instruction::Put(path) => self.current.output = self.put(program, path)?,
                Instruction::Discard => self.current.output = self.current.input,
                Instruction::OutputPath(path) => {
                    self.current.output = self.data_path(program, frame, path)?;
                }
                Instruction::OutputEmpty => self.current.output = ValueRef::EMPTY_OBJECT,
                Instruction::Assign(assign) => self.assign(program, frame, assign)?,
                Instruction::If(test, to) => {
                    if self.test(program, frame, test)? {
                        pc = to;
                    }
                }
                Instruction::Unless(test, to) => {
                    if !self.test(program, frame, test)? {
                        pc = to;
                    }
                }
                Instruction::Condition(expression, to) => {
                    if self.condition(program, frame, expression)? {
                        pc = to;
                    }
                    if self.work.is_spent() {
                        self.current.pc = pc;
                        return Ok(Stop::Midway);
                    }
                }
                Instruction::Jump(to) => pc = to,
                Instruction::Rejoin(rejoin) => pc = self.rejoin(program, rejoin, pc),
                Instruction::Switch(switch) => pc = self.switch(program, frame, switch)?,
                Instruction::Matched(rule) => self.decide(Decision::Rule {
                    state: self.current.state,
                    rule,
                }),
                Instruction::NoChoice => return Err(self.no_choice(program)),
                Instruction::Task(task) => {
                    self.current.pc = pc;
                    self.schedule(program, frame, task)?;
                    return Ok(Stop::Blocked);
                }
                Instruction::Wait(wait) => {
                    self.current.pc = pc;
                    self.wait(program, frame, wait)?;
                    return Ok(Stop::Blocked);
                }
                Instruction::Fail(fail) => {
                    let fault = self.fail_state(program, fail)?;
                    self.frames[frame.at()].registers = self.current;
                    self.fail_frame(program, frame, fault);
                    return Ok(Stop::Blocked);
                }
                Instruction::Container(container) => {
                    self.current.pc = pc;
                    self.open(program, frame, container)?;
                    return Ok(Stop::Blocked);
                }
                Instruction::Trace(stage) => self.trace(stage),
                Instruction::Return => return Ok(Stop::Blocked),
                operand => {
                    self.operand(program, frame, operand, None)?;
                    if self.work.is_spent() && !self.stack.is_empty() {
                        self.current.pc = pc;
                        return Ok(Stop::Midway);
                    }
                }
            }
        }
    }

    /// Runs one instruction of a template; a call for each would cost a tenth of W1.
    #[inline(always)]
    fn operand(
        &mut self,
        program: &Program,
        frame: FrameId,
        instruction: Instruction,
        item: Option<(u32, ValueRef)>,
    ) -> Outcome<()> {
        let value = match instruction {
            Instruction::Constant(value) => value,
            Instruction::Path(path) => self.template_path(program, frame, path, item)?,
            Instruction::Gather(gather) => {
                self.gather(program, gather);
                return Ok(());
            }
            Instruction::Gathered(place, path) => match self.found[place as usize] {
                ValueRef::NONE => self.template_path(program, frame, path, item)?,
                value => self.distinct(program, value),
            },
            Instruction::Object(shape) => {
                let shape = &program.shapes[shape.at()];
                let from = self.stack.len().saturating_sub(shape.members.len() / 2);
                let mut store = Store::new(&mut self.heap, &program.constants);
                let value = store.object_of(&shape.members, shape.bytes, &self.stack[from..]);
                self.stack.truncate(from);
                value
            }
            Instruction::Array(count) => {
                let from = self.stack.len().saturating_sub(count as usize);
                let value = Store::new(&mut self.heap, &program.constants).array(&self.stack[from..]);
                self.stack.truncate(from);
                value
            }
            Instruction::Call(call) => self.call(program, call)?,
            Instruction::Format(format) => self.format(program, format)?,
            Instruction::Expression(expression) => self.expression(program, frame, expression, item)?,
            Instruction::Number(id, field) => self.number_expression(program, frame, id, field)?,
            _ => return Ok(()),
        };
        self.stack.push(value);
        Ok(())
    }

    /// Evaluates a block that ends in `Return`, in the current state of a frame, until it ends or the run's work is spent.
    pub(super) fn block(
        &mut self,
        program: &Program,
        frame: FrameId,
        block: Pc,
        item: (u32, ValueRef),
    ) -> Outcome<Block> {
        let mut pc = block;
        loop {
            match program.at(pc) {
                Instruction::Return => return Ok(Block::Value(self.pop())),
                Instruction::Trace(stage) => self.trace(stage),
                operand => self.operand(program, frame, operand, Some(item))?,
            }
            pc.0 += 1;
            // With nothing on the stack what the last walk has found might go meanwhile.
            if self.work.is_spent() && !self.stack.is_empty() && program.at(pc) != Instruction::Return {
                return Ok(Block::Spent(pc));
            }
        }
    }

    pub(super) fn pop(&mut self) -> ValueRef {
        self.stack.pop().unwrap_or(ValueRef::NULL)
    }

    #[inline]
    fn enter(&mut self, program: &Program, frame: FrameId, state: crate::program::StateId) {
        let kind = program.states[state.at()].kind;
        let id = self.tick(event::entered(kind), self.current.last, |run, event| {
            event.of(state).data(run.current.input)
        });
        let current = &mut self.current;
        current.state = state;
        current.data = current.input;
        current.assigned = ValueRef::NONE;
        current.before = current.last;
        current.entered = id;
        current.last = id;
        let frame = &mut self.frames[frame.at()];
        frame.entered_at_ms = self.now_ms;
        frame.forget_retries();
        frame.visits.enter(state, kind);
    }

    /// Checks the output and takes the id of the exit event.
    #[inline]
    fn exit(&mut self, program: &Program) -> Outcome<()> {
        let view = View::new(&self.heap, &program.constants);
        if !view.is_small(self.current.output, PAYLOAD_BYTES_MAX) {
            self.check_output(program)?;
        }
        let info = &program.states[self.current.state.at()];
        self.current.last = self.tick(event::exited(info.kind), self.current.last, |run, event| {
            let mut event = event.of(run.current.state).data(run.current.output);
            event.extra = run.current.assigned;
            event
        });
        self.transitions += 1;
        Ok(())
    }

    /// Checks an output that is large, deep, or longer when written than its dense text.
    #[cold]
    fn check_output(&mut self, program: &Program) -> Outcome<()> {
        let view = View::new(&self.heap, &program.constants);
        let output = self.current.output;
        // Results of branches are written with the blanks they came with.
        let is_large = view.len(output) > PAYLOAD_BYTES_MAX
            || view.keeps_originals(output) && view.written_len(output) > PAYLOAD_BYTES_MAX as u64;
        if is_large {
            let name = &program.states[self.current.state.at()].name;
            return Err(self.too_large(program, name, "returned a result", false));
        }
        if view.depth(output) > DEPTH_MAX {
            return Err(self.too_deep(program, "state's output is"));
        }
        Ok(())
    }

    /// Ends a frame whose last state was left.
    pub(super) fn end(&mut self, program: &Program, frame: FrameId) {
        self.frames[frame.at()].registers = self.current;
        match self.frames[frame.at()].parent {
            None => self.succeed(self.current.last, self.current.output),
            Some(parent) => self.branch_succeeded(program, parent, frame),
        }
    }

    /// Sets variables; reading them is for the next state, since every value was computed before.
    fn assign(&mut self, program: &Program, frame: FrameId, assign: AssignId) -> Outcome<()> {
        let variables = &program.assigns[assign.at()].variables;
        let from = self.stack.len().saturating_sub(variables.len());
        let view = View::new(&self.heap, &program.constants);
        let total: usize = self.stack[from..].iter().map(|&value| view.len(value)).sum();
        if total > PAYLOAD_BYTES_MAX {
            let name = &program.states[self.current.state.at()].name;
            return Err(self.too_large(program, name, "assigned variables", false));
        }
        if self.stack[from..]
            .iter()
            .any(|&value| view.depth(value) > DEPTH_MAX)
        {
            return Err(self.too_deep(program, "assigned variables are"));
        }
        for (at, (_, variable)) in variables.iter().enumerate() {
            let owner = self.owner(frame, variable.up);
            let value = self.stack[from + at];
            if let Some(slot) = self.frames[owner.at()].variables.get_mut(variable.slot as usize) {
                *slot = value;
            }
        }
        if !self.kept.is_empty() {
            let values: Vec<ValueRef> = self.stack.drain(from..).collect();
            let pairs: Vec<ValueRef> = variables
                .iter()
                .zip(values)
                .flat_map(|((name, _), value)| [*name, value])
                .collect();
            self.current.assigned = Store::new(&mut self.heap, &program.constants).object(&pairs);
        }
        self.stack.truncate(from);
        Ok(())
    }

    pub(super) fn decide(&mut self, decision: Decision) {
        if let Some(decisions) = &mut self.decisions {
            decisions.push(decision);
        }
    }

    fn trace(&mut self, stage: Stage) {
        let value = match stage {
            Stage::AfterInputPath | Stage::AfterItemsPath | Stage::AfterItems => self.current.data,
            Stage::AfterParameters
            | Stage::AfterArguments
            | Stage::AfterItemSelector
            | Stage::Credentials => self.stack.last().copied().unwrap_or(self.current.data),
            Stage::Result => self.current.result,
            Stage::AfterResultSelector | Stage::AfterResultPath => self.current.output,
            Stage::Number(_) | Stage::Timestamp => return,
        };
        self.trace_value(stage, value);
    }

    /// Tells a tracing run a value.
    pub(super) fn trace_value(&mut self, stage: Stage, value: ValueRef) {
        if self.decisions.is_some() {
            self.traced.push(Traced {
                state: self.current.state,
                stage,
                value,
            });
        }
    }
}
