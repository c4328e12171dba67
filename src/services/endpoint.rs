//! Where a service is reached, by region.
//!
//! Owns the usual form of host names, the partitions, and each service's exceptions from it, which the models'
//! generator found by evaluating AWS's own rules for every region. Must not know configuration: endpoints that a user
//! names are the caller's. Nothing is looked up here.

/// A partition of AWS: regions that share an account system and a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name in ARNs.
    pub id: &'static str,
    /// How its regions begin.
    regions: &'static str,
    suffix: &'static str,
    dual_stack_suffix: &'static str,
}

/// The last one has every region that no other has.
const PARTITIONS: [Partition; 8] = [
    partition(
        "aws-cn",
        "cn-",
        "amazonaws.com.cn",
        "api.amazonwebservices.com.cn",
    ),
    partition("aws-us-gov", "us-gov-", "amazonaws.com", "api.aws"),
    partition("aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    partition("aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    partition(
        "aws-iso-e",
        "eu-isoe-",
        "cloud.adc-e.uk",
        "api.cloud-aws.adc-e.uk",
    ),
    partition("aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    partition("aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    partition("aws", "", "amazonaws.com", "api.aws"),
];

const fn partition(
    id: &'static str,
    regions: &'static str,
    suffix: &'static str,
    dual_stack_suffix: &'static str,
) -> Partition {
    Partition {
        id,
        regions,
        suffix,
        dual_stack_suffix,
    }
}

impl Partition {
    /// Returns the partition of a region; `aws` for regions that are not known yet.
    pub fn of(region: &str) -> &'static Partition {
        let found = PARTITIONS
            .iter()
            .find(|partition| region.starts_with(partition.regions));
        found.unwrap_or(&PARTITIONS[PARTITIONS.len() - 1])
    }
}

/// What kind of endpoint is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// One with validated cryptography.
    pub is_fips: bool,
    /// One that also has an IPv6 address.
    pub is_dual_stack: bool,
}

impl Variant {
    fn index(self) -> usize {
        usize::from(self.is_fips) + 2 * usize::from(self.is_dual_stack)
    }
}

/// Where a request goes, and how it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Scheme and host, in some services with a path.
    pub url: String,
    /// The region in the signature.
    pub signing_region: String,
    /// The service in the signature.
    pub signing_name: String,
}

/// What differs from the usual form in one service.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    exceptions: Vec<Exception>,
}

#[derive(Debug)]
struct Exception {
    partition: Box<str>,
    /// `None`: all regions of the partition that have no exception of their own.
    region: Option<Box<str>>,
    variant: usize,
    /// `None`: there is no such endpoint.
    template: Option<Template>,
}

/// What differs; absent parts are as usual.
#[derive(Debug, Default)]
pub(super) struct Template {
    pub(super) url: Option<Box<str>>,
    pub(super) region: Option<Box<str>>,
    pub(super) name: Option<Box<str>>,
}

impl Endpoints {
    pub(super) fn add(
        &mut self,
        partition: &str,
        region: Option<&str>,
        variant: usize,
        template: Option<Template>,
    ) {
        self.exceptions.push(Exception {
            partition: partition.into(),
            region: region.map(Into::into),
            variant,
            template,
        });
    }

    /// A service with one host for all regions, as older models say it.
    pub(super) fn set_global(&mut self, host: &str) {
        let template = Template {
            url: Some(host.into()),
            region: Some("us-east-1".into()),
            name: None,
        };
        self.add("aws", None, 0, Some(template));
    }

    fn exception(&self, partition: &Partition, region: &str, variant: usize) -> Option<&Exception> {
        let of = |wanted: Option<&str>| {
            self.exceptions.iter().find(move |exception| {
                &*exception.partition == partition.id
                    && exception.variant == variant
                    && exception.region.as_deref() == wanted
            })
        };
        of(Some(region)).or_else(|| of(None))
    }

    /// Returns the endpoint of a region; `None` when the service has none of that variant.
    pub(super) fn resolve(
        &self,
        prefix: &str,
        signing_name: &str,
        region: &str,
        variant: Variant,
    ) -> Option<Endpoint> {
        let partition = Partition::of(region);
        let usual = Template::default();
        let template = match self.exception(partition, region, variant.index()) {
            Some(exception) => exception.template.as_ref()?,
            None => &usual,
        };
        let host = match &template.url {
            Some(url) => url
                .replace("{region}", region)
                .replace("{dnsS}", partition.suffix)
                .replace("{dual}", partition.dual_stack_suffix),
            None => usual_host(prefix, region, partition, variant),
        };
        let url = match host.starts_with("http://") {
            true => host,
            false => format!("https://{host}"),
        };
        Some(Endpoint {
            url,
            signing_region: template.region.as_deref().unwrap_or(region).to_owned(),
            signing_name: template.name.as_deref().unwrap_or(signing_name).to_owned(),
        })
    }
}

fn usual_host(prefix: &str, region: &str, partition: &Partition, variant: Variant) -> String {
    let fips = if variant.is_fips { "-fips" } else { "" };
    let suffix = match variant.is_dual_stack {
        true => partition.dual_stack_suffix,
        false => partition.suffix,
    };
    format!("{prefix}{fips}.{region}.{suffix}")
}
