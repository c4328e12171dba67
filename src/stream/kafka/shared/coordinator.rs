//! What a group's coordinator refuses, in plain words, and what helps.
//!
//! Must not know who asks or who is told. Invariant: what passes by itself, as while a group changes or a broker
//! starts, is no refusal.

use rdkafka::error::RDKafkaErrorCode as Code;

/// Returns why a coordinator does not take a member, and what helps, if the code is such a refusal.
pub(crate) fn refusal(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::InconsistentGroupProtocol => {
            "the group has members that assign partitions in another way (an eager assignor such as range, the \
             default of Java's and librdkafka's consumers, does not work with cooperative-sticky), or is not \
             a consumer group: stop those members, or use another `group`"
        }
        Code::InvalidSessionTimeout => {
            "session.timeout.ms is shorter or longer than the brokers allow: set it between their \
             group.min.session.timeout.ms and group.max.session.timeout.ms"
        }
        Code::GroupMaxSizeReached => {
            "the group has as many members as the brokers allow (group.max.size): stop some of its processes, or \
             raise that"
        }
        Code::GroupAuthorizationFailed => {
            "this client may not read as a member of the group: allow it (ACL: Read on the group), or use \
             another \
             `group`"
        }
        Code::InvalidGroupId => "the brokers do not accept the group's name: use another `group`",
        Code::UnsupportedAssignor => {
            "the brokers do not have the requested assignor: set group.remote.assignor to one of their \
             group.consumer.assignors"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_no_refusal() {
        for code in [
            Code::RebalanceInProgress,
            Code::CoordinatorLoadInProgress,
            Code::CoordinatorNotAvailable,
            Code::NotCoordinator,
            Code::UnknownMemberId,
            Code::IllegalGeneration,
            Code::BrokerTransportFailure,
            Code::TopicAuthorizationFailed,
        ] {
            assert_eq!(refusal(code), None, "{code}");
        }
    }

    #[test]
    fn each_refusal_says_what_helps() {
        for (code, help) in [
            (Code::InconsistentGroupProtocol, "use another `group`"),
            (Code::InvalidSessionTimeout, "session.timeout.ms"),
            (Code::GroupMaxSizeReached, "group.max.size"),
            (Code::GroupAuthorizationFailed, "ACL: Read"),
            (Code::InvalidGroupId, "use another `group`"),
            (Code::UnsupportedAssignor, "group.remote.assignor"),
        ] {
            assert!(refusal(code).is_some_and(|text| text.contains(help)), "{code}");
        }
    }
}
