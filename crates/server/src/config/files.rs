//! Owns: the options of stored files: a folder, or a bucket of S3, by our names and by those that other systems use.
//! Must not know: what is stored.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Hidden, values};

/// Where files are.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Files (docs/operate/files.md)")]
pub struct FilesArgs {
    /// Folder of attached files, private to this program; `files` in the data folder when not given. With S3 only what is
    /// on its way in passes through it
    #[arg(long, env = "PARLOR_FILES", value_name = "DIR")]
    pub files: Option<PathBuf>,

    /// Server of S3 for attached files, such as `https://s3.eu-central-1.amazonaws.com`; files are in a folder when not given
    #[arg(long, env = "S3_ENDPOINT", value_name = "URL", value_parser = values::public_address)]
    pub s3_endpoint: Option<String>,

    /// The same as browsers reach it, where that is another address
    #[arg(long, env = "S3_PUBLIC_ENDPOINT", value_name = "URL", value_parser = values::public_address)]
    pub s3_public_endpoint: Option<String>,

    /// Bucket
    #[arg(long, env = "S3_BUCKET", value_name = "NAME")]
    pub s3_bucket: Option<String>,

    /// Region
    #[arg(long, env = "S3_REGION", default_value = "us-east-1", value_name = "NAME")]
    pub s3_region: String,

    /// Id of the access key
    #[arg(long, env = "S3_ACCESS_KEY_ID", value_name = "ID")]
    pub s3_access_key_id: Option<String>,

    /// Secret of the access key
    #[arg(long, env = "S3_SECRET_ACCESS_KEY", value_name = "SECRET", hide_env_values = true)]
    pub s3_secret_access_key: Option<Hidden>,

    /// What the keys of all files begin with, such as `parlor/`
    #[arg(long, env = "S3_PREFIX", default_value = "", value_name = "TEXT", value_parser = prefix)]
    pub s3_prefix: String,

    /// Name the bucket in the host instead of the path
    #[arg(long, env = "S3_VIRTUAL_HOSTS", value_parser = values::switch)]
    pub s3_virtual_hosts: bool,

    /// Whether browsers put files into the bucket by themselves; off where they do not reach it, or the bucket does not allow
    /// pages of this origin (CORS)
    #[arg(long, env = "S3_DIRECT_UPLOADS", default_value = "on", action = clap::ArgAction::Set, num_args = 0..=1,
          default_missing_value = "on", value_name = "on|off", value_parser = values::switch)]
    pub s3_direct_uploads: bool,

    /// Daemon of ClamAV that looks at files before anybody gets them: `tcp://127.0.0.1:3310` or `unix:/run/clamav/clamd.ctl`
    #[arg(long, env = "PARLOR_CLAMD", value_name = "ADDR", value_parser = clamd)]
    pub clamd: Option<ClamdSetting>,

    /// Take files, too, that the daemon could not look at, because it is away or they are larger than its limits
    #[arg(long, env = "PARLOR_CLAMD_OPTIONAL", value_parser = values::switch)]
    pub clamd_optional: bool,

    /// The same options as systems name them that Parlor replaces
    #[command(flatten)]
    pub minio: MinioArgs,
}

/// Names that a deployment may have from before. Our own names come first.
#[derive(Args, Clone, Debug)]
pub struct MinioArgs {
    /// For S3_ENDPOINT; may be without a scheme
    #[arg(long, env = "MINIO_ENDPOINT", hide = true)]
    pub minio_endpoint: Option<String>,

    /// For S3_ACCESS_KEY_ID
    #[arg(long, env = "MINIO_ACCESS_KEY", hide = true)]
    pub minio_access_key: Option<String>,

    /// For S3_SECRET_ACCESS_KEY
    #[arg(long, env = "MINIO_SECRET_KEY", hide = true, hide_env_values = true)]
    pub minio_secret_key: Option<Hidden>,

    /// For S3_BUCKET
    #[arg(long, env = "MINIO_BUCKET_ATTACHMENTS", hide = true)]
    pub minio_bucket_attachments: Option<String>,
}

/// A bucket, and how it is reached.
#[derive(Clone, Debug)]
pub struct S3Options {
    /// Its server.
    pub endpoint: String,
    /// As browsers reach it, where that is another address.
    pub public_endpoint: Option<String>,
    /// Its name.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// Id of the access key.
    pub key: String,
    /// Its secret.
    pub secret: Hidden,
    /// What all keys begin with.
    pub prefix: String,
    /// The bucket is named in the host.
    pub virtual_hosts: bool,
    /// Browsers put files into it by themselves.
    pub direct: bool,
}

impl FilesArgs {
    /// The folder that was named.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.files.as_deref().filter(|folder| !folder.as_os_str().is_empty())
    }

    /// The daemon that looks at files.
    #[must_use]
    pub fn clamd(&self) -> Option<&ClamdAddress> {
        self.clamd.as_ref().and_then(|ClamdSetting(address)| address.as_ref())
    }

    /// The bucket that was named; `None` without a server of S3.
    ///
    /// # Errors
    /// Which of its options is missing or cannot be used.
    pub fn s3(&self) -> Result<Option<S3Options>, String> {
        let minio = &self.minio;
        let own = filled(self.s3_endpoint.as_deref()).map(|url| Ok(url.to_owned()));
        let endpoint = own.or_else(|| filled(minio.minio_endpoint.as_deref()).map(with_scheme));
        let names = [
            &self.s3_bucket,
            &self.s3_access_key_id,
            &minio.minio_bucket_attachments,
            &minio.minio_access_key,
        ];
        let Some(endpoint) = endpoint.transpose()? else {
            return match names.into_iter().any(|name| filled(name.as_deref()).is_some()) {
                true => Err("S3_ENDPOINT is missing: a bucket or its key is named".to_owned()),
                false => Ok(None),
            };
        };
        let given = |ours: Option<&str>, theirs: Option<&str>, name: &str| {
            let value = filled(ours).or(filled(theirs)).map(str::to_owned);
            value.ok_or_else(|| format!("{name} is missing: a server of S3 is named, {endpoint}"))
        };
        Ok(Some(S3Options {
            bucket: given(self.s3_bucket.as_deref(), minio.minio_bucket_attachments.as_deref(), "S3_BUCKET")?,
            key: given(
                self.s3_access_key_id.as_deref(),
                minio.minio_access_key.as_deref(),
                "S3_ACCESS_KEY_ID",
            )?,
            secret: given(
                self.s3_secret_access_key.as_ref().map(Hidden::reveal),
                minio.minio_secret_key.as_ref().map(Hidden::reveal),
                "S3_SECRET_ACCESS_KEY",
            )?
            .into(),
            public_endpoint: filled(self.s3_public_endpoint.as_deref()).map(str::to_owned),
            region: self.s3_region.clone(),
            prefix: self.s3_prefix.clone(),
            virtual_hosts: self.s3_virtual_hosts,
            direct: self.s3_direct_uploads,
            endpoint,
        }))
    }
}

/// Where the daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClamdAddress {
    /// A host and a port.
    Tcp(String),
    /// A socket of this machine.
    Unix(PathBuf),
}

impl std::str::FromStr for ClamdAddress {
    type Err = String;

    /// `tcp://127.0.0.1:3310` or `unix:/run/clamav/clamd.ctl`.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
            return Ok(Self::Unix(path.into()));
        }
        let address = text.strip_prefix("tcp://").and_then(|address| address.rsplit_once(':'));
        match address {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0) => {
                Ok(Self::Tcp(format!("{host}:{port}")))
            }
            _ => Err("write tcp://127.0.0.1:3310 or unix:/run/clamav/clamd.ctl".to_owned()),
        }
    }
}

/// A variable that is set to nothing names no daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClamdSetting(pub Option<ClamdAddress>);

fn clamd(text: &str) -> Result<ClamdSetting, String> {
    match text.trim() {
        "" => Ok(ClamdSetting(None)),
        text => text.parse().map(|address| ClamdSetting(Some(address))),
    }
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Other systems take a name and a port here; such a server stands beside them and has no TLS.
fn with_scheme(text: &str) -> Result<String, String> {
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    values::public_address(&text).map_err(|error| format!("MINIO_ENDPOINT: {error}"))
}

/// Keys are in addresses: what would have to be written otherwise there is refused.
fn prefix(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    match text.chars().all(plain) && !text.starts_with('/') && text.len() <= 200 {
        true => Ok(text.to_owned()),
        false => Err("use letters, digits, and - _ . / and begin with none of the last".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        files: FilesArgs,
    }

    fn parsed(args: &[&str]) -> FilesArgs {
        Line::parse_from(["parlor"].iter().chain(args)).files
    }

    #[test]
    fn a_bucket_is_named_whole_or_not_at_all() {
        assert!(parsed(&[]).s3().unwrap().is_none());
        assert!(parsed(&["--s3-bucket", "files"]).s3().unwrap_err().starts_with("S3_ENDPOINT is missing"));
        assert!(parsed(&["--minio-access-key", "id"]).s3().is_err());
        let endpoint = ["--s3-endpoint", "https://s3.example/"];
        assert!(parsed(&endpoint).s3().unwrap_err().starts_with("S3_BUCKET is missing"));
        let most = [&endpoint[..], &["--s3-bucket", "files", "--s3-access-key-id", "id"]].concat();
        assert!(parsed(&most).s3().unwrap_err().starts_with("S3_SECRET_ACCESS_KEY is missing"));
        let all = [&most[..], &["--s3-secret-access-key", "word", "--s3-direct-uploads=off"]].concat();
        let options = parsed(&all).s3().unwrap().unwrap();
        assert_eq!((options.endpoint.as_str(), options.direct), ("https://s3.example", false));
        assert!(!format!("{options:?} {:?}", parsed(&all)).contains("word"));
    }

    #[test]
    fn other_names_serve_where_ours_are_not_given() {
        let minio = [
            "--minio-endpoint",
            "minio:9000",
            "--minio-access-key",
            "theirs",
            "--minio-secret-key",
            "word",
            "--minio-bucket-attachments",
            "messaging-attachments",
        ];
        let options = parsed(&minio).s3().unwrap().unwrap();
        assert_eq!(
            (options.endpoint.as_str(), options.bucket.as_str(), options.key.as_str(), options.direct),
            ("http://minio:9000", "messaging-attachments", "theirs", true)
        );
        let both =
            [&minio[..], &["--s3-access-key-id", "ours", "--s3-endpoint", "https://s3.example"]].concat();
        let options = parsed(&both).s3().unwrap().unwrap();
        assert_eq!((options.endpoint.as_str(), options.key.as_str()), ("https://s3.example", "ours"));
        assert!(parsed(&["--minio-endpoint", "ht tp://x"]).s3().unwrap_err().starts_with("MINIO_ENDPOINT"));
    }

    #[test]
    fn keys_stand_in_addresses_as_they_are() {
        assert!(prefix("parlor/").is_ok() && prefix("").is_ok());
        for refused in ["/parlor", "a b/", "ä", "a?b", &"x".repeat(201)] {
            assert!(prefix(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn addresses_of_the_daemon() {
        assert_eq!("tcp://[::1]:3310".parse(), Ok(ClamdAddress::Tcp("[::1]:3310".to_owned())));
        assert_eq!("unix:/run/x".parse(), Ok(ClamdAddress::Unix("/run/x".into())));
        for text in ["", "127.0.0.1:3310", "tcp://:1", "tcp://a", "tcp://a:0", "unix:x", "http://a:1"] {
            assert!(text.parse::<ClamdAddress>().is_err(), "{text}");
        }
    }
}
