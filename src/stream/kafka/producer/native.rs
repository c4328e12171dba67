//! librdkafka's producer, called directly: rdkafka's own looks the topic up by name and makes an event of
//! each report.
//!
//! Owns the client and its topics' objects. Must not know shards' work. Invariant: what became of a message is told
//! only by [`Producer::report`], to the owner of the producer.
#![allow(unsafe_code)] // Calls into librdkafka; each block says why it is sound.

use super::flusher::Flusher;
use crate::stream::kafka::Error;
use crate::stream::kafka::shared::client::{log, note_error};
use crate::stream::kafka::shared::health::Health;
use crate::stream::kafka::shared::iam::Tokens;
use crate::stream::kafka::shared::native_event::Event;
use crate::stream::kafka::shared::native_token;
use crate::stream::{Headers as _, Message, Returned, Ticket, TopicId, Wake};
use rdkafka::ClientConfig;
use rdkafka::bindings as rd;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::types::RDKafkaErrorCode;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

// A ticket travels in librdkafka's pointer for the application.
const _: () = assert!(usize::BITS >= 64, "tickets need 64-bit pointers");

/// `RD_KAFKA_PARTITION_UA`: the partitioner decides.
const UNASSIGNED: i32 = -1;

/// A report: what became of a message; one that was not delivered comes back.
pub(super) type Report = (Ticket, Option<Box<(RDKafkaErrorCode, Returned)>>);

/// A producer and the topics it writes to.
pub(super) struct Producer {
    client: *mut rd::rd_kafka_t,
    main: *mut rd::rd_kafka_queue_t,
    /// The topics' objects, null where there is none; a message has its own.
    topics: Vec<*mut rd::rd_kafka_topic_t>,
    /// The reports that are being read.
    reports: Option<Reports>,
    /// Gone before the client, which it uses.
    flusher: Option<Flusher>,
    // librdkafka has its address.
    _wake: Box<Wake>,
    health: Arc<Health>,
    /// Whether it has said that it is of no more use.
    has_failed: bool,
    name: String,
    /// Where the cluster is found.
    brokers: CString,
    /// Where tokens come from, if the brokers want those of AWS.
    tokens: Option<Tokens>,
}

// SAFETY: librdkafka's clients, queues and events may be used from any thread; the rest is `Send`.
unsafe impl Send for Producer {}

impl Producer {
    /// Creates a producer whose reports wake a shard. With `linger` messages wait for others at most that long
    /// while there are few, see [`Flusher`]; the configuration's `linger.ms` is for when there are many.
    ///
    /// # Errors
    /// librdkafka's, and when there can be no thread.
    pub(super) fn new(
        config: &ClientConfig,
        linger: Option<Duration>,
        tokens: Option<Tokens>,
        wake: Wake,
        health: Arc<Health>,
    ) -> Result<Producer, Error> {
        let failed = |text: String| Error::Client(text);
        let native = config
            .create_native_config()
            .map_err(|error| failed(error.to_string()))?;
        let name = config.get("client.id").unwrap_or_default().to_owned();
        let brokers = config.get("bootstrap.servers").unwrap_or_default();
        let brokers = CString::new(brokers).unwrap_or_default();
        let wake = Box::new(wake);
        let mut text: [c_char; 512] = [0; 512];
        // SAFETY: the configuration is whole; librdkafka takes it over if it returns a client, and not
        // otherwise. `wake` outlives the callback's registration, see `drop`. The text has the length told.
        let (client, main) = unsafe {
            let conf = native.ptr();
            let events = rd::RD_KAFKA_EVENT_DR | rd::RD_KAFKA_EVENT_ERROR;
            let of_tokens = rd::RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH;
            rd::rd_kafka_conf_set_events(
                conf,
                if tokens.is_some() {
                    events | of_tokens
                } else {
                    events
                },
            );
            rd::rd_kafka_conf_set_log_cb(conf, Some(log_line));
            let producer = rd::rd_kafka_type_t::RD_KAFKA_PRODUCER;
            let client = rd::rd_kafka_new(producer, conf, text.as_mut_ptr(), text.len());
            if client.is_null() {
                return Err(failed(
                    CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned(),
                ));
            }
            let _taken_over = ManuallyDrop::new(native);
            let main = rd::rd_kafka_queue_get_main(client);
            let opaque = ptr::from_ref(&*wake).cast_mut().cast();
            rd::rd_kafka_queue_cb_event_enable(main, Some(wake_shard), opaque);
            (client, main)
        };
        let mut producer = Producer {
            client,
            main,
            topics: Vec::new(),
            reports: None,
            flusher: None,
            _wake: wake,
            health,
            has_failed: false,
            name,
            brokers,
            tokens,
        };
        producer.refresh_token();
        if let Some(linger) = linger {
            let flush = Flush(client);
            let flusher = Flusher::start(move |time| flush.run(time), linger);
            producer.flusher = Some(flusher.map_err(|error| failed(error.to_string()))?);
        }
        Ok(producer)
    }

    /// Opens a topic, which is known by its place from now on.
    pub(super) fn open_topic(&mut self, place: usize, name: &str) {
        let name = CString::new(name).unwrap_or_default();
        self.close_topic(place);
        if place >= self.topics.len() {
            self.topics.resize(place + 1, ptr::null_mut());
        }
        // SAFETY: the client is alive; no configuration means the client's.
        self.topics[place] = unsafe { rd::rd_kafka_topic_new(self.client, name.as_ptr(), ptr::null_mut()) };
    }

    /// Closes a topic to which nothing is on its way.
    pub(super) fn close_topic(&mut self, place: usize) {
        let topic = self
            .topics
            .get_mut(place)
            .map(|topic| std::mem::replace(topic, ptr::null_mut()));
        if let Some(topic) = topic.filter(|topic| !topic.is_null()) {
            // SAFETY: our one reference, given back once; the client is alive.
            unsafe { rd::rd_kafka_topic_destroy(topic) };
        }
    }

    /// Hands a message over; librdkafka copies it.
    ///
    /// # Errors
    /// When it is not taken; there will be no report then.
    pub(super) fn send(&self, message: &Message<'_>, ticket: Ticket) -> Result<(), RDKafkaErrorCode> {
        use rd::rd_kafka_vtype_t as Kind;
        let topic = self.topics.get(message.topic.0 as usize).copied();
        let topic = topic.unwrap_or(ptr::null_mut());
        if topic.is_null() {
            return Err(RDKafkaErrorCode::UnknownTopic);
        }
        let headers = headers(message.headers);
        let partition = message.partition.unwrap_or(UNASSIGNED);
        let copy = c_int::try_from(rd::RD_KAFKA_MSG_F_COPY).unwrap_or_default();
        let opaque = ptr::without_provenance_mut(ticket.0 as usize);
        let arguments = [
            argument(Kind::RD_KAFKA_VTYPE_RKT, Union { rkt: topic }),
            argument(Kind::RD_KAFKA_VTYPE_PARTITION, Union { i32_: partition }),
            argument(
                Kind::RD_KAFKA_VTYPE_VALUE,
                Union {
                    mem: memory(message.value),
                },
            ),
            argument(
                Kind::RD_KAFKA_VTYPE_KEY,
                Union {
                    mem: memory(message.key),
                },
            ),
            argument(Kind::RD_KAFKA_VTYPE_MSGFLAGS, Union { i: copy }),
            argument(Kind::RD_KAFKA_VTYPE_OPAQUE, Union { ptr: opaque }),
            argument(Kind::RD_KAFKA_VTYPE_HEADERS, Union { headers }),
        ];
        let count = arguments.len() - usize::from(headers.is_null());
        // SAFETY: client and topic are alive; each argument has the member that its kind reads; what it points
        // to lives during the call, which copies. Headers are librdkafka's if it succeeds, ours otherwise.
        unsafe {
            let failure = rd::rd_kafka_produceva(self.client, arguments.as_ptr(), count);
            if failure.is_null() {
                return Ok(());
            }
            if !headers.is_null() {
                rd::rd_kafka_headers_destroy(headers);
            }
            let code = rd::rd_kafka_error_code(failure);
            rd::rd_kafka_error_destroy(failure);
            Err(code.into())
        }
    }

    /// Says that so many messages were handed over since the last call, and that there may be no more for now.
    pub(super) fn push(&self, sent: usize) {
        if let Some(flusher) = &self.flusher {
            flusher.push(sent);
        }
    }

    /// Returns the next report, without waiting.
    pub(super) fn report(&mut self) -> Option<Report> {
        loop {
            if let Some(message) = self.reports.as_ref().and_then(Reports::next) {
                return Some(self.read(message));
            }
            self.reports = None;
            // SAFETY: the queue is alive; the event is ours.
            let event = unsafe { rd::rd_kafka_queue_poll(self.main, 0) };
            if event.is_null() {
                return None;
            }
            let reports = Reports(event);
            // SAFETY: the event is alive.
            match unsafe { rd::rd_kafka_event_type(event) } {
                rd::RD_KAFKA_EVENT_DR => self.reports = Some(reports),
                rd::RD_KAFKA_EVENT_ERROR => self.note_error(&reports),
                rd::RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH => self.refresh_token(),
                _ => {}
            }
        }
    }

    fn read(&self, message: &rd::rd_kafka_message_t) -> Report {
        let failure = match message.err {
            rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => None,
            code => Some(Box::new((code.into(), self.returned(message)))),
        };
        (Ticket(message._private.addr() as u64), failure)
    }

    /// Copies a message that was not delivered.
    #[cold]
    fn returned(&self, message: &rd::rd_kafka_message_t) -> Returned {
        let topic = self.topics.iter().position(|topic| *topic == message.rkt);
        // SAFETY: `Event` is a message in disguise; what it hands out is copied before the message goes.
        let event: &Event = unsafe { &*ptr::from_ref(message).cast() };
        let mut headers = Vec::new();
        event.each(&mut |name, value| headers.push((name, value)));
        Returned::copy(&Message {
            topic: TopicId(topic.map_or(u32::MAX, |at| at as u32)),
            partition: (message.partition != UNASSIGNED).then_some(message.partition),
            key: event.key(),
            value: event.value(),
            headers: &headers,
        })
    }

    /// Gives the client its next token, where the brokers want those of AWS.
    #[cold]
    fn refresh_token(&self) {
        if let Some(tokens) = &self.tokens {
            // SAFETY: the client is alive.
            unsafe { native_token::refresh_native(self.client, tokens) };
        }
    }

    #[cold]
    fn note_error(&mut self, event: &Reports) {
        // SAFETY: the event is an error's, and its text lives as long.
        let (code, is_fatal, reason) = unsafe {
            let reason = rd::rd_kafka_event_error_string(event.0);
            let is_fatal = rd::rd_kafka_event_error_is_fatal(event.0) != 0;
            (
                rd::rd_kafka_event_error(event.0),
                is_fatal,
                CStr::from_ptr(reason),
            )
        };
        self.has_failed |= is_fatal;
        let code = if is_fatal {
            RDKafkaErrorCode::Fatal
        } else {
            code.into()
        };
        note_error(&self.health, &self.name, code, &reason.to_string_lossy());
        if code == RDKafkaErrorCode::AllBrokersDown {
            self.remind();
        }
    }

    /// Reminds the client where the cluster is, which it may have forgotten: see `native::add_brokers`. Its word for
    /// that does not always come.
    pub(super) fn remind(&self) {
        // SAFETY: the client is alive; the text ends with NUL and is copied.
        unsafe { rd::rd_kafka_brokers_add(self.client, self.brokers.as_ptr()) };
    }

    /// Says whether it has reported an error after which it sends nothing more.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Lets it fail so.
    #[cfg(test)]
    pub(super) fn fail(&self) {
        let code = rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
        // SAFETY: the client is alive, and copies the text.
        unsafe { rd::rd_kafka_test_fatal_error(self.client, code, c"a test".as_ptr()) };
    }

    /// Returns how many messages and reports are not dealt with.
    pub(super) fn pending(&self) -> usize {
        // SAFETY: the client is alive.
        usize::try_from(unsafe { rd::rd_kafka_outq_len(self.client) }).unwrap_or(0)
    }

    /// Fails all messages: there will be a report for each.
    pub(super) fn purge(&self) {
        let all = rd::RD_KAFKA_PURGE_F_QUEUE | rd::RD_KAFKA_PURGE_F_INFLIGHT;
        // SAFETY: the client is alive.
        unsafe { rd::rd_kafka_purge(self.client, c_int::try_from(all).unwrap_or_default()) };
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        // Both use the client.
        self.flusher = None;
        self.reports = None;
        // SAFETY: everything is given back once, the client last; with the callback gone nobody has the
        // address of `_wake`. Messages that are still queued are not waited for.
        unsafe {
            rd::rd_kafka_queue_cb_event_enable(self.main, None, ptr::null_mut());
            rd::rd_kafka_queue_destroy(self.main);
            for topic in self.topics.drain(..).filter(|topic| !topic.is_null()) {
                rd::rd_kafka_topic_destroy(topic);
            }
            rd::rd_kafka_destroy(self.client);
        }
    }
}

/// An event of librdkafka's: the messages it reports on go with it.
struct Reports(*mut rd::rd_kafka_event_t);

impl Reports {
    /// Returns the next message that is reported on.
    fn next(&self) -> Option<&rd::rd_kafka_message_t> {
        // SAFETY: the event is alive and owns the messages that it hands out, each once.
        unsafe { rd::rd_kafka_event_message_next(self.0).as_ref() }
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        // SAFETY: it is ours, given back once, while the client is alive.
        unsafe { rd::rd_kafka_event_destroy(self.0) };
    }
}

/// Makes a producer send what is queued. Must not outlive the producer.
struct Flush(*mut rd::rd_kafka_t);

// SAFETY: librdkafka's clients may be used from any thread.
unsafe impl Send for Flush {}

impl Flush {
    /// Sends what is queued, and all that comes meanwhile, until it is all answered or the time is over.
    fn run(&self, time: Duration) {
        let time = c_int::try_from(time.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the client is alive. Reports are events, so that this serves no callback; it only waits.
        unsafe { rd::rd_kafka_flush(self.0, time) };
    }
}

type Union = rd::rd_kafka_vu_s__bindgen_ty_1;

fn argument(vtype: rd::rd_kafka_vtype_t, u: Union) -> rd::rd_kafka_vu_t {
    rd::rd_kafka_vu_t { vtype, u }
}

fn memory(bytes: Option<&[u8]>) -> rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
    let ptr = bytes.map_or(ptr::null_mut(), |bytes| bytes.as_ptr().cast_mut().cast());
    rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
        ptr,
        size: bytes.map_or(0, <[u8]>::len),
    }
}

/// Returns librdkafka's form of headers, null for none.
fn headers(headers: &[(&str, Option<&[u8]>)]) -> *mut rd::rd_kafka_headers_t {
    if headers.is_empty() {
        return ptr::null_mut();
    }
    // SAFETY: names and values live during the calls, which copy them.
    unsafe {
        let list = rd::rd_kafka_headers_new(headers.len());
        for (name, value) in headers {
            let (at, size) = match value {
                Some(value) => (value.as_ptr().cast(), value.len().cast_signed()),
                None => (ptr::null(), 0),
            };
            rd::rd_kafka_header_add(list, name.as_ptr().cast(), name.len().cast_signed(), at, size);
        }
        list
    }
}

unsafe extern "C" fn log_line(
    client: *const rd::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    text: *const c_char,
) {
    // SAFETY: texts that live during the call; while the client is made there may be none.
    let (name, facility, text) = unsafe {
        let text_of = |text: *const c_char| match text.is_null() {
            true => String::new(),
            false => CStr::from_ptr(text).to_string_lossy().into_owned(),
        };
        let name = if client.is_null() {
            ptr::null()
        } else {
            rd::rd_kafka_name(client)
        };
        (text_of(name), text_of(facility), text_of(text))
    };
    let level = match level {
        ..=3 => RDKafkaLogLevel::Error,
        4 => RDKafkaLogLevel::Warning,
        5..=6 => RDKafkaLogLevel::Info,
        _ => RDKafkaLogLevel::Debug,
    };
    log(level, &name, &facility, &text);
}

unsafe extern "C" fn wake_shard(_: *mut rd::rd_kafka_t, wake: *mut c_void) {
    // SAFETY: it is the address of the producer's boxed `Wake`, which outlives the callback's registration.
    let wake: &Wake = unsafe { &*wake.cast_const().cast() };
    wake.wake();
}
