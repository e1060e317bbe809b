//! Global options of programs with subcommands: a deny sees through them (SEMANTICS SH7).

/// Program, options without a value, options with one.
pub(crate) const GLOBAL_OPTIONS: &[(&str, &[&str], &[&str])] = &[
    ("aws", &["--debug", "--no-cli-pager", "--no-paginate", "--no-sign-request", "--no-verify-ssl"], &["--ca-bundle", "--color", "--endpoint-url", "--output", "--profile", "--query", "--region"]),
    ("cargo", &["--frozen", "--locked", "--offline", "-q", "--quiet", "-v", "-vv", "--verbose"], &["--color", "--config", "-C", "-Z"]),
    ("docker", &["-D", "--debug", "--tls", "--tlsverify"], &["--config", "--context", "-c", "-H", "--host", "-l", "--log-level"]),
    ("gh", &[], &["-R", "--repo"]),
    ("git", &["--bare", "--glob-pathspecs", "--icase-pathspecs", "--literal-pathspecs", "--no-lazy-fetch", "--no-optional-locks", "--no-pager", "--no-replace-objects", "--noglob-pathspecs", "-P", "-p", "--paginate"], &["-C", "-c", "--attr-source", "--config-env", "--exec-path", "--git-dir", "--namespace", "--super-prefix", "--work-tree"]),
    ("helm", &["--debug"], &["--kube-context", "--kubeconfig", "-n", "--namespace"]),
    ("kubectl", &["--insecure-skip-tls-verify", "--match-server-version", "--warnings-as-errors"], &["--as", "--as-group", "--cache-dir", "--certificate-authority", "--client-certificate", "--client-key", "--cluster", "--context", "--kubeconfig", "-n", "--namespace", "--password", "--profile", "--request-timeout", "-s", "--server", "--token", "--user", "--username", "-v"]),
    ("make", &["-B", "-i", "-k", "-s", "--silent"], &["-C", "-j", "-l"]),
    ("npm", &["-g", "--global", "--silent", "-s", "--verbose"], &["-C", "--cache", "--loglevel", "--prefix", "--registry", "-w", "--workspace"]),
    ("pip", &["-q", "-v", "--isolated", "--require-virtualenv"], &["--log", "--proxy", "--python", "--timeout"]),
    ("podman", &["--remote", "-r"], &["--connection", "-c", "--log-level", "--root", "--url"]),
    ("systemctl", &["--global", "--no-ask-password", "--no-pager", "--now", "-q", "--quiet", "--system", "--user"], &["-H", "--host", "-M", "--machine", "--root"]),
    ("terraform", &[], &["-chdir"]),
    ("yarn", &["--silent", "-s"], &["--cwd"]),
];
