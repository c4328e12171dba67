//! Parallel and Map: branches as child frames, their tasks outstanding at the same time.
//!
//! Branches are started one after the other, each running until it yields before the next starts; a
//! Map without tasks so needs one frame however many items it has.

use super::event::{Event, EventType};
use super::fault::{Fault, Outcome, Raised, shown};
use super::frame::{Activity, Children, FrameId};
use super::interpret::{Block, Midway};
use super::run::Run;
use crate::fault;
use crate::path::MissKind;
use crate::program::{
    Branches, ContainerId, FlowId, Items, Iteration, Limit, NumberField, PathId, Pc, Percentage, Program,
    Source, Stage, StateId, StateType,
};
use crate::value::{Kind, Store, ValueRef, View};

/// Most iterations of an inline Map that are in flight at once (facts 1.2).
pub(super) const MAP_CONCURRENCY_MAX: u32 = 40;

impl Run {
    /// Begins a Parallel or Map: takes the ids of its start and lines up its branches.
    pub(super) fn open(&mut self, program: &Program, frame: FrameId, container: ContainerId) -> Outcome<()> {
        let children = match &program.containers[container.at()].branches {
            Branches::Parallel(flows) => {
                let total = flows.len() as u32;
                Children {
                    total,
                    limit: total,
                    ..Children::NONE
                }
            }
            Branches::Map(map) => self.open_map(program, frame, map)?,
        };
        let state = program.containers[container.at()].state;
        let started = if program.states[state.at()].kind == StateType::Map {
            EventType::MapStateStarted
        } else {
            EventType::ParallelStateStarted
        };
        let event = Event::new(started, self.current.last)
            .of(state)
            .number(children.total);
        let start_event = self.record(event);
        self.current.last = start_event;
        let results = Store::new(&mut self.heap, &program.constants).reserve_array(children.total as usize);
        self.park(frame, Activity::Container(container));
        self.frames[frame.at()].children = Children {
            start_event,
            results,
            queued: true,
            ..children
        };
        self.ready.push(frame);
        Ok(())
    }

    fn open_map(&mut self, program: &Program, frame: FrameId, map: &Iteration) -> Outcome<Children> {
        let percentage = match map.tolerated_percentage {
            Percentage::Popped => Percentage::Literal(self.pop_number(program)),
            other => other,
        };
        let tolerated = self.pop_limit(program, map.tolerated_count);
        let limit = self.pop_limit(program, map.max_concurrency);
        let popped = match map.items {
            Items::Popped(_) => self.pop(),
            _ => ValueRef::NONE,
        };
        let limit = self.limit(program, frame, limit, "MaxConcurrency")?;
        let count = self.limit(program, frame, tolerated, "ToleratedFailureCount")?;
        let percentage = self.percentage(program, frame, percentage)?;
        self.trace_number(program, NumberField::MaxConcurrency, limit.unwrap_or(0).into());
        if let Some(count) = count {
            self.trace_number(program, NumberField::ToleratedFailureCount, count.into());
        }
        if let Some(percentage) = percentage {
            self.trace_number(program, NumberField::ToleratedFailurePercentage, percentage);
        }
        let limit = match limit {
            Some(limit) if limit > 0 => limit.min(MAP_CONCURRENCY_MAX),
            _ => MAP_CONCURRENCY_MAX,
        };
        let items = match map.items {
            Items::Data | Items::Input => self.distinct(program, self.current.data),
            Items::Path(path) => self.items(program, frame, path)?,
            Items::Popped(_) => popped,
        };
        let view = View::new(&self.heap, &program.constants);
        if view.kind(items) != Kind::Array {
            return Err(self.no_items(program, map.items, items));
        }
        let total = view.count(items) as u32;
        if let Items::Popped(_) = map.items {
            self.check_handed_on(program, items)?;
        }
        match map.items {
            Items::Data | Items::Path(_) => self.trace_value(Stage::AfterItemsPath, items),
            Items::Popped(_) => self.trace_value(Stage::AfterItems, items),
            Items::Input => {}
        }
        // Handles side by side: finding the n-th element of a span would walk the ones before it.
        let items = Store::new(&mut self.heap, &program.constants).indexable(items);
        let by_percentage = percentage.map(|percentage| (f64::from(total) * percentage / 100.0) as u32);
        let tolerated = count.unwrap_or(0).max(by_percentage.unwrap_or(0));
        Ok(Children {
            items,
            total,
            limit,
            tolerated,
            ..Children::NONE
        })
    }

    /// Makes the fault of items that are no array.
    #[cold]
    fn no_items(&mut self, program: &Program, from: Items, items: ValueRef) -> Raised {
        let text = match from {
            Items::Popped(Some(expression)) => {
                return self.unexpected(program, expression, items, Kind::Array);
            }
            Items::Popped(None) | Items::Input => {
                let shown = shown(View::new(&self.heap, &program.constants), items);
                return self.evaluation_fault(program, ValueRef::NONE, |cause| {
                    cause.push_str("Map state input must be an array but was: ");
                    cause.push_str(&shown);
                });
            }
            Items::Path(path) => &program.paths[path.at()].text,
            Items::Data => "$",
        };
        // A path of the context object is named as if it were one of the input (recorded).
        let text = text
            .strip_prefix('$')
            .filter(|rest| rest.starts_with('$'))
            .unwrap_or(text);
        self.runtime_fault(program, |cause| {
            for part in ["Reference path \"", text, "\" must point to array."] {
                cause.push_str(part);
            }
        })
    }

    /// Reads `ItemsPath`.
    fn items(&mut self, program: &Program, frame: FrameId, path: PathId) -> Outcome<ValueRef> {
        let using = &program.paths[path.at()];
        let Some(root) = self.source(program, frame, using.source, None) else {
            return self.data_path(program, frame, path);
        };
        self.check_root(program, using, root)?;
        if !using.accessor.is_direct() {
            return self.data_path(program, frame, path);
        }
        let mut store = Store::new(&mut self.heap, &program.constants);
        match using.accessor.select(&mut store, root, root) {
            Ok(items) => Ok(self.distinct(program, items)),
            // An element beyond the end is null wherever AWS was measured (facts 5.1): only what is missing as a
            // member is reported as a conflict.
            Err(miss) if miss.kind == MissKind::Index => Ok(ValueRef::NULL),
            // The reports show the whole input in the cause. None is of `$$`, and that is not the author's data.
            Err(_) if using.source == Source::Context || self.is_null(program, root) => {
                self.data_path(program, frame, path)
            }
            Err(_) => Err(self.path_conflict(program, path, root)),
        }
    }

    fn is_null(&self, program: &Program, value: ValueRef) -> bool {
        View::new(&self.heap, &program.constants).kind(value) == Kind::Null
    }

    fn limit(
        &mut self,
        program: &Program,
        frame: FrameId,
        limit: Limit,
        field: &str,
    ) -> Outcome<Option<u32>> {
        let path = match limit {
            Limit::None | Limit::Popped => return Ok(None),
            Limit::Literal(value) => return Ok(Some(value)),
            Limit::Path(path) => path,
        };
        let text = self.limit_number(program, frame, path)?;
        match text.as_deref().map(str::parse::<i64>) {
            Some(Ok(value)) if value < 0 => Err(self.runtime_fault(program, |cause| {
                cause.push_str(field);
                cause.push_str(" cannot be negative.");
            })),
            Some(Ok(value)) => Ok(Some(u32::try_from(value).unwrap_or(u32::MAX))),
            _ => Err(self.bad_limit(program, path, field, "integer")),
        }
    }

    fn percentage(
        &mut self,
        program: &Program,
        frame: FrameId,
        percentage: Percentage,
    ) -> Outcome<Option<f64>> {
        let path = match percentage {
            Percentage::None | Percentage::Popped => return Ok(None),
            Percentage::Literal(value) => return Ok(Some(value)),
            Percentage::Path(path) => path,
        };
        let text = self.limit_number(program, frame, path)?;
        match text.as_deref().map(str::parse::<f64>) {
            Some(Ok(value)) if (0.0..=100.0).contains(&value) => Ok(Some(value)),
            Some(Ok(value)) if !value.is_nan() => Err(self.runtime_fault(program, |cause| {
                cause.push_str("ToleratedFailurePercentage must be between 0 and 100.");
            })),
            _ => Err(self.bad_limit(program, path, "ToleratedFailurePercentage", "float")),
        }
    }

    /// Returns the number at a path as text, if it may be one: a text is read as a number (recorded).
    fn limit_number(&mut self, program: &Program, frame: FrameId, path: PathId) -> Outcome<Option<String>> {
        let value = self.data_path(program, frame, path)?;
        let view = View::new(&self.heap, &program.constants);
        let number = view.number(value).map(str::to_owned);
        let text = || view.string(value).map(|text| text.decode().into_owned());
        Ok(number.or_else(text))
    }

    /// Starts the next branch of a container, or ends it when all are done.
    pub(super) fn pump(&mut self, program: &Program, frame: FrameId) {
        let Activity::Container(container) = self.frames[frame.at()].activity else {
            return;
        };
        let halted = self.midway.take().and_then(|midway| midway.block);
        let children = &mut self.frames[frame.at()].children;
        children.queued = false;
        if children.active == 0 && halted.is_none() {
            self.inline_iterations(program, frame, container);
            if self.work.is_spent() {
                self.frames[frame.at()].children.queued = true;
                return self.ready.push(frame);
            }
        }
        let children = &mut self.frames[frame.at()].children;
        if children.started < children.total && children.active < children.limit {
            let branch = children.started;
            children.started += 1;
            children.active += 1;
            let more = children.started < children.total && children.active < children.limit;
            children.queued = more;
            if more {
                self.ready.push(frame);
            }
            self.current = self.frames[frame.at()].registers;
            // Iterations of one state each leave no state by `Exit`, where it is looked at otherwise.
            self.compact_if_due(frame);
            match self.start_branch(program, frame, container, branch, halted) {
                Ok(None) => {}
                Ok(Some(block)) => self.halt(frame, block),
                Err(Raised) => {
                    self.stack.clear();
                    self.selector_failed(program, frame);
                }
            }
        } else if children.active == 0 && children.started == children.total {
            self.close(program, frame);
        }
    }

    /// Takes back that a branch was started: its selector has stopped on the way, and goes on first of all.
    fn halt(&mut self, frame: FrameId, block: (Pc, u32)) {
        self.midway = Some(Midway {
            frame,
            block: Some(block),
        });
        let children = &mut self.frames[frame.at()].children;
        children.started -= 1;
        children.active -= 1;
        if !std::mem::replace(&mut children.queued, true) {
            self.ready.push(frame);
        }
    }

    /// Handles the fault of an item selector: of the Map, whose other iterations are aborted if it may be caught.
    fn selector_failed(&mut self, program: &Program, frame: FrameId) {
        if self.raised.catchable {
            self.abort_children(program, frame, self.current.last);
        }
        self.raise(program, frame);
    }

    /// Starts a branch. When the run's work is spent in the middle of its selector, returns where that goes on, as
    /// `halted` says the next time.
    fn start_branch(
        &mut self,
        program: &Program,
        frame: FrameId,
        container: ContainerId,
        branch: u32,
        halted: Option<(Pc, u32)>,
    ) -> Outcome<Option<(Pc, u32)>> {
        let children = self.frames[frame.at()].children;
        let (flow, input, item, last) = match &program.containers[container.at()].branches {
            Branches::Parallel(flows) => (
                flows[branch as usize],
                self.current.data,
                ValueRef::NONE,
                children.start_event,
            ),
            Branches::Map(map) => {
                let item = View::new(&self.heap, &program.constants).element(children.items, branch as usize);
                let item = item.unwrap_or(ValueRef::NULL);
                let previous = if branch < children.limit {
                    children.start_event
                } else {
                    children.previous
                };
                let event = Event::new(EventType::MapIterationStarted, previous)
                    .of(self.current.state)
                    .number(branch);
                let last = match halted {
                    Some((_, last)) => last,
                    None => self.record(event),
                };
                let input = match (map.selector, halted) {
                    (None, _) => item,
                    (Some(selector), halted) => {
                        let from = halted.map_or(selector, |(pc, _)| pc);
                        match self.block(program, frame, from, (branch, item))? {
                            Block::Value(input) => {
                                self.check_handed_on(program, input)?;
                                input
                            }
                            Block::Spent(pc) => return Ok(Some((pc, last))),
                        }
                    }
                };
                (map.flow, input, item, last)
            }
        };
        self.start_child(program, frame, flow, branch, input);
        let child = self.ready.last().copied().unwrap_or(frame);
        self.frames[child.at()].item = item;
        self.frames[child.at()].registers.last = last;
        Ok(None)
    }

    fn start_child(
        &mut self,
        program: &Program,
        parent: FrameId,
        flow: FlowId,
        branch: u32,
        input: ValueRef,
    ) {
        let id = self.new_frame();
        self.begin_frame(id, flow, &program.flows[flow.at()], input);
        let child = &mut self.frames[id.at()];
        child.parent = Some(parent);
        child.branch = branch;
        self.ready.push(id);
    }

    /// Takes a branch's output.
    pub(super) fn branch_succeeded(&mut self, program: &Program, parent: FrameId, child: FrameId) {
        let (branch, last) = (self.frames[child.at()].branch, self.current.last);
        let done = self.record_iteration(program, parent, child, EventType::MapIterationSucceeded, last);
        self.frames[parent.at()].children.previous = last;
        // A branch that only echoes keeps a document's doubles and blanks; as an element it is part of a tree.
        let output = self.distinct(program, self.current.output);
        self.branch_done(program, parent, child, branch, output, done);
    }

    fn branch_done(
        &mut self,
        program: &Program,
        parent: FrameId,
        child: FrameId,
        branch: u32,
        output: ValueRef,
        last: u32,
    ) {
        self.release(child);
        let container = &mut self.frames[parent.at()];
        container.registers.last = last;
        container.children.active -= 1;
        let results = container.children.results;
        if !container.children.queued {
            container.children.queued = true;
            self.ready.push(parent);
        }
        Store::new(&mut self.heap, &program.constants).set_reserved(results, branch as usize, output);
    }

    /// Takes a branch's failure: tolerated, or the whole container fails and aborts the others.
    pub(super) fn branch_failed(&mut self, program: &Program, parent: FrameId, child: FrameId, fault: Fault) {
        let registers = self.frames[child.at()].registers;
        let branch = self.frames[child.at()].branch;
        let in_map = program.states[self.frames[parent.at()].registers.state.at()].kind == StateType::Map;
        let done = self.record_iteration(
            program,
            parent,
            child,
            EventType::MapIterationFailed,
            registers.last,
        );
        let children = &mut self.frames[parent.at()].children;
        children.failed += 1;
        children.previous = registers.last;
        if children.failed <= children.tolerated {
            // What a tolerated iteration leaves in the result of an inline Map is not recorded.
            return self.branch_done(program, parent, child, branch, ValueRef::NULL, done);
        }
        let exceeded = children.tolerated > 0;
        if !in_map && program.states[registers.state.at()].kind == StateType::Task {
            self.record(Event::new(EventType::TaskStateAborted, registers.last).of(registers.state));
        }
        self.release(child);
        self.abort_children(program, parent, registers.last);
        self.frames[parent.at()].registers.last = registers.last;
        let fault = if exceeded {
            self.threshold_exceeded(program)
        } else {
            fault
        };
        self.fail_state_of(program, parent, fault);
    }

    fn abort_children(&mut self, program: &Program, parent: FrameId, cause: u32) {
        self.abort_below(program, parent, cause);
        self.frames[parent.at()].children.queued = false;
        self.ready.retain(|&frame| frame != parent);
    }

    fn threshold_exceeded(&mut self, program: &Program) -> Fault {
        let mut store = Store::new(&mut self.heap, &program.constants);
        Fault {
            error: store.string(fault::EXCEED_TOLERATED_FAILURE_THRESHOLD),
            cause: store.string("The specified tolerated failure threshold was exceeded"),
            catchable: true,
            ..Fault::NONE
        }
    }

    /// Ends a container whose branches have all succeeded.
    fn close(&mut self, program: &Program, frame: FrameId) {
        let Activity::Container(container) = self.frames[frame.at()].activity else {
            return;
        };
        let state = program.containers[container.at()].state;
        let kind = if program.states[state.at()].kind == StateType::Map {
            EventType::MapStateSucceeded
        } else {
            EventType::ParallelStateSucceeded
        };
        let children = self.frames[frame.at()].children;
        let last = self.frames[frame.at()].registers.last;
        self.record(Event::new(kind, last).of(state));
        let result = Store::new(&mut self.heap, &program.constants)
            .finish_reserved(children.results, children.total as usize);
        let container = &mut self.frames[frame.at()];
        container.registers.result = result;
        container.registers.output = result;
        container.activity = Activity::Running;
        container.children = Children::NONE;
        self.ready.push(frame);
    }

    pub(super) fn record_container_failed(&mut self, program: &Program, frame: FrameId, state: StateId) {
        let kind = if program.states[state.at()].kind == StateType::Map {
            EventType::MapStateFailed
        } else {
            EventType::ParallelStateFailed
        };
        let last = self.frames[frame.at()].registers.last;
        let id = self.record(Event::new(kind, last).of(state));
        self.frames[frame.at()].registers.last = id;
    }
}
