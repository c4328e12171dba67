//! States.

use super::expression::Scene;
use super::{Compiler, target};
use crate::asl::list_parameters;
use crate::asl::model::{
    self, Catcher, DataPath, Fail, FailText, Map, Parallel, Pass, QueryLanguage, Setting, State, StateKind,
    Task, Template, Transition, Wait,
};
use crate::program::{
    self, Branches, Container, ContainerId, FailId, FailUse, Instruction, Items, Iteration, Limit,
    NumberField, Pc, Percentage, Resource, Source, Stage, StateId, StateType, TaskId, TaskInfo, WaitId,
    WaitUntil,
};
use crate::value::ValueRef;
use std::collections::HashMap;

/// The places of a flow's states.
pub(super) type Labels<'a> = HashMap<&'a str, Pc>;

impl Compiler {
    /// Compiles one state.
    pub(super) fn state(&mut self, state: &State, labels: &Labels<'_>, chain: Option<&[&State]>) {
        let label = target(labels, &state.name);
        self.code.place(label);
        if let Some(chain) = chain {
            self.fuse(chain, labels);
        }
        let id = self.new_state(&state.name, kind(&state.kind), label);
        self.scene = Scene::BEFORE_WORK;
        if state.query_language == QueryLanguage::JsonPath {
            self.input_path(&state.input_path);
        }
        match &state.kind {
            StateKind::Pass(pass) => self.pass(state, pass, labels),
            StateKind::Task(task) => self.task(id, state, task, labels),
            StateKind::Choice(choice) => self.choice(state, choice, labels),
            StateKind::Wait(wait) => self.wait(state, wait, labels),
            StateKind::Succeed => {
                self.code.emit(Instruction::ResultData);
                self.output(state.output.as_ref());
                self.output_path(&state.output_path);
                self.code.emit(Instruction::End);
            }
            StateKind::Fail(fail) => self.fail(fail),
            StateKind::Parallel(parallel) => self.parallel(id, state, parallel, labels),
            StateKind::Map(map) => self.map(id, state, map, labels),
        }
    }

    pub(super) fn trace(&mut self, stage: Stage) {
        if self.options.trace {
            self.code.emit(Instruction::Trace(stage));
        }
    }

    /// Traces a stage that a state in JSONPath always has, its field being there or not, and one in JSONata never.
    fn trace_in_json_path(&mut self, state: &State, stage: Stage) {
        if state.query_language == QueryLanguage::JsonPath {
            self.trace(stage);
        }
    }

    fn input_path(&mut self, path: &DataPath) {
        match path {
            DataPath::Whole => {}
            DataPath::Null => self.code.emit(Instruction::InputEmpty),
            DataPath::Path(path) => {
                let id = self.path(path, Source::Input, "InputPath");
                self.code.emit(Instruction::InputPath(id));
            }
        }
        self.trace(Stage::AfterInputPath);
    }

    pub(super) fn output_path(&mut self, path: &DataPath) {
        match path {
            DataPath::Whole => {}
            DataPath::Null => self.code.emit(Instruction::OutputEmpty),
            DataPath::Path(path) => {
                let id = self.path(path, Source::Output, "OutputPath");
                self.code.emit(Instruction::OutputPath(id));
            }
        }
    }

    /// Compiles `Output` of a JSONata state; without it the output is what it would be anyway.
    pub(super) fn output(&mut self, output: Option<&Template>) {
        if let Some(output) = output {
            self.template(output, Source::Result);
            self.code.emit(Instruction::Result);
        }
    }

    fn result_path(&mut self, path: &DataPath) {
        match path {
            DataPath::Whole => {}
            DataPath::Null => self.code.emit(Instruction::Discard),
            DataPath::Path(path) => {
                let id = self.path(path, Source::Input, "ResultPath");
                let accessor = self.program.paths[id.at()].accessor.clone();
                self.program.paths[id.at()].accessor = accessor.with_names(|name| self.string(name));
                self.code.emit(Instruction::Put(id));
            }
        }
    }

    fn transition(&mut self, transition: &Transition, labels: &Labels<'_>) {
        self.code.emit(match transition {
            Transition::Next(name) => Instruction::Exit(target(labels, name)),
            Transition::End => Instruction::End,
        });
    }

    fn pass(&mut self, state: &State, pass: &Pass, labels: &Labels<'_>) {
        match (&pass.result, &pass.parameters) {
            (Some(result), _) => {
                let value = self.constant(result);
                self.code.emit(Instruction::ResultConstant(value));
                self.trace(Stage::Result);
            }
            (None, Some(parameters)) => {
                self.template(parameters, Source::Data);
                self.trace(Stage::AfterParameters);
                self.code.emit(Instruction::Result);
            }
            (None, None) if state.output.is_some() => {}
            (None, None) => {
                self.trace_in_json_path(state, Stage::AfterParameters);
                self.code.emit(Instruction::ResultData);
            }
        }
        self.trace_in_json_path(state, Stage::AfterResultSelector);
        self.assign_values(&state.assign, Source::Result);
        self.output(state.output.as_ref());
        self.data_flow_result(state, &pass.result_path);
        self.output_path(&state.output_path);
        self.assign(&state.assign);
        self.transition(&pass.transition, labels);
    }

    fn task(&mut self, id: StateId, state: &State, task: &Task, labels: &Labels<'_>) {
        if let Some(credentials) = &task.credentials {
            self.template(credentials, Source::Data);
            self.trace(Stage::Credentials);
        }
        match &task.parameters {
            Some(parameters) => self.template(parameters, Source::Data),
            None if state.query_language == QueryLanguage::Jsonata => self.push_states_input("Arguments"),
            None => self.push_data(),
        }
        self.trace(after_parameters(state));
        if is_put_events(&task.resource) {
            // It tells who sends its events.
            self.program.uses_context = true;
        }
        let info = TaskInfo {
            state: id,
            resource: resource(&task.resource),
            timeout: self.limit(task.timeout.as_ref(), NumberField::TimeoutSeconds),
            heartbeat: self.limit(task.heartbeat.as_ref(), NumberField::HeartbeatSeconds),
            credentials: task.credentials.is_some(),
            parameters: self.known_members(task.parameters.as_ref()),
            lists: lists(&task.resource),
            selected: super::usage::selected(state, task),
        };
        let task_id = TaskId(self.program.tasks.len() as u32);
        self.program.tasks.push(info);
        self.code.emit(Instruction::Task(task_id));
        self.after_work(
            state,
            task.result_selector.as_ref(),
            &task.result_path,
            &task.transition,
            labels,
        );
        self.handlers(id, state, (&task.retry, &task.catch), labels);
    }

    fn push_data(&mut self) {
        let whole = crate::path::Path {
            text: "$".into(),
            root: crate::path::Root::Input,
            steps: Vec::new(),
        };
        let id = self.path(&whole, Source::Data, "InputPath");
        self.code.emit(Instruction::Path(id));
    }

    /// What follows the work of a Task, Parallel or Map: Assign sees the raw result (facts 4.7).
    fn after_work(
        &mut self,
        state: &State,
        selector: Option<&Template>,
        result_path: &DataPath,
        transition: &Transition,
        labels: &Labels<'_>,
    ) {
        self.trace(Stage::Result);
        self.scene = Scene::AFTER_WORK;
        self.assign_values(&state.assign, Source::Result);
        self.output(state.output.as_ref());
        if let Some(selector) = selector {
            self.template(selector, Source::Result);
            self.code.emit(Instruction::Result);
        }
        self.trace_in_json_path(state, Stage::AfterResultSelector);
        self.data_flow_result(state, result_path);
        self.output_path(&state.output_path);
        self.assign(&state.assign);
        self.transition(transition, labels);
    }

    /// Compiles `ResultPath`, which JSONata does not have.
    fn data_flow_result(&mut self, state: &State, path: &DataPath) {
        if state.query_language == QueryLanguage::JsonPath {
            self.result_path(path);
            self.trace(Stage::AfterResultPath);
        }
    }

    fn handlers(
        &mut self,
        id: StateId,
        state: &State,
        (retry, catch): (&[model::Retrier], &[Catcher]),
        labels: &Labels<'_>,
    ) {
        let retriers = retry.iter().map(retrier).collect();
        let catchers = catch
            .iter()
            .map(|catcher| self.catcher(state, catcher, labels))
            .collect();
        let state = &mut self.program.states[id.at()];
        state.retriers = retriers;
        state.catchers = catchers;
    }

    fn catcher(&mut self, state: &State, catcher: &Catcher, labels: &Labels<'_>) -> program::Catcher {
        let label = self.code.label();
        self.code.place(label);
        self.scene = Scene::CATCH;
        self.assign_values(&catcher.assign, Source::Result);
        self.output(catcher.output.as_ref());
        self.assign(&catcher.assign);
        self.result_path(&catcher.result_path);
        self.trace_in_json_path(state, Stage::AfterResultPath);
        self.code.emit(Instruction::Exit(target(labels, &catcher.next)));
        program::Catcher {
            errors: texts(&catcher.error_equals),
            target: label,
        }
    }

    fn wait(&mut self, state: &State, wait: &Wait, labels: &Labels<'_>) {
        let until = match &wait.until {
            model::WaitUntil::Seconds(seconds) => WaitUntil::Seconds(*seconds),
            model::WaitUntil::SecondsPath(path) => {
                WaitUntil::SecondsPath(self.path(path, Source::Data, "SecondsPath"))
            }
            model::WaitUntil::Timestamp(text) => {
                WaitUntil::Timestamp(crate::timestamp::parse(text).unwrap_or_default())
            }
            model::WaitUntil::SecondsJsonata(jsonata) => {
                self.push_number(jsonata, NumberField::Seconds);
                WaitUntil::SecondsPopped
            }
            model::WaitUntil::TimestampJsonata(jsonata) => {
                WaitUntil::TimestampPopped(self.push_jsonata(jsonata))
            }
            model::WaitUntil::TimestampPath(path) => {
                WaitUntil::TimestampPath(self.path(path, Source::Data, "TimestampPath"))
            }
        };
        let id = WaitId(self.program.waits.len() as u32);
        self.program.waits.push(until);
        self.code.emit(Instruction::Wait(id));
        self.code.emit(Instruction::ResultData);
        self.assign_values(&state.assign, Source::Data);
        self.output(state.output.as_ref());
        self.output_path(&state.output_path);
        self.assign(&state.assign);
        self.transition(&wait.transition, labels);
    }

    fn fail(&mut self, fail: &Fail) {
        let mut expressions = [None; 2];
        let texts = [(&fail.error, "ErrorPath"), (&fail.cause, "CausePath")];
        for (index, (text, field)) in texts.into_iter().enumerate() {
            match text {
                None => {}
                Some(FailText::Jsonata(jsonata)) => expressions[index] = Some(self.push_jsonata(jsonata)),
                Some(FailText::Literal(text)) => {
                    let value = self.string(text);
                    self.code.emit(Instruction::Constant(value));
                }
                Some(FailText::Expression(expression)) => self.expression(expression, Source::Data, field),
            }
        }
        let id = FailId(self.program.fails.len() as u32);
        let literal = match &fail.error {
            Some(FailText::Literal(text)) => self.string(text),
            _ => ValueRef::NONE,
        };
        self.program.fails.push(FailUse {
            literal,
            error: fail.error.is_some(),
            cause: fail.cause.is_some(),
            expressions,
        });
        self.code.emit(Instruction::Fail(id));
    }

    fn parallel(&mut self, id: StateId, state: &State, parallel: &Parallel, labels: &Labels<'_>) {
        if let Some(parameters) = &parallel.parameters {
            self.template(parameters, Source::Data);
            self.trace(after_parameters(state));
            self.code.emit(Instruction::Data);
        }
        let container = self.container(id);
        self.after_work(
            state,
            parallel.result_selector.as_ref(),
            &parallel.result_path,
            &parallel.transition,
            labels,
        );
        self.handlers(id, state, (&parallel.retry, &parallel.catch), labels);
        let flows = parallel.branches.iter().map(|branch| self.flow(branch)).collect();
        self.program.containers[container.at()].branches = Branches::Parallel(flows);
    }

    fn map(&mut self, id: StateId, state: &State, map: &Map, labels: &Labels<'_>) {
        let items = self.items(state, map);
        let max_concurrency = self.limit(map.max_concurrency.as_ref(), NumberField::MaxConcurrency);
        let tolerated_count = self.limit(
            map.tolerated_failure_count.as_ref(),
            NumberField::ToleratedFailureCount,
        );
        let tolerated_percentage = match &map.tolerated_failure_percentage {
            None => Percentage::None,
            Some(Setting::Literal(value)) => Percentage::Literal(*value),
            Some(Setting::Jsonata(jsonata)) => {
                self.push_number(jsonata, NumberField::ToleratedFailurePercentage);
                Percentage::Popped
            }
            Some(Setting::Path(path)) => {
                Percentage::Path(self.path(path, Source::Data, "ToleratedFailurePercentagePath"))
            }
        };
        let container = self.container(id);
        self.after_work(
            state,
            map.result_selector.as_ref(),
            &map.result_path,
            &map.transition,
            labels,
        );
        self.handlers(id, state, (&map.retry, &map.catch), labels);
        let selector = map.item_selector.as_ref().map(|selector| {
            let label = self.code.label();
            self.code.place(label);
            self.scene = Scene::BEFORE_WORK;
            self.template(selector, Source::Data);
            self.trace(Stage::AfterItemSelector);
            self.code.emit(Instruction::Return);
            label
        });
        let inline = super::inline::template(&map.processor)
            .filter(|_| !self.options.trace)
            .map(|template| {
                let label = self.code.label();
                self.code.place(label);
                self.scene = Scene::INLINE;
                self.template(template, Source::Data);
                self.code.emit(Instruction::Return);
                label
            });
        let flow = self.flow(&map.processor);
        self.program.containers[container.at()].branches = Branches::Map(Box::new(Iteration {
            flow,
            items,
            selector,
            inline,
            max_concurrency,
            tolerated_count,
            tolerated_percentage,
        }));
    }

    /// Compiles where a Map's items are; `Items` is pushed.
    fn items(&mut self, state: &State, map: &Map) -> Items {
        match (&map.items, &map.items_path) {
            (Some(Template::Jsonata(items)), _) => Items::Popped(Some(self.push_jsonata(items))),
            (Some(items), _) => {
                self.template(items, Source::Data);
                Items::Popped(None)
            }
            (None, _) if state.query_language == QueryLanguage::Jsonata => Items::Input,
            (None, DataPath::Path(path)) => Items::Path(self.path(path, Source::Data, "ItemsPath")),
            (None, DataPath::Whole | DataPath::Null) => Items::Data,
        }
    }

    fn container(&mut self, state: StateId) -> ContainerId {
        let id = ContainerId(self.program.containers.len() as u32);
        self.program.containers.push(Container {
            state,
            branches: Branches::Parallel(Vec::new()),
        });
        self.code.emit(Instruction::Container(id));
        id
    }

    /// Compiles a field that takes a number; a computed one is pushed.
    fn limit(&mut self, limit: Option<&Setting<u32>>, field: NumberField) -> Limit {
        match limit {
            None => Limit::None,
            Some(Setting::Literal(value)) => Limit::Literal(*value),
            Some(Setting::Path(path)) => {
                let name = format!("{}Path", field.name());
                Limit::Path(self.path(path, Source::Data, &name))
            }
            Some(Setting::Jsonata(jsonata)) => {
                self.push_number(jsonata, field);
                Limit::Popped
            }
        }
    }
}

/// Returns the stage that a state's `Parameters`, in JSONata `Arguments`, make.
fn after_parameters(state: &State) -> Stage {
    match state.query_language {
        QueryLanguage::JsonPath => Stage::AfterParameters,
        QueryLanguage::Jsonata => Stage::AfterArguments,
    }
}

fn kind(kind: &StateKind) -> StateType {
    match kind {
        StateKind::Pass(_) => StateType::Pass,
        StateKind::Task(_) => StateType::Task,
        StateKind::Choice(_) => StateType::Choice,
        StateKind::Wait(_) => StateType::Wait,
        StateKind::Succeed => StateType::Succeed,
        StateKind::Fail(_) => StateType::Fail,
        StateKind::Parallel(_) => StateType::Parallel,
        StateKind::Map(_) => StateType::Map,
    }
}

fn is_put_events(resource: &model::Resource) -> bool {
    matches!(&resource.kind, model::ResourceKind::Integration { resource_type, resource }
        if resource_type == "events" && resource == "putEvents")
}

fn resource(resource: &model::Resource) -> Resource {
    let integration = match &resource.kind {
        model::ResourceKind::Function => None,
        model::ResourceKind::Integration {
            resource_type,
            resource,
        } => Some((resource_type.as_str().into(), resource.as_str().into())),
    };
    Resource {
        arn: resource.arn.as_str().into(),
        integration,
    }
}

fn lists(resource: &model::Resource) -> Vec<Box<str>> {
    match &resource.kind {
        model::ResourceKind::Function => Vec::new(),
        model::ResourceKind::Integration {
            resource_type,
            resource,
        } => {
            let names = list_parameters(resource_type, resource).iter();
            names.map(|name| (*name).into()).collect()
        }
    }
}

fn retrier(retrier: &model::Retrier) -> program::Retrier {
    program::Retrier {
        errors: texts(&retrier.error_equals),
        interval_seconds: retrier.interval_seconds,
        max_attempts: retrier.max_attempts,
        backoff_rate: retrier.backoff_rate,
        max_delay_seconds: retrier.max_delay_seconds,
        full_jitter: retrier.full_jitter,
    }
}

fn texts(texts: &[String]) -> Vec<Box<str>> {
    texts.iter().map(|text| text.as_str().into()).collect()
}
