//! Task states: the resource, what it needs, and the role (facts 1.3, 4.3, 8.1).

use crate::asl::arn::{self, Integration, Pattern, Resource};
use crate::asl::model::QueryLanguage;
use crate::asl::place::Place;
use crate::asl::suggest;
use crate::asl::syntax::Node;
use crate::asl::syntax::substitute;
use crate::services::Operation;

use super::jsonata::Outcome;
use super::object::{Language, heading};
use super::{Checker, Spot};

impl Checker<'_> {
    /// Checks what a Task calls.
    pub(super) fn task(&mut self, state: &Node, place: &Place<'_>, language: Language) {
        let resource = state.get("Resource");
        let kind = resource.and_then(|resource| self.resource(resource, &place.key("Resource")));
        if let (Some(Resource::Integration(integration)), Some(resource)) = (kind.as_ref(), resource) {
            self.parameters(state, place, resource, integration, language);
        }
        let is_activity = kind == Some(Resource::Activity);
        self.credentials(state, place, is_activity, language);
    }

    fn resource<'n>(&mut self, node: &'n Node, place: &Place<'_>) -> Option<Resource<'n>> {
        let spot = Spot::at(place, &node.span);
        let text = node.as_text().unwrap_or_default();
        if substitute::has_placeholder(text) {
            return None; // Reported as a substitution without a value.
        }
        let Some(resource) = arn::parse(text) else {
            self.schema(spot, "Value is not a valid resource ARN");
            return None;
        };
        match &resource {
            Resource::Unrecognized => self.unrecognized(spot, text, None),
            Resource::Integration(integration) if !self.is_offered(*integration) => {
                let help = self.wants_suggestions().then(|| self.meant(*integration));
                self.unrecognized(spot, text, help.flatten());
            }
            Resource::Activity if self.is_express() => {
                self.schema(spot, "Express state machine does not support Activity ARN");
            }
            Resource::Integration(integration) if self.is_express() => {
                self.express_pattern(spot, *integration)
            }
            _ => {}
        }
        Some(resource)
    }

    fn unrecognized(&mut self, spot: Spot, text: &str, help: Option<String>) {
        let message = format!(
            "The resource provided {text} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
        );
        self.schema(spot, message).help = help;
    }

    /// Says whether AWS has what an `aws-sdk` integration names; what others name, their grammar knows.
    fn is_offered(&self, integration: Integration<'_>) -> bool {
        let service = integration.service.strip_prefix("aws-sdk:");
        service.is_none_or(|service| self.services.knows(service, integration.action))
    }

    /// Says which service or action was probably meant.
    fn meant(&self, integration: Integration<'_>) -> Option<String> {
        let name = integration.service.strip_prefix("aws-sdk:")?;
        match self.services.service(name) {
            Ok(Some(service)) => {
                let actions = service.operations().iter().map(Operation::action);
                suggest::did_you_mean(integration.action, actions)
            }
            _ => suggest::did_you_mean(name, self.services.names()),
        }
    }

    /// Express workflows wait neither for a job nor for a token. The blank at the end is AWS's.
    fn express_pattern(&mut self, spot: Spot, integration: Integration<'_>) {
        let message = match integration.pattern {
            Pattern::RequestResponse => return,
            Pattern::Sync => "Express state machine does not support '.sync' service integration",
            Pattern::WaitForTaskToken => {
                "Express state machine does not support '.waitForTaskToken' service integration "
            }
        };
        self.schema(spot, message);
    }

    /// An integration needs parameters, and some of their members.
    fn parameters(
        &mut self,
        state: &Node,
        place: &Place<'_>,
        resource: &Node,
        integration: &Integration<'_>,
        language: Language,
    ) {
        let Some(language) = language else { return };
        let field = match language {
            QueryLanguage::JsonPath => "Parameters",
            QueryLanguage::Jsonata => "Arguments",
        };
        let Some(parameters) = state.get(field) else {
            let arn = resource.as_text().unwrap_or_default();
            let message = format!("{field} field is required for resource ARN: {arn}");
            self.schema(Spot::at(&place.key("Resource"), &resource.span), message);
            return;
        };
        if parameters.as_object().is_none() {
            return;
        }
        for name in integration.required_parameters() {
            self.required_member(parameters, &place.key(field), name);
        }
    }

    fn required_member(&mut self, object: &Node, place: &Place<'_>, name: &str) {
        if object.member(name).is_none() && object.member(&format!("{name}.$")).is_none() {
            let message = format!("The field '{name}' is required but was missing");
            self.schema(Spot::at(place, &heading(self.text, object)), message);
        }
    }

    fn credentials(&mut self, state: &Node, place: &Place<'_>, is_activity: bool, language: Language) {
        let Some(credentials) = state.get("Credentials") else {
            return;
        };
        let place = place.key("Credentials");
        if is_activity {
            let message = "The field 'Credentials' is not supported for activities";
            self.schema(Spot::at(&place, &heading(self.text, credentials)), message);
        }
        if credentials.as_object().is_none() {
            self.schema(
                Spot::at(&place, &credentials.span),
                "Expected value of type Object",
            );
            return;
        }
        self.outcome = Outcome::default();
        self.template(credentials, &place, language);
        self.required_member(credentials, &place, "RoleArn");
    }
}
