//! How Kafka is reached where its brokers are those of Amazon MSK with IAM: with what signs tokens.
//!
//! Must not know clients of Kafka.

use crate::stream::kafka;
use crate::task::{self, Home};

/// Returns `[kafka]` with what signs tokens, if its brokers take those of AWS; waits a little for the first credentials.
///
/// # Errors
/// What of `[aws]` and the environment cannot be used.
pub(crate) fn with_tokens(
    mut kafka: kafka::Config,
    aws: &task::aws::Settings,
    home: &Home,
) -> Result<kafka::Config, String> {
    if kafka.wants_tokens() {
        let tokens = task::aws::msk_tokens(aws, home, &kafka.brokers);
        kafka.tokens = Some(tokens.map_err(|problem| format!("AWS_MSK_IAM: {problem}"))?);
    }
    Ok(kafka)
}
