//! `sentinel kube`: Kubernetes manifests around somebody's agent, for a pod with a sidecar of ours or
//! for one in an Istio mesh.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use sentinel::sidecar::istio::Istio;
use sentinel::sidecar::kube::Kube;
use sentinel::sidecar::{Document, FILTER};

use super::compose::Around;
use super::sidecar::check_record;
use super::{Context, Exit, output, page};

/// Longest name of a label's value.
const NAME_BYTES_MAX: usize = 63;

/// Print Kubernetes manifests in which a proxy is the agent's only way out
///
/// `sentinel kube --soe FILE IMAGE | kubectl apply -f -`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    around: Around,
    /// Name of everything [default: the policy's agent]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Namespace of everything [default: where it is applied]
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// For a pod in an Istio mesh, whose proxy runs the filter
    #[arg(long, requires = "filter_url")]
    istio: bool,
    /// Where Istio's proxy gets the filter: oci://, https:// or file://
    #[arg(long, value_name = "URL", requires = "istio")]
    filter_url: Option<String>,
    /// SHA-256 of the filter, in hex
    #[arg(long, value_name = "DIGEST", requires = "istio")]
    filter_sha256: Option<String>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let around = &args.around;
    let sidecar = around.wants.sidecar(&around.soe, around.daemon()?, Path::new(FILTER), context)?;
    check_record(&sidecar)?;
    let name = args.name(&sidecar.document)?;
    if let Some(namespace) = &args.namespace {
        ensure!(is_label(namespace), "`{namespace}` is no name of a namespace");
    }
    if let Some(digest) = &args.filter_sha256 {
        ensure!(is_sha256(digest), "`{digest}` is no SHA-256: write 64 digits of hex, in small letters");
    }
    let kube = Kube {
        sidecar: &sidecar,
        agent: &around.image,
        command: &around.command,
        user: around.user()?,
        image: &around.sidecar_image,
        name: &name,
        namespace: args.namespace.as_deref(),
    };
    let text = match args.filter_url.as_deref().filter(|_| args.istio) {
        None => kube.render().context("a template lost a section")?,
        Some(filter_url) => {
            ensure!(
                sidecar.daemon.as_ref().is_none_or(|daemon| daemon.key().is_some()),
                "a WasmPlugin has no secrets of its own: give --token, and let nobody read the plugin"
            );
            let istio = Istio { kube, filter_url, filter_sha256: args.filter_sha256.as_deref() };
            let left_out = istio.left_out();
            if !left_out.is_empty() {
                let hosts = left_out.join("`, `");
                page::note(&format!("warning: not in the registry, and so not reachable: `{hosts}`"));
            }
            istio.render()
        }
    };
    output::write(args.output.as_deref(), &text, context)?;
    Ok(Exit::Ok)
}

impl Args {
    fn name(&self, document: &Document) -> anyhow::Result<String> {
        let name = self.name.clone().unwrap_or_else(|| document.agent_id().to_ascii_lowercase());
        ensure!(is_label(&name), "`{name}` is no name in Kubernetes: give --name");
        Ok(name)
    }
}

fn is_sha256(digest: &str) -> bool {
    digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_label(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}
