use crate::kinlink::{command, run_in};

fn with_file(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kinlink.toml"), text).unwrap();
    folder
}

#[test]
fn a_wrong_setting_is_named_with_the_place_that_set_it() {
    let folder = with_file("[server]\nworkers = \"many\"\n");
    let said = run_in(folder.path(), &["config", "show"]).expect(3).err;
    assert!(said.contains("server.workers") && said.contains("kinlink.toml"), "{said}");

    let folder = with_file("[serve]\nlisten = \"x\"\n");
    let said = run_in(folder.path(), &["config", "show"]).expect(3).err;
    assert!(said.contains("serve") && said.contains("server"), "{said}");

    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path())
        .args(["config", "show"])
        .env("KINLINK_SERVER__WORKERS", "many")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("workers") && said.to_lowercase().contains("environment"), "{said}");
}

#[test]
fn flags_stand_over_the_environment_over_the_file() {
    let folder = with_file("[database]\nurl = \"sqlite:file.sqlite\"\n");
    let show = |args: &[&str], environment: Option<&str>| {
        let mut command = command(folder.path());
        command.args(args).args(["config", "show"]);
        if let Some(url) = environment {
            command.env("KINLINK_DATABASE__URL", url);
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(show(&[], None).contains("sqlite:file.sqlite"));
    assert!(show(&[], Some("sqlite:env.sqlite")).contains("sqlite:env.sqlite"));
    assert!(
        show(&["--database-url", "sqlite:flag.sqlite"], Some("sqlite:env.sqlite"))
            .contains("sqlite:flag.sqlite")
    );
}

#[test]
fn proxies_are_addresses_or_networks_in_the_file_and_the_environment() {
    let show = |file: &str, environment: Option<&str>| {
        let folder = with_file(file);
        let mut command = command(folder.path());
        command.args(["config", "show"]);
        if let Some(value) = environment {
            command.env("KINLINK_SERVER__TRUSTED_PROXIES", value);
        }
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let shown: String = text(output.stdout).split_whitespace().collect();
        (output.status.code(), shown, text(output.stderr))
    };
    let file = "[server]\ntrusted_proxies = [\"10.42.0.0/16\", \"2001:db8::1\"]\n";
    assert!(show(file, None).1.contains(r#"trusted_proxies=["10.42.0.0/16","2001:db8::1",]"#));
    let (code, shown, _) = show(file, Some(r#"["192.0.2.0/24", "192.0.2.7"]"#));
    assert!(shown.contains(r#"trusted_proxies=["192.0.2.0/24","192.0.2.7",]"#), "{code:?} {shown}");
    for (value, why) in [("ingress.example", "10.42.0.0/16"), ("0.0.0.0/0", "whole internet")] {
        let (code, _, said) = show("", Some(&format!(r#"["{value}"]"#)));
        assert!(code == Some(3) && said.contains(why) && said.contains("trusted_proxies"), "{said}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let folder = with_file(
        "[database]\nurl = \"postgres://me:SECRET@db.example/kinlink\"\n[mail]\npassword = \"SECRET\"\n\
         [texts]\nsecret = \"SECRET\"\nurl = \"https://sms.example/SECRET?key=SECRET\"\n\
         [[pages.logins]]\nissuer = \"https://login.example\"\nclient_id = \"k\"\nclient_secret = \"SECRET\"\n\
         label = \"x\"\n",
    );
    let shown = run_in(folder.path(), &["config", "show"]).expect(0).out;
    assert!(!shown.contains("SECRET"), "{shown}");
}

#[test]
fn check_says_what_is_wrong_and_succeeds_when_nothing_is() {
    let folder = with_file("[mail]\nhost = \"mail.example\"\nsecurity = \"none\"\n");
    let said = run_in(folder.path(), &["config", "check"]).expect(1).out;
    assert!(said.contains("WRONG   database.url") && said.contains("WRONG   mail"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), &["migrate", "up"]).expect(0);
    run_in(folder.path(), &["config", "check"]).expect(0);
}

#[test]
fn check_says_what_is_wrong_with_a_webhook() {
    let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for (texts, expected) in [
        (
            format!("url = \"https://sms.example/in\"\nsecret = \"{good}\""),
            "ok      texts: they go to sms.example",
        ),
        (
            format!("url = \"http://sms.example/in\"\nsecret = \"{good}\""),
            "WRONG   texts: the address must be https",
        ),
        ("url = \"https://sms.example/in\"".to_owned(), "WRONG   texts: `texts.secret`: a secret is whsec_"),
        (format!("url = \"nonsense\"\nsecret = \"{good}\""), "WRONG   texts: `texts.url`"),
        (
            format!("url = \"https://a.example/\"\nsecret = \"{good}\"\ntimeout_seconds = 60"),
            "WRONG   texts: the timeout",
        ),
        (
            "url = \"https://a.example/\"\nsecret_file = \"none\"".to_owned(),
            "WRONG   texts: `texts.secret_file`",
        ),
        (String::new(), "ok      texts: no text messages"),
    ] {
        let folder = with_file(&format!("[texts]\n{texts}\n"));
        run_in(folder.path(), &["migrate", "up"]).expect(0);
        let said = run_in(folder.path(), &["config", "check"]);
        assert!(said.out.contains(expected), "{texts}: {}", said.out);
        assert_eq!(said.code, i32::from(expected.starts_with("WRONG")), "{}", said.out);
    }
}

#[test]
fn the_example_file_is_the_defaults_with_an_explanation_of_each() {
    let example = include_str!("../../../../kinlink.example.toml");
    let set = |line: &'static str| line.strip_prefix("#: ").or_else(|| line.starts_with('[').then_some(line));
    let uncommented = example.lines().filter_map(set).collect::<Vec<_>>().join("\n");
    let defaults = run_in(tempfile::tempdir().unwrap().path(), &["config", "show"]).expect(0).out;
    let folder = with_file(&uncommented);
    assert_eq!(run_in(folder.path(), &["config", "show"]).expect(0).out, defaults);
    for line in defaults.lines().filter(|line| line.contains(" = ")) {
        assert!(uncommented.contains(line), "kinlink.example.toml does not explain: {line}");
    }
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), &["migrate", "up"]).expect(0);
    run_in(folder.path(), &["keys", "generate"]).expect(0);
    run_in(folder.path(), &["organization", "list"]).expect(0);
    let keys = folder.path().join("kinlink.keys.toml");
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(run_in(folder.path(), &["organization", "list"]).expect(3).err.contains("chmod 600"));
}

#[test]
fn check_says_that_nobody_can_log_in_where_no_organization_names_the_client_id() {
    let login = "[[pages.logins]]\nissuer = \"https://login.example\"\nclient_id = \"k\"\nlabel = \"x\"\n";
    let folder = with_file(login);
    let run = |args: &str| run_in(folder.path(), &args.split(' ').collect::<Vec<_>>());
    run("migrate up").expect(0);
    run("organization add northside --name N --fhir-base https://fhir.example/r4").expect(0);
    let trusts = |audiences: &str| {
        run(&format!(
            "issuer add --organization northside --iss https://login.example --accounts {audiences}"
        ))
        .expect(0)
    };
    trusts("--audience api");
    let said = run("config check").expect(1).out;
    assert!(said.contains("WRONG   pages.logins[0]: nobody can log in"), "{said}");
    trusts("--audience api --audience k");
    let said = run("config check").expect(0).out;
    assert!(
        said.contains("ok      pages.logins[0]: logins of https://login.example for k count at 1"),
        "{said}"
    );
    // Kept for one organization, it need not be an audience of anybody.
    trusts("--audience api");
    for (slug, code) in [("northside", 0), ("southside", 1)] {
        let only = format!("{login}organization = \"{slug}\"\n");
        std::fs::write(folder.path().join("kinlink.toml"), only).unwrap();
        run("config check").expect(code);
    }
}

#[test]
fn a_login_for_the_pages_is_checked_before_anything_starts() {
    let login = |issuer: &str, more: &str| {
        format!("[[pages.logins]]\nissuer = \"{issuer}\"\nclient_id = \"k\"\nlabel = \"x\"\n{more}\n")
    };
    for (text, why) in [
        (login("http://login.example", ""), "issuer"),
        (login("https://login.example", "scopes = \"email\""), "scopes"),
        (login("https://login.example", "organization = \"No Slug\""), "organization"),
        (login("https://login.example", "client_secret_file = \"nowhere\""), "client_secret_file"),
    ] {
        let said = run_in(with_file(&text).path(), &["config", "check"]).expect(1).out;
        assert!(said.contains(&format!("pages.logins[0].{why}")), "{said}");
    }
}
