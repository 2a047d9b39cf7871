//! Owns: the options of the Pusher protocol. Must not know: what they are used for.

use clap::Args;

/// Limits and intervals of the Pusher protocol, and the first application.
#[derive(Args, Clone)]
#[command(next_help_heading = "Pusher (docs/protocols/pusher.md)")]
pub struct PusherArgs {
    /// Id of the Pusher application of the tenant "default"
    #[arg(long = "app-id", env = "PARLOR_APP_ID", value_name = "ID")]
    pub app_id: Option<String>,

    /// Key of the Pusher application of the tenant "default"; made when not given
    #[arg(long = "app-key", env = "PARLOR_APP_KEY", value_name = "KEY")]
    pub app_key: Option<String>,

    /// Secret of the Pusher application of the tenant "default"; made when not given
    #[arg(long = "app-secret", env = "PARLOR_APP_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub app_secret: Option<String>,

    /// Seconds of silence after which a Pusher client is asked whether it lives
    #[arg(long = "pusher-activity-timeout", env = "PARLOR_PUSHER_ACTIVITY_TIMEOUT", default_value_t = 120,
          value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub activity_timeout: u64,

    /// Seconds that a Pusher client has to answer
    #[arg(long = "pusher-pong-timeout", env = "PARLOR_PUSHER_PONG_TIMEOUT", default_value_t = 30,
          value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub pong_timeout: u64,

    /// Largest frame of a Pusher client in bytes
    #[arg(long = "pusher-frame-limit", env = "PARLOR_PUSHER_FRAME_LIMIT", default_value_t = 32 * 1024,
          value_name = "BYTES")]
    pub frame_limit: usize,

    /// Channels of one Pusher connection
    #[arg(
        long = "pusher-channels",
        env = "PARLOR_PUSHER_CHANNELS",
        default_value_t = 1000,
        value_name = "N"
    )]
    pub channels: usize,

    /// Longest name of a Pusher channel
    #[arg(long = "pusher-name-length", env = "PARLOR_PUSHER_NAME_LENGTH",
          default_value_t = parlor_realtime::protocol::pusher::NAME_LENGTH, value_name = "BYTES")]
    pub name_length: usize,

    /// Events that a Pusher client may send to others in a second
    #[arg(long = "pusher-client-events", env = "PARLOR_PUSHER_CLIENT_EVENTS", default_value_t = 10,
          value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub client_events: u32,

    /// Members of a presence channel
    #[arg(long = "pusher-members", env = "PARLOR_PUSHER_MEMBERS", default_value_t = 100, value_name = "N")]
    pub members: usize,

    /// Largest description of a member of a presence channel in bytes
    #[arg(
        long = "pusher-member-limit",
        env = "PARLOR_PUSHER_MEMBER_LIMIT",
        default_value_t = 2048,
        value_name = "BYTES"
    )]
    pub member_limit: usize,

    /// Largest data of a published Pusher event in bytes
    #[arg(long = "pusher-event-limit", env = "PARLOR_PUSHER_EVENT_LIMIT", default_value_t = 10 * 1024,
          value_name = "BYTES")]
    pub event_limit: usize,

    /// Longest name of a published Pusher event in bytes
    #[arg(
        long = "pusher-event-name-length",
        env = "PARLOR_PUSHER_EVENT_NAME_LENGTH",
        default_value_t = 200,
        value_name = "BYTES"
    )]
    pub event_name_length: usize,

    /// Channels that one published Pusher event goes to
    #[arg(
        long = "pusher-event-channels",
        env = "PARLOR_PUSHER_EVENT_CHANNELS",
        default_value_t = 100,
        value_name = "N"
    )]
    pub event_channels: usize,

    /// Events of one batch that is published over the Pusher HTTP API
    #[arg(long = "pusher-batch", env = "PARLOR_PUSHER_BATCH", default_value_t = 10, value_name = "N")]
    pub batch: usize,

    /// Seconds for which Pusher cache channels keep their last event
    #[arg(long = "pusher-cache", env = "PARLOR_PUSHER_CACHE", default_value_t = 1800, value_name = "SECONDS",
          value_parser = clap::value_parser!(i64).range(1..))]
    pub cache: i64,
}

impl std::fmt::Debug for PusherArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PusherArgs").field("app_key", &self.app_key).finish_non_exhaustive()
    }
}

impl Default for PusherArgs {
    fn default() -> Self {
        Self {
            app_id: None,
            app_key: None,
            app_secret: None,
            activity_timeout: 120,
            pong_timeout: 30,
            frame_limit: 32 * 1024,
            channels: 1000,
            name_length: parlor_realtime::protocol::pusher::NAME_LENGTH,
            client_events: 10,
            members: 100,
            member_limit: 2048,
            event_limit: 10 * 1024,
            event_name_length: 200,
            event_channels: 100,
            batch: 10,
            cache: 1800,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        pusher: PusherArgs,
    }

    #[test]
    fn the_defaults_are_the_declared_ones() {
        let declared = Only::parse_from(["parlor"]).pusher;
        let own = PusherArgs::default();
        let numbers = |args: &PusherArgs| {
            [
                args.frame_limit,
                args.channels,
                args.name_length,
                args.members,
                args.member_limit,
                args.event_limit,
                args.event_name_length,
                args.event_channels,
                args.batch,
            ]
        };
        assert_eq!(numbers(&declared), numbers(&own));
        assert_eq!(
            (declared.activity_timeout, declared.pong_timeout, declared.client_events, declared.cache),
            (own.activity_timeout, own.pong_timeout, own.client_events, own.cache)
        );
    }
}
