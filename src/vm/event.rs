//! History events, as references into the run's heap (facts 2.5, 2.6).

use crate::program::{StateId, StateType};
use crate::value::ValueRef;

macro_rules! event_types {
    ($($name:ident $level:ident)*) => {
        /// The type of a history event; named as AWS names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum EventType { $($name),* }

        impl EventType {
            /// Returns AWS's name.
            pub fn name(self) -> &'static str {
                match self { $(EventType::$name => stringify!($name)),* }
            }

            /// Returns the lowest level that writes the event (facts 2.3).
            pub fn level(self) -> Level {
                match self { $(EventType::$name => Level::$level),* }
            }
        }

        const ALL_TYPES: &[EventType] = &[$(EventType::$name),*];
    };
}

event_types! {
    ExecutionStarted All
    ExecutionSucceeded All
    ExecutionFailed Fatal
    ExecutionTimedOut Fatal
    PassStateEntered All
    TaskStateEntered All
    ChoiceStateEntered All
    WaitStateEntered All
    SucceedStateEntered All
    FailStateEntered Error
    ParallelStateEntered All
    MapStateEntered All
    PassStateExited All
    TaskStateExited All
    ChoiceStateExited All
    WaitStateExited All
    SucceedStateExited All
    ParallelStateExited All
    MapStateExited All
    TaskScheduled All
    TaskStarted All
    TaskSucceeded All
    TaskFailed Error
    TaskTimedOut Error
    LambdaFunctionScheduled All
    LambdaFunctionStarted All
    LambdaFunctionSucceeded All
    LambdaFunctionFailed Error
    LambdaFunctionTimedOut Error
    MapStateStarted All
    MapIterationStarted All
    MapIterationSucceeded All
    MapIterationFailed Error
    MapIterationAborted Error
    MapStateSucceeded All
    MapStateFailed Error
    MapStateAborted Error
    ParallelStateStarted All
    ParallelStateSucceeded All
    ParallelStateFailed Error
    ParallelStateAborted Error
    TaskStateAborted Error
    WaitStateAborted Error
    EvaluationFailed Error
}

/// How much of the history is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Level {
    #[default]
    Off,
    Fatal,
    Error,
    All,
}

/// The event types that a run keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventSet {
    types: u64,
    cost: EventCost,
}

/// What keeping an event costs its execution, as work: it is spent when the event's record is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventCost {
    /// Nothing: the record may never be written, or holds up nobody.
    #[default]
    Nothing,
    /// A record with its error and cause.
    Record,
    /// A record with all of its data.
    RecordWithData,
}

impl EventSet {
    /// Returns what a log level writes.
    pub fn of(level: Level) -> EventSet {
        let bits = ALL_TYPES
            .iter()
            .filter(|kind| kind.level() <= level)
            .map(|&kind| 1 << kind as u64);
        EventSet {
            types: if level == Level::Off { 0 } else { bits.sum() },
            cost: EventCost::Nothing,
        }
    }

    /// Sets what keeping an event costs.
    pub fn costing(self, cost: EventCost) -> EventSet {
        EventSet { cost, ..self }
    }

    /// Returns what keeping an event costs.
    pub fn cost(self) -> EventCost {
        self.cost
    }

    /// Says whether events of this type are kept.
    #[inline]
    pub fn has(self, kind: EventType) -> bool {
        self.types >> (kind as u64) & 1 != 0
    }

    /// Says whether nothing is kept.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.types == 0
    }
}

/// One history event. What it holds depends on its type; a handle that does not apply is
/// [`ValueRef::NONE`], a number 0.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Its type.
    pub kind: EventType,
    /// Its id, from 1.
    pub id: u32,
    /// The id of the event that caused it, 0 for none.
    pub previous: u32,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The state it is about, where it is about one.
    pub state: Option<StateId>,
    /// `input`, `output` or `parameters`.
    pub data: ValueRef,
    /// `error`.
    pub error: ValueRef,
    /// `cause`.
    pub cause: ValueRef,
    /// `assignedVariables`, an object; the credentials of a `TaskScheduled`; the location of an `EvaluationFailed`.
    pub extra: ValueRef,
    /// `length` of a Map, `index` of an iteration, `timeoutInSeconds` of a task.
    pub number: u32,
    /// `heartbeatInSeconds` of a task.
    pub heartbeat: u32,
}

impl Event {
    pub(super) fn new(kind: EventType, previous: u32) -> Event {
        Event {
            kind,
            id: 0,
            previous,
            at_ms: 0,
            state: None,
            data: ValueRef::NONE,
            error: ValueRef::NONE,
            cause: ValueRef::NONE,
            extra: ValueRef::NONE,
            number: 0,
            heartbeat: 0,
        }
    }

    pub(super) fn of(self, state: StateId) -> Event {
        Event {
            state: Some(state),
            ..self
        }
    }

    pub(super) fn data(self, data: ValueRef) -> Event {
        Event { data, ..self }
    }

    pub(super) fn number(self, number: u32) -> Event {
        Event { number, ..self }
    }

    pub(super) fn values(&mut self) -> [&mut ValueRef; 4] {
        [&mut self.data, &mut self.error, &mut self.cause, &mut self.extra]
    }
}

pub(super) fn entered(kind: StateType) -> EventType {
    match kind {
        StateType::Pass => EventType::PassStateEntered,
        StateType::Task => EventType::TaskStateEntered,
        StateType::Choice => EventType::ChoiceStateEntered,
        StateType::Wait => EventType::WaitStateEntered,
        StateType::Succeed => EventType::SucceedStateEntered,
        StateType::Fail => EventType::FailStateEntered,
        StateType::Parallel => EventType::ParallelStateEntered,
        StateType::Map => EventType::MapStateEntered,
    }
}

pub(super) fn exited(kind: StateType) -> EventType {
    match kind {
        StateType::Pass | StateType::Fail => EventType::PassStateExited,
        StateType::Task => EventType::TaskStateExited,
        StateType::Choice => EventType::ChoiceStateExited,
        StateType::Wait => EventType::WaitStateExited,
        StateType::Succeed => EventType::SucceedStateExited,
        StateType::Parallel => EventType::ParallelStateExited,
        StateType::Map => EventType::MapStateExited,
    }
}

/// The event of a state that is in flight when a sibling fails.
pub(super) fn aborted(kind: StateType) -> Option<EventType> {
    match kind {
        StateType::Task => Some(EventType::TaskStateAborted),
        StateType::Wait => Some(EventType::WaitStateAborted),
        StateType::Parallel => Some(EventType::ParallelStateAborted),
        StateType::Map => Some(EventType::MapStateAborted),
        _ => None,
    }
}
